/** A running control plane with certificates from Cakeless: each certificate is used for its purpose. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines, mustRun } from '../harness/program.ts';
import type { Check, Report } from '../harness/report.ts';
import { AGGREGATED_PATH, startAggregatedApi } from './aggregated-api.ts';
import { approvedNeverIssued, withDeletedKey } from './certificates-api.ts';
import { ControlPlane, clusterName } from './cluster.ts';
import { gatewayCommand } from './etcd-gateway.ts';
import { Forger } from './forger.ts';
import { LOG_LINE, registerNode, startKubelet } from './kubelet.ts';
import { keepsOldClient } from './kubelet-client.ts';
import type { ControlPlanePlan } from './node-configuration.ts';

export const LIVE = 'control plane';

export const LIVE_CHECKS = [
  'three nodes have their certificates',
  'etcd: three members, client and peer TLS',
  'kube-apiserver: /readyz on each node',
  'kube-controller-manager and kube-scheduler elect leaders',
  'whoami of every kubeconfig',
  "admin.conf is authorized by kubeadm's binding",
  'a write can be read at every API server',
  'controllers work: a service account and its token',
  'kubelet.conf registers its own node and no other',
  'front-proxy-client reaches an aggregated API',
  'apiserver-kubelet-client reaches a kubelet',
  'apiserver-kubelet-client is not reloaded while a connection is open',
  'etcd: its HTTP gateway, which uses the server certificate as a client',
  'kube-controller-manager with the path of a deleted CA key does not start',
  'certificates API: approved, never issued',
  'no CA key is on any node',
];

/** Starts a control plane, checks it, passes it on while it runs, and stops it. */
export async function runLive(
  report: Report,
  service: CakelessService,
  folder: string,
  plan: ControlPlanePlan,
  whileItRuns: (plane: ControlPlane) => Promise<void>,
): Promise<void> {
  const where = join(folder, clusterName(plan));
  const plane = await ControlPlane.make(plan, where);
  try {
    let runs = false;
    await report.row(LIVE, [plan.release], LIVE_CHECKS, async (check) => {
      await bringUp(check, report, plane, service);
      await lookAt(check, plane, service);
      runs = true;
    });
    if (runs) await whileItRuns(plane);
  } finally {
    await plane.stop();
    rmSync(where, { recursive: true });
  }
}

async function bringUp(
  check: Check,
  report: Report,
  plane: ControlPlane,
  service: CakelessService,
): Promise<void> {
  const step = (name: string, body: () => Promise<string | undefined>) => {
    report.say(`${LIVE} ${plane.plan.release}: ${name} ...`);
    return check(name, body);
  };
  await step('three nodes have their certificates', async () => {
    const count = await plane.prepare(service);
    return `cakeless prepare: ${count} certificates; ${plane.plan.kind} keys, ${plane.plan.caKeySpec} CAs`;
  });
  await step('etcd: three members, client and peer TLS', () => plane.startEtcd());
  await step('kube-apiserver: /readyz on each node', () => plane.startApiServers());
  await step('kube-controller-manager and kube-scheduler elect leaders', async () => {
    plane.startControllers();
    const leaders: string[] = [];
    for (const name of ['kube-controller-manager', 'kube-scheduler'])
      leaders.push(await until(`a leader of ${name}`, () => leaderOf(plane, name)));
    return leaders.join(', ');
  });
}

async function leaderOf(plane: ControlPlane, name: string): Promise<string | undefined> {
  const lease = [
    '-n',
    'kube-system',
    'get',
    'lease',
    name,
    '-o',
    'jsonpath={.spec.holderIdentity}',
  ];
  const holder = await plane.kubectl('super-admin.conf', lease);
  return holder === '' ? undefined : `${name}: ${holder.replace(/_.*/, '')}`;
}

async function lookAt(check: Check, plane: ControlPlane, service: CakelessService): Promise<void> {
  await check('whoami of every kubeconfig', () => whoami(plane));
  await check("admin.conf is authorized by kubeadm's binding", () => bindAdmins(plane));
  await check('a write can be read at every API server', () => writeAndRead(plane));
  await check('controllers work: a service account and its token', () => useToken(plane));
  await check('kubelet.conf registers its own node and no other', async () => {
    const registered = await registerNode(plane);
    const other = { apiVersion: 'v1', kind: 'Node', metadata: { name: plane.nodes[1]?.name } };
    const input = JSON.stringify(other);
    const ran = await plane.tryKubectl('kubelet.conf', ['create', '-f', '-'], { input });
    if (ran.exitCode === 0) throw new Error('it created a Node for another node');
    return `${registered}; another: ${lastLines(ran)}`;
  });
  await check('front-proxy-client reaches an aggregated API', () => askAggregated(plane));
  await check('apiserver-kubelet-client reaches a kubelet', () => readLogs(plane));
  await check('apiserver-kubelet-client is not reloaded while a connection is open', () =>
    keepsOldClient(plane, new Forger(service.dataDir, join(plane.first.folder, 'forged-live'))),
  );
  await check('etcd: its HTTP gateway, which uses the server certificate as a client', () =>
    askGateway(plane),
  );
  await check('kube-controller-manager with the path of a deleted CA key does not start', () =>
    withDeletedKey(plane),
  );
  await check('certificates API: approved, never issued', () => approvedNeverIssued(plane));
  await check('no CA key is on any node', async () => {
    const keys = plane.nodes.flatMap(({ root }) => root.caKeys());
    if (keys.length > 0) throw new Error(keys.join(', '));
    return `none on ${plane.nodes.length} nodes`;
  });
}

/** User and groups by name of the kubeconfig (docs/certificate-specification.md). */
export const USERS: Record<string, string> = {
  'admin.conf': 'kubernetes-admin kubeadm:cluster-admins',
  'super-admin.conf': 'kubernetes-super-admin system:masters',
  'controller-manager.conf': 'system:kube-controller-manager ',
  'scheduler.conf': 'system:kube-scheduler ',
  'kubelet.conf': 'system:node:{node} system:nodes',
};

async function whoami(plane: ControlPlane): Promise<string> {
  const seen: string[] = [];
  for (const [kubeconfig, wanted] of Object.entries(USERS)) {
    const answer = JSON.parse(await plane.kubectl(kubeconfig, ['auth', 'whoami', '-o', 'json']));
    const { username, groups } = answer.status.userInfo;
    const own = groups.filter((group: string) => group !== 'system:authenticated');
    const got = `${username} ${own.join(',')}`;
    if (got !== wanted.replace('{node}', plane.first.name))
      throw new Error(`${kubeconfig}: ${got}`);
    seen.push(got.trim());
  }
  return seen.join('; ');
}

/** Since 1.29, admin.conf is not authorized for anything until super-admin.conf binds its group, as kubeadm init does. */
async function bindAdmins(plane: ControlPlane): Promise<string> {
  const create = ['-n', 'default', 'create', 'configmap', 'written', '--from-literal=by=admin'];
  const before = await plane.tryKubectl('admin.conf', create);
  if (before.exitCode === 0) throw new Error('it was authorized without the binding');
  const binding = ['create', 'clusterrolebinding', 'kubeadm:cluster-admins'];
  const role = ['--clusterrole=cluster-admin', '--group=kubeadm:cluster-admins'];
  await plane.kubectl('super-admin.conf', [...binding, ...role]);
  await until('admin.conf may write', () => plane.kubectl('admin.conf', create));
  return `before: ${lastLines(before)}`;
}

async function writeAndRead(plane: ControlPlane): Promise<string> {
  for (const node of plane.nodes) {
    const at = ['-n', 'default', 'get', 'configmap', 'written', '-o', 'jsonpath={.data.by}'];
    const value = await plane.kubectlAt(node, ...at);
    if (value !== 'admin') throw new Error(`${node.name}: ${value}`);
  }
  return plane.etcdctl('get', '/registry/configmaps/default/written', '--keys-only');
}

async function useToken(plane: ControlPlane): Promise<string> {
  const get = ['-n', 'default', 'get', 'serviceaccount', 'default', '-o', 'name'];
  await until('the default service account', () => plane.kubectl('admin.conf', get));
  const token = await plane.kubectl('admin.conf', ['-n', 'default', 'create', 'token', 'default']);
  const ca = `--certificate-authority=${plane.first.file('pki/ca.crt')}`;
  const server = `--server=https://${plane.first.address}:6443`;
  const whoami = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
  return plane.kubectl('/dev/null', [server, ca, `--token=${token.trim()}`, ...whoami]);
}

async function askAggregated(plane: ControlPlane): Promise<string> {
  const server = await startAggregatedApi(plane, plane.first.file('pki/front-proxy-ca.crt'));
  try {
    const answer = await until('the aggregated API', async () =>
      JSON.parse(await plane.kubectlAt(plane.first, 'get', '--raw', AGGREGATED_PATH)),
    );
    const { caller, user } = answer;
    if (caller !== 'front-proxy-client' || user !== 'kubernetes-super-admin')
      throw new Error(JSON.stringify(answer));
    return `${caller} on behalf of ${user}`;
  } finally {
    await server.close();
  }
}

/**
 * Without an organization in the certificate (kubernetes#138957), the user has no rights until kubeadm binds it to a role,
 * as `init` and `upgrade apply` do.
 */
async function readLogs(plane: ControlPlane): Promise<string> {
  const kubelet = await startKubelet(plane);
  try {
    await plane.apply(podOn(plane.first.name));
    const logs = ['-n', 'default', 'logs', 'proof'];
    const before = await plane.tryKubectl('super-admin.conf', logs);
    const [caller] = kubelet.callers;
    const groups = caller?.groups.join(',') ?? '';
    if ((groups === '') === (before.exitCode === 0))
      throw new Error(`groups ${groups}: ${lastLines(before)}`);
    if (groups === '') {
      await plane.kubectl('super-admin.conf', KUBELET_BINDING);
      await until('logs with the binding', () => plane.kubectl('super-admin.conf', logs));
    }
    const lines = await plane.kubectl('super-admin.conf', logs);
    if (lines.trim() !== LOG_LINE) throw new Error(lines);
    const without = groups === '' ? `; without the binding: ${lastLines(before)}` : '';
    return `logs for ${caller?.user} ${groups || 'without O'}${without}`;
  } finally {
    await kubelet.close();
  }
}

const KUBELET_BINDING = [
  'create',
  'clusterrolebinding',
  'kubeadm:apiserver-kubelet-client',
  '--clusterrole=system:kubelet-api-admin',
  '--user=kube-apiserver-kubelet-client',
];

const podOn = (nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'proof', namespace: 'default' },
  spec: { nodeName, containers: [{ name: 'proof', image: 'proof.example.com/none' }] },
});

async function askGateway(plane: ControlPlane): Promise<string> {
  const { address } = plane.first;
  const answer = JSON.parse(await mustRun(gatewayCommand(address, plane.first.file('pki/etcd'))));
  return `etcd ${answer.version} by HTTP`;
}
