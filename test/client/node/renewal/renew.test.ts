/** `cakeless renew` on a node's files, with the whole service, but without restarts. */
import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { certificateInPlace, namesThatDiffer } from '../../../support/certificates-in-place.ts';
import { describeNode } from '../../../support/describe-node.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { clockAhead, renewalDeps, renewalOptions } from '../../../support/renewal.ts';
import { untilTrue } from '../../../support/until.ts';

let fixture: NodeFixture;

beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const renewed = (folder: string) => namesThatDiffer(folder, fixture.template);

it('renew all renews every certificate except the one that waits for an approver, and changes nothing else', async () => {
  const folder = fixture.copy();
  const run = await fixture.run(
    folder,
    'renew',
    'all',
    '--no-restart',
    '--request',
    'whole',
    '-o',
    'json',
  );
  expect(run.stderr).not.toMatch(/cakeless:/);
  expect(run.exitCode).toBe(4);
  expect(renewed(folder)).toEqual(KUBEADM_NAMES.filter((name) => name !== 'super-admin.conf'));
  expect(describeNode(folder)).toEqual(describeNode(fixture.template));
  expect(statSync(join(folder, 'cakeless')).mode & 0o777).toBe(0o700);
});

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

it('eleven certificates take 27 calls if all exist when the node first looks', async () => {
  const names = KUBEADM_NAMES.filter((name) => name !== 'super-admin.conf');
  const exchange = fixture.exchange();
  const calls = { create: 0, list: 0, get: 0 };
  const counted = Object.assign(Object.create(exchange) as typeof exchange, {
    create: (...args: Parameters<typeof exchange.create>) => {
      calls.create += 1;
      return exchange.create(...args);
    },
    list: (...args: Parameters<typeof exchange.list>) => {
      calls.list += 1;
      return exchange.list(...args);
    },
    get: (...args: Parameters<typeof exchange.get>) => {
      calls.get += 1;
      return exchange.get(...args);
    },
  });
  const outcomes = async () =>
    (await fixture.keys(`certificates/${CLUSTER}/${fixture.node}/`)).length;
  const all = (await outcomes()) + names.length;
  const sleep = () => untilTrue('all outcomes', async () => (await outcomes()) === all);
  const deps = renewalDeps(fixture, fixture.copy(), {
    clock: { ...clockAhead(0), sleep },
    exchange: async () => counted,
  });
  const report = await renew(deps, renewalOptions(fixture, names));
  expect(report.certificates.map(({ outcome }) => outcome)).toEqual(names.map(() => 'renewed'));
  expect(calls).toEqual({ create: 11, list: 1, get: 11 + 4 });
});

it('the next run resumes a pending request', async () => {
  const folder = fixture.copy();
  const args = ['renew', 'super-admin.conf', '--no-restart'];
  const first = await fixture.run(folder, ...args, '--request', 'waits');
  expect(first).toMatchObject({
    exitCode: 4,
    stdout: expect.stringContaining('waiting for an approver'),
  });
  const key = `${CLUSTER}/${fixture.node}/waits/super-admin.conf.csr`;
  expect(first.stdout).toContain(`ask an approver to run: cakeless approve ${key}`);
  expect(first.stderr).toContain('uploaded super-admin.conf');
  const whileWaiting = await fixture.run(folder, ...args);
  expect(whileWaiting).toMatchObject({ exitCode: 4, stdout: first.stdout });
  expect(whileWaiting.stderr).not.toContain('uploaded'); // a timer runs it every day
  await fixture.approve('waits');
  const second = await fixture.run(
    folder,
    'renew',
    'all',
    '--if-expires-within',
    '1h',
    '--wait',
    '30s',
    '--no-restart',
  );
  expect([second.exitCode, second.stderr]).toEqual([
    0,
    expect.stringContaining('installing super-admin.conf'),
  ]);
  expect(renewed(folder)).toEqual(['super-admin.conf']);
  expect(readdirSync(join(folder, 'cakeless', 'requests'))).toEqual([]);
});

it('rollback restores every file', async () => {
  const folder = fixture.copy();
  await fixture.run(folder, 'renew', 'apiserver', 'etcd-peer', 'admin.conf', '--no-restart');
  expect(renewed(folder)).toEqual(['apiserver', 'etcd-peer', 'admin.conf']);
  const dry = await fixture.run(folder, 'rollback', '--no-restart', '--dry-run');
  expect(dry.stdout).toContain(join(folder, 'pki/etcd/peer.key'));
  expect(dry.stdout).toMatch(
    /^would restore the files that installation .* replaced: apiserver, etcd-peer/,
  );
  expect(dry.stdout).toContain('(dry run: nothing was changed');
  expect(renewed(folder)).toHaveLength(3);
  const run = await fixture.run(folder, 'rollback', '--no-restart');
  expect([run.exitCode, run.stdout]).toEqual([
    0,
    expect.stringMatching(/^restored the files that inst/),
  ]);
  expect(run.stdout).not.toMatch(/dry run|another cakeless rollback/);
  for (const path of ['pki/apiserver.crt', 'pki/apiserver.key', 'pki/etcd/peer.key', 'admin.conf'])
    expect(readFileSync(join(folder, path))).toEqual(readFileSync(join(fixture.template, path)));
  expect(describeNode(folder)).toEqual(describeNode(fixture.template));
  expect(await fixture.run(folder, 'rollback', '--no-restart')).toMatchObject({ exitCode: 2 });
});

it('--dry-run uploads nothing and changes nothing', async () => {
  const folder = fixture.copy();
  const before = await fixture.keys();
  const run = await fixture.run(folder, 'renew', 'all', '--dry-run');
  expect(run.stdout).toMatch(/kube-apiserver.*DNS:kubernetes/);
  // there are no static pods
  expect(run.stdout).toMatch(/^etcd does not run on this node/m);
  expect(run.stdout).toMatch(
    /^would restart: nothing: no component .* uses the files in .*, which is not \/etc\/kubernetes$/m,
  );
  mkdirSync(join(folder, 'manifests'));
  writeFileSync(join(folder, 'manifests/etcd.yaml'), 'spec: { containers: [{ command: [etcd] }] }');
  const json = await fixture.run(folder, 'renew', 'etcd-peer', '--dry-run', '-o', 'json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    dryRun: true,
    cluster: CLUSTER,
    node: fixture.node,
    certificates: [
      {
        outcome: 'would-renew',
        notAfter: new Date(certificateInPlace(folder, 'etcd-peer').leaf.validTo).toISOString(),
        names: expect.arrayContaining(['DNS:localhost']),
      },
    ],
    restarts: [{ component: 'etcd', state: 'would-restart' }],
  });
  expect(await fixture.keys()).toEqual(before);
  expect(existsSync(join(folder, 'cakeless'))).toBe(false);
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

it.each([['csr'], ['renew']])(
  '%s --dry-run exits with 2 if a file cannot be parsed, with one line about it',
  async (command) => {
    const folder = fixture.copy();
    writeFileSync(join(folder, 'admin.conf'), 'users: [');
    const run = await fixture.run(folder, command, 'all', '--dry-run');
    const said = (run.stdout + run.stderr)
      .split('\n')
      .filter((line) => line.includes('admin.conf'));
    expect([run.exitCode, said.slice(-1)]).toEqual([
      2,
      [expect.stringMatching(/^skipped: admin\.conf: .*not YAML: .* at line 1, column 9$/)],
    ]);
  },
);

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
