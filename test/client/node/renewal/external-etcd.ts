/** A control plane whose etcd is not the cluster's own: someone else issues its certificates. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeFixture } from '../../../support/node-folder.ts';

export let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

export const ETCD = 'trust/fleet/etcd-ca.crt';

/** As kubeadm's guide to external etcd has it. The CA of etcd is where that of kubeadm would be. */
export function nodeWithExternalEtcd(): string {
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

export const etcdClient = (folder: string) =>
  readFileSync(join(folder, 'pki/apiserver-etcd-client.crt'), 'utf8');
