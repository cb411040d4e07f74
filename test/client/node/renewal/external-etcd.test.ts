/** A control plane whose etcd is not the cluster's own: someone else issues its certificates. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { putObject, removeObject } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';
import { ETCD, fixture, nodeWithExternalEtcd } from './external-etcd.ts';

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
