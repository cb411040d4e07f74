/** Which certificates are used after a renewal: what servers serve, and what clients present. */
import type { X509Certificate } from 'node:crypto';
import { until } from '../../support/until.ts';
import { credentialsIn } from '../control-plane/audit.ts';
import { servedFingerprint } from '../control-plane/served.ts';
import { certificateOn, credentialId } from './certificates.ts';
import type { WholeCluster } from './cluster.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { AUDIT } from './plan.ts';

/** Port and certificate of servers. */
const SERVED = new Map([
  [6443, 'pki/apiserver.crt'],
  [2379, 'pki/etcd/server.crt'],
  [2380, 'pki/etcd/peer.crt'],
]);

/** Kubeconfig and user of clients that an API server logs. */
const CLIENTS = new Map([
  ['controller-manager.conf', 'system:kube-controller-manager'],
  ['scheduler.conf', 'system:kube-scheduler'],
]);

/** By path below /etc/kubernetes. */
export type Certificates = ReadonlyMap<string, X509Certificate>;

export async function takeCertificates(node: KubeadmNode): Promise<Certificates> {
  const isControlPlane = 'pki/apiserver.crt' in node.files();
  const names = isControlPlane ? [...SERVED.values(), ...CLIENTS.keys()] : [];
  const certificates = new Map<string, X509Certificate>();
  for (const name of [...names, 'kubelet.conf'])
    certificates.set(name, await certificateOn(node, name));
  return certificates;
}

/** @param before in the order of the cluster's nodes */
export async function checkServed(
  { controlPlanes }: WholeCluster,
  before: readonly Certificates[],
): Promise<string> {
  for (const [i, node] of controlPlanes.entries())
    for (const [port, name] of SERVED) {
      const { fingerprint256 } = await newCertificate(node, name, before[i]);
      const served = await servedFingerprint(node.address, port);
      if (served !== fingerprint256)
        throw new Error(`${node.name}:${port} serves ${served}, not ${fingerprint256}`);
    }
  return `${controlPlanes.length * SERVED.size} servers`;
}

/** Whether each client has used its new certificate at an API server. */
export async function checkClients(
  { nodes, controlPlanes }: WholeCluster,
  before: readonly Certificates[],
): Promise<string> {
  const logs = controlPlanes.map(({ machine }) => machine.ownFile(AUDIT.log));
  let count = 0;
  for (const [i, node] of nodes.entries()) {
    const users = new Map([...CLIENTS, ['kubelet.conf', `system:node:${node.name}`]]);
    for (const name of before[i]?.keys() ?? []) {
      const user = users.get(name);
      if (user === undefined) continue;
      const [old, now] = [before[i]?.get(name), await newCertificate(node, name, before[i])];
      if (!old || !credentialsIn(user, logs).has(credentialId(old)))
        throw new Error(`${user} of ${node.name} never used the old certificate`);
      await until(
        `${user} of ${node.name} with the new certificate`,
        async () => credentialsIn(user, logs).get(credentialId(now)),
        60_000,
      );
      count += 1;
    }
  }
  return `${count} clients in the API servers' audit logs`;
}

async function newCertificate(
  node: KubeadmNode,
  name: string,
  before?: Certificates,
): Promise<X509Certificate> {
  const now = await certificateOn(node, name);
  if (now.serialNumber === before?.get(name)?.serialNumber)
    throw new Error(`${node.name}: ${name} was not renewed`);
  return now;
}
