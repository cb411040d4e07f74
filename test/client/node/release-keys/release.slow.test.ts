/** Keys leave a node while components are unhealthy, leases are lost and files are replaced. */
import { copyFileSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { previewRelease, releaseKeys } from '../../../../client/node/release-keys/release.ts';
import { signingFlagsIn } from '../../../../client/node/restart/signing-flags.ts';
import { CA_KEYS, makeRecipient, openSealed } from '../../../support/adopted-node.ts';
import {
  asBefore,
  backups,
  emptied,
  failure,
  isReleased,
  keysLeft,
  kubeletHangsAfterOneRestart,
  losing,
  node,
  onlyHealthyWithKeys,
  original,
  out,
  PLAIN,
  release,
  root,
  sealing,
  signs,
  undo,
} from './release.ts';

it('an upgrade between two runs is not taken back with the flags', async () => {
  node.proofs = [{ state: 'signed-by-another' }, { state: 'not-served', why: 'x' }];
  await release();
  node.writeManifest(emptied().replace('v1.35.4', 'v1.36.0'));
  expect((await failure(release())).code).toBe('rolled-back');
  expect(node.manifest).toBe(original().replace('v1.35.4', 'v1.36.0'));
});

it('an upgrade that brings the flags back is released again', async () => {
  node.proofs = [{ state: 'signed-by-another' }];
  await release();
  const upgraded = original().replace('v1.35.4', 'v1.36.0');
  node.writeManifest(upgraded);
  node.kubelet.look();
  expect(await release()).toMatchObject({ state: 'released' });
  expect(node.manifest).toBe(emptied().replace('v1.35.4', 'v1.36.0'));
  await undo(...backups());
  expect(node.manifest).toBe(upgraded);
});

it('a controller manager that is unhealthy without keys gets its manifest back, and the keys stay', async () => {
  node.kubelet.isHealthy = onlyHealthyWithKeys;
  const error = await failure(release(sealing()));
  expect([error.code, error.message]).toEqual([
    'rolled-back',
    expect.stringMatching(/did not become healthy: .*; the manifest is restored, .* runs with it/),
  ]);
  asBefore();
  expect(existsSync(out('keys.cms'))).toBe(false);
});

it('a controller manager that does not stop keeps its manifest', async () => {
  const { look } = node.kubelet;
  node.kubelet.look = () => {};
  const error = await failure(release());
  expect(error.message).toContain('does not stop within 30 seconds');
  expect([node.manifest, keysLeft()]).toEqual([original(), [...CA_KEYS]]);
  node.kubelet.look = look;
});

it('a manifest that cannot be restored is not said to be, and --undo restores it', async () => {
  const { look } = node.kubelet;
  node.kubelet.isHealthy = onlyHealthyWithKeys;
  kubeletHangsAfterOneRestart();
  const error = await failure(release());
  expect([error.code, error.message]).toEqual([
    'failure',
    expect.stringMatching(/could not be restored either \(.*does not stop .*no key was removed/),
  ]);
  expect([node.manifest, keysLeft()]).toEqual([emptied(), [...CA_KEYS]]);
  node.kubelet.look = look;
  expect(await undo()).toMatchObject({ state: 'undone' });
  asBefore();
});

it('a lease that is lost later does not stop the manifest from coming back', async () => {
  node.kubelet.isHealthy = onlyHealthyWithKeys;
  expect((await failure(releaseKeys(losing(2), PLAIN))).code).toBe('rolled-back');
  asBefore();
});

it('keys that someone removed by hand leave flags that stop kube-controller-manager: they are emptied', async () => {
  for (const path of CA_KEYS) rmSync(node.at(path));
  node.kubelet.isHealthy = (words) => [...signingFlagsIn(words).values()].every((v) => v === '');
  expect(await release()).toMatchObject({ state: 'released', keys: [] });
  isReleased();
});

describe('sealing', () => {
  it('openssl cms opens what was sealed, and the keys are those that were removed', async () => {
    const keys = CA_KEYS.map((path) => node.text(path));
    const report = await release(sealing());
    expect(report.sealed).toEqual({
      file: out('keys.cms'),
      recipient: expect.stringContaining('CN=offline'),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const opened = openSealed(out('keys.cms'), join(root, 'recipient.key'));
    for (const key of keys) expect(opened).toContain(key);
    expect(opened).toContain('# etcd-ca of cluster prod, from cp-1 at ');
    expect(statSync(out('keys.cms')).mode & 0o777).toBe(0o600);
    expect(readFileSync(out('keys.cms'), 'latin1')).not.toContain('PRIVATE KEY');
    isReleased();
  });

  it('the same command again has nothing to do, although its file exists', async () => {
    await release(sealing());
    expect(await release(sealing())).toMatchObject({ state: 'nothing' });
    const preview = await previewRelease(node.deps(), sealing());
    expect(preview).toMatchObject({ state: 'nothing', refusals: [] });
  });
});

describe('--undo', () => {
  it('refuses if a CA was replaced since', async () => {
    await release();
    const made = join(root, 'new-ca');
    makeRecipient(made);
    copyFileSync(`${made}.crt`, node.at('pki/ca.crt'));
    const error = await failure(undo(...backups()));
    expect(error.message).toMatch(/its key belongs to no CA certificate of this node/);
    isReleased();
  });

  it('an unhealthy controller manager gets the empty flags back, and the keys go again', async () => {
    await release();
    node.kubelet.isHealthy = () => !signs();
    const error = await failure(undo(...backups()));
    expect([error.code, error.message]).toEqual([
      'rolled-back',
      expect.stringContaining('did not become healthy with the old flags'),
    ]);
    isReleased();
  });

  it('keys stay as long as the manifest names them', async () => {
    await release();
    node.kubelet.isHealthy = () => !signs();
    kubeletHangsAfterOneRestart();
    const error = await failure(undo(...backups()));
    expect([error.code, error.message]).toEqual([
      'failure',
      expect.stringMatching(/could not be restored either \(.*does not stop .*the keys stay/),
    ]);
    expect([node.manifest, keysLeft()]).toEqual([original(), [...CA_KEYS]]);
  });
});
