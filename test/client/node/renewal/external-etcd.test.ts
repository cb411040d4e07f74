/** A control plane whose etcd is not the cluster's own: someone else issues its certificates. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeFixture } from '../../../support/node-folder.ts';
import { putObject, removeObject } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const ETCD = 'trust/fleet/etcd-ca.crt';

/** As kubeadm's guide to external etcd has it. The CA of etcd is where that of kubeadm would be. */
function nodeWithExternalEtcd(): string {
  const folder = fixture.copy();
  mkdirSync(join(folder, 'manifests'));
  const flags = '--etcd-servers=https://etcd.example.com:2379';
  writeFileSync(
    join(folder, 'manifests/kube-apiserver.yaml'),
    `spec:\n  containers:\n  - command: [kube-apiserver, ${flags}]\n`,
  );
  const ca = join(folder, 'pki/etcd/ca.crt');
  const kept = readFileSync(ca);
  rmSync(join(folder, 'pki/etcd'), { recursive: true });
  mkdirSync(join(folder, 'pki/etcd'));
  writeFileSync(ca, kept);
  return folder;
}

const etcdClient = (folder: string) =>
  readFileSync(join(folder, 'pki/apiserver-etcd-client.crt'), 'utf8');

it('renew all leaves its certificates alone, and succeeds', async () => {
  const folder = nodeWithExternalEtcd();
  const before = etcdClient(folder);
  const run = await fixture.run(folder, 'renew', 'all', '--no-restart');
  // super-admin.conf waits for an approver
  expect([run.exitCode, run.stdout]).toEqual([
    4,
    expect.stringMatching(/apiserver-etcd-client: kube-apiserver uses an external etcd/),
  ]);
  expect(run.stdout).toMatch(/^apiserver +renewed/m);
  expect(etcdClient(folder)).toBe(before);
});

it('a change of trust does not need the CA that the trust domain lacks', async () => {
  const folder = nodeWithExternalEtcd();
  const published = readFileSync(join(fixture.template, 'pki/etcd/ca.crt'), 'utf8');
  await removeObject(fixture, ETCD);
  try {
    const args = ['--no-restart', '--if-expires-within', '1h', '--accept-ca-change'];
    const run = await fixture.run(folder, 'renew', 'all', ...args);
    expect([run.exitCode, run.stdout]).toEqual([
      0,
      expect.stringContaining('the CA files of this node are those that the service publishes'),
    ]);
  } finally {
    await putObject(fixture, ETCD, published);
  }
});

it('check-expiration misses none of its certificates', async () => {
  const folder = nodeWithExternalEtcd();
  const args = ['check-expiration', '--kubeconfig-dir', folder, '-o', 'json'];
  const { exitCode, stdout } = await cakeless({}, ...args);
  const { certificates, problems } = JSON.parse(stdout);
  const names = certificates.map(({ name }: { name: string }) => name);
  expect([exitCode, problems]).toEqual([0, []]);
  expect(names).not.toContain('etcd-server');
  expect(names).toContain('apiserver');
});

it('with an etcd of the node, a missing certificate of etcd is missed', async () => {
  const folder = nodeWithExternalEtcd();
  cpSync(join(folder, 'manifests/kube-apiserver.yaml'), join(folder, 'manifests/etcd.yaml'));
  const args = ['check-expiration', '--kubeconfig-dir', folder, '-o', 'json'];
  const { exitCode, stdout } = await cakeless({}, ...args);
  expect([exitCode, stdout]).toEqual([7, expect.stringContaining('etcd-server')]);
});
