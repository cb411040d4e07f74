/** Less common renewals of a node: copies, workers, missing CA files and untrusted CAs. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { CLUSTER } from '../../../support/node-folder.ts';
import { fixture, renewed } from './renew.ts';

it('a wrong --kubelet-dir is a warning, because the certificate that the kubelet uses is not renewed', async () => {
  const folder = fixture.copy();
  const kubelet = join(folder, 'kubelet');
  writeKubeletStore(join(kubelet, 'pki'), readKubeletConf(folder).pem);
  const run = await fixture.run(
    folder,
    ...['renew', 'all', '--no-restart', '--if-expires-within', '1d', '--kubelet-dir', kubelet],
  );
  expect([run.exitCode, run.stdout]).toEqual([
    0,
    expect.stringContaining(`warning: ${kubelet}: the kubelet's certificate is not in this folder`),
  ]);
});

it('--also updates copies that hold a replaced certificate', async () => {
  const folder = fixture.copy();
  const copy = join(folder, 'copy-of-admin');
  const other = join(folder, 'another-copy');
  writeFileSync(copy, readFileSync(join(folder, 'admin.conf')));
  writeFileSync(other, readFileSync(join(folder, 'scheduler.conf')));
  const before = readFileSync(other, 'utf8');
  const run = await fixture.run(
    folder,
    'renew',
    'admin.conf',
    '--no-restart',
    '--also',
    copy,
    '--also',
    other,
  );
  expect(run.exitCode).toBe(0);
  expect(readFileSync(copy)).toEqual(readFileSync(join(folder, 'admin.conf')));
  expect(readFileSync(other, 'utf8')).toBe(before);
  expect(run.stdout).toContain('left unchanged');
});

it('a worker lists missing certificates on one line; a missing certificate that was named is an error', async () => {
  const folder = fixture.copy();
  for (const name of fixture.names.filter((one) => one !== 'kubelet.conf')) {
    const where = placeOf(name, { kubeconfigDir: folder, certDir: join(folder, 'pki') });
    rmSync(where.kind === 'pair' ? where.certificateFile : where.file);
    if (where.kind === 'pair') rmSync(where.keyFile);
  }
  const oneLine = expect.stringMatching(/^(skipped: )?not on this node: apiserver, .*etcd-server/m);
  for (const more of [['--dry-run'], []]) {
    const run = await fixture.run(folder, 'renew', 'all', '--no-restart', ...more);
    expect([run.exitCode, run.stdout]).toEqual([0, oneLine]);
    expect(run.stdout).not.toContain('does not exist');
  }
  const named = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect([named.exitCode, named.stdout]).toEqual([
    2,
    expect.stringMatching(
      /apiserver\.crt does not exist; cakeless prepare creates missing certificates/,
    ),
  ]);
});

it('if a CA file is missing, no certificate of that CA is requested', async () => {
  const folder = fixture.copy();
  rmSync(join(folder, 'pki/etcd/ca.crt'));
  const run = (...more: string[]) =>
    fixture.run(folder, 'renew', 'etcd-peer', 'apiserver', '--no-restart', ...more);
  const missing = expect.stringMatching(/etcd-peer: .*pki\/etcd\/ca.crt is missing/);
  const dry = await run('--dry-run');
  expect([dry.exitCode, dry.stdout]).toEqual([2, missing]);
  const real = await run('--request', 'no-ca');
  expect([real.exitCode, real.stdout, renewed(folder)]).toEqual([2, missing, ['apiserver']]);
  const asked = await fixture.keys(`requests/${CLUSTER}/${fixture.node}/no-ca/`);
  expect(asked.map((key) => key.replace(/.*\//, ''))).toEqual(['apiserver.csr']);
  const hash = formatCaCertHash(
    'etcd-ca',
    readFileSync(join(fixture.template, 'pki/etcd/ca.crt'), 'utf8'),
  );
  const accepted = await run('--accept-ca-change', '--ca-cert-hash', hash);
  expect([accepted.exitCode, renewed(folder)]).toEqual([0, ['apiserver', 'etcd-peer']]);
});

it('certificates of untrusted CAs are not installed, and the difference is shown', async () => {
  const folder = fixture.copy();
  const foreign = readFileSync(join(folder, 'pki/front-proxy-ca.crt'), 'utf8');
  writeFileSync(join(folder, 'pki/ca.crt'), foreign);
  const dry = await fixture.run(folder, 'renew', 'apiserver', '--dry-run');
  expect([dry.exitCode, dry.stdout]).toEqual([
    0,
    expect.stringMatching(
      /CA: \S+ca\.crt would get CN=kubernetes[\s\S]*^CA: certificates of a CA that these files lack would not be installed/m,
    ),
  ]);
  const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect(run.exitCode).toBe(7);
  expect(run.stdout).toContain('no CA of the trust bundle signed it');
  expect(run.stdout).toMatch(/pki\/ca.crt would get CN=kubernetes/);
  expect(run.stdout).toMatch(/pki\/ca.crt would lose CN=front-proxy-ca/);
  expect(renewed(folder)).toEqual([]);
  const hash = formatCaCertHash('ca', readFileSync(join(fixture.template, 'pki/ca.crt'), 'utf8'));
  const accepted = await fixture.run(
    folder,
    ...['renew', 'apiserver', '--no-restart', '--accept-ca-change', '--ca-cert-hash', hash],
  );
  expect([accepted.exitCode, accepted.stdout]).toEqual([
    0,
    expect.stringMatching(/pki\/ca.crt got CN=kubernetes[\s\S]*pki\/ca.crt lost CN=front-proxy-ca/),
  ]);
  expect(accepted.stdout).not.toContain('would');
  expect(renewed(folder)).toEqual(['apiserver']);
  const ca = new X509Certificate(readFileSync(join(folder, 'pki/ca.crt')));
  expect(certificateInPlace(folder, 'apiserver').leaf.verify(ca.publicKey)).toBe(true);
});
