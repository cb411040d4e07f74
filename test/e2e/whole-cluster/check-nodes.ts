/** What every node of the cluster can do with its certificates after kubeadm is done. */

import { until } from '../../support/until.ts';
import { SIGNERS } from '../certificates-api/api.ts';
import { USERS } from '../control-plane/live.ts';
import { mustRun } from '../harness/program.ts';
import { etcdProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import { KUBECTL_IMAGE, type WholeCluster } from './cluster.ts';
import { expirationsOn } from './expirations.ts';
import { STAGE } from './plan.ts';

export const NODE_CHECKS = [
  'every node is Ready, with the role that it joined with',
  'etcd has three members, all healthy',
  'whoami of every kubeconfig, on every node',
  "kubectl logs and exec through every control plane's kubelet",
  "kubectl exec on the worker; a pod's token is accepted",
  "the kubelets' own CSRs are issued, for clients and for servers",
  'check-expiration: externally managed, on every control plane',
];

export async function checkNodes(check: Check, cluster: WholeCluster): Promise<void> {
  await check('every node is Ready, with the role that it joined with', () =>
    until('ready nodes', () => readyNodes(cluster)),
  );
  await check('etcd has three members, all healthy', () => etcdMembers(cluster));
  await check('whoami of every kubeconfig, on every node', () => whoami(cluster));
  await check("kubectl logs and exec through every control plane's kubelet", () =>
    logsAndExec(cluster),
  );
  await check("kubectl exec on the worker; a pod's token is accepted", () => useWorker(cluster));
  await check("the kubelets' own CSRs are issued, for clients and for servers", () =>
    until('a CSR of each kubelet', () => kubeletCsrs(cluster)),
  );
  await check('check-expiration: externally managed, on every control plane', async () => {
    const rows = [];
    for (const node of cluster.controlPlanes) rows.push((await expirationsOn(node)).size);
    for (const node of cluster.nodes) await node.cakeless(['check-expiration']);
    return `${rows.join(' + ')} rows; cakeless check-expiration reports no problem on any node`;
  });
}

async function readyNodes(cluster: WholeCluster): Promise<string> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '-o', 'json']));
  const seen = new Map<string, string>();
  for (const { metadata, status } of items) {
    const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
    if (ready?.status !== 'True') throw new Error(`${metadata.name}: ${ready?.message}`);
    const isControlPlane = 'node-role.kubernetes.io/control-plane' in metadata.labels;
    seen.set(metadata.name, isControlPlane ? 'control-plane' : 'worker');
  }
  for (const node of cluster.everyNode) {
    const { name } = node;
    const wanted = cluster.controlPlanes.includes(node) ? 'control-plane' : 'worker';
    if (seen.get(name) !== wanted) throw new Error(`${name} is ${seen.get(name)}`);
  }
  return [...seen].map(([name, role]) => `${name}: ${role}`).join(', ');
}

async function etcdMembers(cluster: WholeCluster): Promise<string> {
  const pki = cluster.first.file('pki/etcd');
  const endpoints = cluster.controlPlanes.map(({ address }) => `https://${address}:2379`).join(',');
  const etcdctl = [
    etcdProgram('etcdctl'),
    ...[`--endpoints=${endpoints}`, `--cacert=${pki}/ca.crt`],
    ...[`--cert=${pki}/healthcheck-client.crt`, `--key=${pki}/healthcheck-client.key`],
  ];
  const { members } = JSON.parse(await mustRun([...etcdctl, 'member', 'list', '-w', 'json']));
  const names = members.map(({ name, isLearner }: { name: string; isLearner?: boolean }) =>
    isLearner ? `${name} (learner)` : name,
  );
  const wanted = cluster.controlPlanes.map(({ name }) => name);
  if ([...names].sort().join() !== wanted.join()) throw new Error(names.join(', '));
  await mustRun([...etcdctl, 'endpoint', 'health']);
  return names.join(', ');
}

/** Runs on the node, because kubelet.conf may name files of the kubelet. */
async function whoami(cluster: WholeCluster): Promise<string> {
  let count = 0;
  for (const node of cluster.nodes)
    for (const file of kubeconfigsOf(cluster, node.name)) {
      const output = await node.shell(
        `kubectl --kubeconfig=/etc/kubernetes/${file} auth whoami -o json`,
      );
      const { username, groups } = JSON.parse(output).status.userInfo;
      const own = groups.filter((group: string) => group !== 'system:authenticated').join();
      const wanted = USERS[file]?.replace('{node}', node.name);
      if (`${username} ${own}` !== wanted)
        throw new Error(`${node.name}, ${file}: ${username} ${own}`);
      count += 1;
    }
  return `${count} kubeconfigs on ${cluster.nodes.length} nodes`;
}

/** super-admin.conf exists on the first control plane only. */
function kubeconfigsOf({ first, worker }: WholeCluster, name: string): string[] {
  if (name === worker.name) return ['kubelet.conf'];
  return Object.keys(USERS).filter((file) => name === first.name || file !== 'super-admin.conf');
}

/** Uses the apiserver-kubelet-client of each API server. */
export async function logsAndExec(cluster: WholeCluster): Promise<string> {
  const version = `Kubernetes v${cluster.release}`;
  for (const through of cluster.controlPlanes)
    for (const { name } of cluster.controlPlanes) {
      const at = [`--server=https://${through.address}:6443`, '-n', 'kube-system'];
      const lines = await cluster.kubectl([...at, 'logs', `etcd-${name}`, '--tail=1']);
      if (!lines.includes('"level"')) throw new Error(`logs of etcd-${name}: ${lines}`);
      const exec = ['exec', `kube-scheduler-${name}`, '--', 'kube-scheduler', '--version'];
      const output = (await cluster.kubectl([...at, ...exec])).trim();
      if (output !== version) throw new Error(output);
    }
  return `from each API server to each kubelet; ${version}`;
}

/**
 * A pod on the worker calls the API server with its service account's token (signed with the sa.key that was copied from
 * node to node) and the CA that the controller manager gave it.
 */
async function useWorker(cluster: WholeCluster): Promise<string> {
  const input = JSON.stringify(podOn(cluster.worker.name));
  await until('the default service account', () =>
    cluster.kubectl(['-n', 'default', 'get', 'serviceaccount', 'default']),
  );
  await cluster.kubectl(['apply', '-f', '-'], { input });
  const whoami = ['kubectl', 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
  const user = await until('the pod', () =>
    cluster.kubectl(['-n', 'default', 'exec', 'caller', '--', ...whoami]),
  );
  if (user !== 'system:serviceaccount:default:default') throw new Error(user);
  return user;
}

/** Without kube-proxy the service `kubernetes` is not reachable, so the pod gets another address. */
export const podOn = (nodeName: string, name = 'caller') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    nodeName,
    hostNetwork: true,
    containers: [
      {
        name,
        image: KUBECTL_IMAGE,
        imagePullPolicy: 'Never',
        args: ['proxy'],
        env: [
          { name: 'KUBERNETES_SERVICE_HOST', value: STAGE.endpoint.address },
          { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
        ],
      },
    ],
  },
});

/** A kubelet requests its next client certificate, and a serving certificate. Forwarders carry both to the service. */
async function kubeletCsrs(cluster: WholeCluster): Promise<string> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'csr', '-o', 'json']));
  const issued = new Map<string, Set<string>>();
  for (const { metadata, spec, status } of items) {
    const types = status.conditions?.map(({ type }: { type: string }) => type).join() ?? 'pending';
    if (types !== 'Approved' || !status.certificate)
      throw new Error(`${metadata.name} of ${spec.username}: ${types}, not issued`);
    const users = issued.get(spec.signerName) ?? new Set();
    issued.set(spec.signerName, users.add(spec.username));
  }
  const counts = [];
  for (const signer of [SIGNERS.client, SIGNERS.serving]) {
    const users = issued.get(signer) ?? new Set();
    // the client certificate of a worker that joined with a token is another one's request
    const asked = signer === SIGNERS.client ? cluster.nodes : cluster.everyNode;
    const without = asked.filter(({ name }) => !users.has(`system:node:${name}`));
    if (without.length > 0)
      throw new Error(`${signer}: none of ${without.map(({ name }) => name).join(', ')}`);
    counts.push(`${users.size} users with ${signer}`);
  }
  return `${items.length} CSRs: ${counts.join(', ')}`;
}
