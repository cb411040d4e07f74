/** Whether running programs use the certificates on disk: what servers serve, and what clients present. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';
import { AGGREGATED_PATH, startAggregatedApi } from './aggregated-api.ts';
import { CREDENTIAL_ID, credentialsOf } from './audit.ts';
import type { ControlPlane } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { ComponentName } from './component.ts';
import { startKubelet } from './kubelet.ts';
import { servedFingerprint } from './served.ts';

const PORTS: [number, string][] = [
  [6443, 'pki/apiserver.crt'],
  [2379, 'pki/etcd/server.crt'],
  [2380, 'pki/etcd/peer.crt'],
];

/** Connects to the servers of each node. */
export async function checkServed({ nodes }: ControlPlane): Promise<string> {
  for (const node of nodes)
    for (const [port, path] of PORTS) {
      const served = await servedFingerprint(node.address, port);
      if (served !== certificateAt(node, path).fingerprint256)
        throw new Error(`${node.name}: port ${port} does not serve ${path}`);
    }
  return `ports ${PORTS.map(([port]) => port).join(', ')} of ${nodes.length} nodes`;
}

/** Files that are read only at the start: the program has to be younger than the file. */
const READ_AT_START: [ComponentName, string][] = [
  ['etcd', 'pki/etcd/peer.crt'],
  ['kube-apiserver', 'pki/apiserver-etcd-client.crt'],
  ['kube-apiserver', 'pki/apiserver-kubelet-client.crt'],
  ['kube-controller-manager', 'controller-manager.conf'],
  ['kube-scheduler', 'scheduler.conf'],
];

export function checkStarts({ nodes }: ControlPlane): string {
  for (const node of nodes)
    for (const [name, path] of READ_AT_START) {
      const written = statSync(node.file(path)).mtime;
      if (node.component(name).startedAt < written)
        throw new Error(`${node.name}: ${name} was started before ${path} was written`);
    }
  return `${READ_AT_START.length * nodes.length} programs are younger than their files`;
}

/** What servers see of their clients: a kubelet's port, an aggregated API, the API servers' audit logs and whoami. */
export async function checkClients(plane: ControlPlane): Promise<string> {
  return [await callKubelet(plane), await callAggregated(plane), await controllers(plane)].join(
    '; ',
  );
}

async function callKubelet(plane: ControlPlane): Promise<string> {
  const kubelet = await startKubelet(plane);
  try {
    for (const node of plane.nodes) {
      await plane.kubectlAt(node, '-n', 'default', 'logs', 'proof');
      const wanted = certificateAt(node, 'pki/apiserver-kubelet-client.crt').serialNumber;
      if (kubelet.callers.at(-1)?.serialNumber !== wanted)
        throw new Error(`the API server of ${node.name} called a kubelet with another certificate`);
    }
  } finally {
    await kubelet.close();
  }
  return 'a kubelet sees the new apiserver-kubelet-client';
}

async function callAggregated(plane: ControlPlane): Promise<string> {
  const server = await startAggregatedApi(plane, plane.first.file('pki/front-proxy-ca.crt'));
  try {
    for (const node of plane.nodes) {
      const wanted = certificateAt(node, 'pki/front-proxy-client.crt').serialNumber;
      await until(`the new front-proxy-client of ${node.name}`, async () => {
        const answer = JSON.parse(await plane.kubectlAt(node, 'get', '--raw', AGGREGATED_PATH));
        return answer.serialNumber === wanted ? true : undefined;
      });
    }
  } finally {
    await server.close();
  }
  return 'an aggregated API sees the new front-proxy-client';
}

/** The running controllers, then every kubeconfig of each node. */
async function controllers(plane: ControlPlane): Promise<string> {
  for (const node of plane.nodes) {
    for (const name of ['controller-manager', 'scheduler']) {
      const wanted = credentialOf(node, `${name}.conf`);
      await until(`${name} of ${node.name} with its new certificate`, async () =>
        credentialsOf(`system:kube-${name}`, plane.nodes).has(wanted) ? true : undefined,
      );
    }
    for (const path of node.root.files().filter((file) => /^[\w-]+\.conf$/.test(file))) {
      const whoami = await plane.kubectl(node.file(path), ['auth', 'whoami', '-o', 'json']);
      const [seen] = JSON.parse(whoami).status.userInfo.extra[CREDENTIAL_ID];
      if (seen !== credentialOf(node, path)) throw new Error(`${node.name} ${path}: ${seen}`);
    }
  }
  return "API servers see the controllers' and those of every kubeconfig";
}

/** As the API server writes it (apiserver pkg/authentication/request/x509). */
function credentialOf(node: ClusterNode, path: string): string {
  const { certificate } = readKubeconfigPair(node.file(path));
  const { fingerprint256 } = new X509Certificate(certificate);
  return `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`;
}

const certificateAt = (node: ClusterNode, path: string) =>
  new X509Certificate(readFileSync(node.file(path)));
