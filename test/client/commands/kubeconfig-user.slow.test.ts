/** `cakeless kubeconfig user` when a kubeconfig cannot be written, and with pinned CAs. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from '../../support/running-service-process.ts';
import {
  CLUSTER,
  folder,
  kept,
  open,
  SERVER,
  service,
  setRule,
  state,
  user,
} from './kubeconfig-user.ts';

it('keeps the key if the kubeconfig cannot be written to standard output', async () => {
  await setRule({ approvalRequired: false });
  const asked = ['--cluster', CLUSTER, '--server', SERVER, '--state-dir', state];
  const command = [process.execPath, '--', COMMAND, 'kubeconfig', 'user', '--client-name', 'jo'];
  const full = spawnSync('sh', ['-c', '"$@" >/dev/full', 'sh', ...command, ...asked], {
    env: { ...service.as(`user-requester:${CLUSTER}`), PATH: process.env.PATH },
    encoding: 'utf8',
  });
  expect([full.status, full.stderr]).toEqual([1, expect.stringMatching(/ENOSPC.*are kept/)]);
  const [request = ''] = kept();
  const again = await user('--client-name', 'jo', '--request', request);
  expect([again.exitCode, open(again.stdout).isPair, kept()]).toEqual([0, true, []]);
});

it('trusts only a CA pinned by hash or by file', async () => {
  await setRule({ approvalRequired: false });
  const first = await user('--client-name', 'jane');
  const hash = /sha256:[0-9a-f]{64}/.exec(first.stderr)?.[0] ?? '';
  const ca = join(folder, 'ca.crt');
  writeFileSync(ca, open(first.stdout).ca.toString());
  const good = await user(
    '--client-name',
    'jane',
    '--ca-cert-hash',
    hash.toUpperCase().replace('SHA', 'sha'),
  );
  expect(good.exitCode).toBe(0);
  expect(good.stderr).not.toContain('the CA certificate comes from the exchange bucket');
  expect((await user('--client-name', 'jane', '--certificate-authority', ca)).exitCode).toBe(0);
  const wrong = await user('--client-name', 'jane', '--ca-cert-hash', `sha256:${'0'.repeat(64)}`);
  expect(wrong).toMatchObject({ exitCode: 7, stdout: '', stderr: expect.stringContaining(hash) });
  const bad = await user('--client-name', 'jane', '--ca-cert-hash', 'sha256:xyz');
  expect(bad.exitCode).toBe(2);
});
