/** A control plane that runs on a copy of a node's files: etcd, an API server and a controller manager. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FakeKubelet, freePort, writeManifest } from './fake-kubelet.ts';
import type { NodeFixture } from './node-folder.ts';
import { untilTrue } from './until.ts';

/** Additional flags of the components. */
export interface MoreFlags {
  readonly apiServer?: string;
  readonly etcd?: string;
  readonly manager?: string;
}

export interface FakeControlPlane {
  /** The node's /etc/kubernetes. */
  readonly folder: string;
  readonly kubelet: FakeKubelet;
}

const COMPONENTS = 3;

/** The caller closes its kubelet. */
export async function fakeControlPlane(
  fixture: NodeFixture,
  version: string,
  more: MoreFlags = {},
): Promise<FakeControlPlane> {
  const flags = (flag: string | undefined) => (flag === undefined ? [] : [flag]);
  const folder = fixture.copy();
  const pki = join(folder, 'pki');
  const [api, manager, client, metrics] = await Promise.all([1, 2, 3, 4].map(freePort));
  const pair = [
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
  ];
  writeManifest(folder, 'kube-apiserver', version, [
    ...['--advertise-address=127.0.0.1', `--secure-port=${api}`, ...pair],
    ...flags(more.apiServer),
  ]);
  writeManifest(folder, 'kube-controller-manager', version, [
    ...['--bind-address=127.0.0.1', `--secure-port=${manager}`, ...pair],
    `--kubeconfig=${folder}/controller-manager.conf`,
    ...flags(more.manager),
  ]);
  writeManifest(folder, 'etcd', '3.6.4-0', [
    ...[`--cert-file=${pki}/etcd/server.crt`, `--key-file=${pki}/etcd/server.key`],
    ...[
      `--listen-client-urls=https://127.0.0.1:${client}`,
      `--listen-metrics-urls=http://127.0.0.1:${metrics}`,
    ],
    ...flags(more.etcd),
  ]);
  const kubelet = new FakeKubelet(folder);
  await untilTrue('the components run', () => kubelet.running.length >= COMPONENTS);
  return { folder, kubelet };
}

export const manifestsIn = (folder: string) => readdirSync(join(folder, 'manifests')).sort();
