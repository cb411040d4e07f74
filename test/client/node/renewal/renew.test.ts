/** `cakeless renew` on a node's files, with the whole service, but without restarts. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { certificateInPlace } from '../../../support/certificates-in-place.ts';
import { describeNode } from '../../../support/describe-node.ts';
import { CLUSTER } from '../../../support/node-folder.ts';
import { clockAhead, renewalDeps, renewalOptions } from '../../../support/renewal.ts';
import { untilTrue } from '../../../support/until.ts';
import { fixture, renewed } from './renew.ts';

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
