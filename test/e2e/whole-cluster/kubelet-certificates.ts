/** What kubelets' certificates are worth in the whole cluster, and what someone who took over a worker does not get. */
import { Hopeless, until } from '../../support/until.ts';
import { Api, CSRS, type Csr, conditionsOf, REFUSED, SIGNERS } from '../certificates-api/api.ts';
import { createCsr } from '../certificates-api/make-csr.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import { podOn } from './check-nodes.ts';
import type { WholeCluster } from './cluster.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { TOKEN } from './plan.ts';

const SERVICE_ADDRESS = '10.96.0.1';
const CURRENT = '/var/lib/kubelet/pki/kubelet-client-current.pem';

const SCRAPED = "metrics-server's TLS connection to every kubelet, verified with kubelet-ca";
const EXECUTED = 'kubectl exec and logs on the worker that joined alone';
const STOLEN_ADDRESS =
  "root on a worker puts the API server's address into its Node: no certificate for it";
const STOLEN_NAME = 'root on a worker asks as another node: the API server refuses';
const STOLEN_TOKEN =
  'a stolen bootstrap token asks as a control plane: approved by Kubernetes, refused by Cakeless';
const AWAY = 'forwarders were away: CSRs of the meantime are issued';
const OWN = "a control plane's CSR waits for the forwarder of that control plane";

export const KUBELET_CHECKS = [
  SCRAPED,
  EXECUTED,
  STOLEN_ADDRESS,
  STOLEN_NAME,
  STOLEN_TOKEN,
  AWAY,
  OWN,
];

export async function checkKubelets(
  check: Check,
  cluster: WholeCluster,
  _service: CakelessService,
): Promise<void> {
  const api = new Api(cluster.endpoint());
  try {
    await check(SCRAPED, () => scrapeAll(cluster));
    await check(EXECUTED, () => execOn(cluster, cluster.joiner));
    await check(STOLEN_ADDRESS, () => stolenAddress(cluster, api));
    await check(STOLEN_NAME, () => stolenName(cluster));
    await check(STOLEN_TOKEN, () => stolenToken(cluster, api));
    await forwardersAway(check, cluster, api);
  } finally {
    api.close();
  }
}

/** As the kubelets' port answers to metrics-server: TLS first, then 401 or 403, because the client has no token. */
export async function scrapeAll(cluster: WholeCluster): Promise<string> {
  const program = kubernetesProgram(cluster.release, 'certificates-client');
  const authority = ['-kubelet-certificate-authority', cluster.first.file('pki/kubelet-ca.crt')];
  const at = cluster.everyNode.map(({ address }) => `${address}:10250`);
  const output = await mustRun([program, 'scrape', ...authority, ...at]);
  const subjects = output
    .trim()
    .split('\n')
    .map((line): string => JSON.parse(line).subject);
  for (const [i, { name }] of cluster.everyNode.entries())
    if (!subjects[i]?.includes(`system:node:${name}`)) throw new Error(output);
  return subjects.join(', ');
}

async function execOn(cluster: WholeCluster, { name: nodeName }: KubeadmNode): Promise<string> {
  const name = 'alone';
  const input = JSON.stringify(podOn(nodeName, name));
  await cluster.kubectl(['apply', '-f', '-'], { input });
  const version = ['-n', 'default', 'exec', name, '--', 'kubectl', 'version', '--client'];
  const said = await until('the pod', () => cluster.kubectl(version));
  await until('its log', async () => {
    const lines = await cluster.kubectl(['-n', 'default', 'logs', name]);
    if (!lines.includes('Starting to serve')) throw new Error(lines);
    return true;
  });
  return said.split('\n')[0] ?? '';
}

/** The API as a kubelet sees it. */
async function apiOf(cluster: WholeCluster, node: KubeadmNode): Promise<Api> {
  const pem = await currentClient(node);
  return new Api({ ...cluster.anonymous(), certificate: pem, key: pem });
}

async function stolenAddress(cluster: WholeCluster, admin: Api): Promise<string> {
  const { joiner } = cluster;
  const api = await apiOf(cluster, joiner);
  try {
    const path = `/api/v1/nodes/${joiner.name}`;
    const addresses = [
      { type: 'Hostname', address: joiner.name },
      { type: 'InternalIP', address: joiner.address },
      { type: 'InternalIP', address: SERVICE_ADDRESS },
    ];
    await until('the Node with the address', async () => {
      const node = await api.ask<{ status: object }>('GET', path);
      await api.ask('PUT', `${path}/status`, { ...node, status: { ...node.status, addresses } });
      return true;
    });
    // one that its kubelet creates later supersedes it
    const { name, words } = await until('a refused CSR', async () => {
      const { csr } = await createCsr(api, joiner.machine.folder, {
        signer: 'serving',
        subject: `/O=system:nodes/CN=system:node:${joiner.name}`,
        names: [`DNS:${joiner.name}`, `IP:${joiner.address}`, `IP:${SERVICE_ADDRESS}`],
      });
      const { name } = csr.metadata;
      return { name, words: await refusal(admin, name, 60_000) };
    });
    const now = await admin.csr(name);
    if (conditionsOf(now) !== 'Pending') throw new Error(conditionsOf(now));
    return words;
  } finally {
    api.close();
  }
}

/** The CSRs of the same requester and signer, as a reason for a wait. */
async function othersOf(api: Api, { signerName, username }: Csr['spec']): Promise<string> {
  const all = await api.csrs({ signerName, username });
  return all.map((csr) => `${csr.metadata.name}: ${conditionsOf(csr)}`).join(', ');
}

async function refusal(api: Api, name: string, limitMs?: number): Promise<string> {
  return until(
    `the reason for ${name}`,
    async () => {
      const { metadata, spec, status } = await api.csr(name);
      if (status.certificate) throw new Hopeless('it was issued');
      const reason = metadata.annotations?.[REFUSED];
      if (reason === undefined) throw new Error(await othersOf(api, spec));
      return reason;
    },
    limitMs,
  );
}

async function stolenName(cluster: WholeCluster): Promise<string> {
  const { joiner, worker } = cluster;
  const api = await apiOf(cluster, joiner);
  const subject = `/O=system:nodes/CN=system:node:${worker.name}`;
  const names = [`DNS:${worker.name}`, `IP:${worker.address}`];
  try {
    const plan = { signer: 'serving', subject, names } as const;
    await createCsr(api, joiner.machine.folder, plan);
  } catch (error) {
    const { message } = error as Error;
    const [, status] = / 403 (\{.*\})$/s.exec(message.trim()) ?? [];
    if (status === undefined) throw error;
    return JSON.parse(status).message;
  } finally {
    api.close();
  }
  throw new Error('it was created');
}

async function stolenToken(cluster: WholeCluster, admin: Api): Promise<string> {
  const api = new Api({ ...cluster.anonymous(), token: TOKEN });
  const subject = `/O=system:nodes/CN=system:node:${cluster.first.name}`;
  const { csr } = await createCsr(api, cluster.joiner.machine.folder, {
    signer: 'client',
    subject,
  });
  api.close();
  const words = await refusal(admin, csr.metadata.name);
  const now = await admin.csr(csr.metadata.name);
  if (conditionsOf(now) !== 'Approved') throw new Error(conditionsOf(now));
  const events = await admin.events(csr.metadata.uid);
  if (!events.some(({ reason }) => reason === 'CertificateRefused'))
    throw new Error(JSON.stringify(events));
  await admin.ask('DELETE', `${CSRS}/${csr.metadata.name}`);
  return words;
}

/** A kubelet without a serving certificate asks for one when it starts. */
async function askAgain(node: KubeadmNode): Promise<void> {
  await node.shell('rm -f /var/lib/kubelet/pki/kubelet-server-*');
  await node.kubelet.restart();
}

async function forwardersAway(check: Check, cluster: WholeCluster, api: Api): Promise<void> {
  const [first, ...others] = cluster.controlPlanes;
  const [second] = others;
  if (!first || !second) throw new Error('fewer than two control planes');
  const asked = Date.now();
  const pendingOf = (node: KubeadmNode) =>
    until(`a CSR of ${node.name}`, async () => {
      const username = `system:node:${node.name}`;
      const all = await api.csrs({ signerName: SIGNERS.serving, username });
      const last: Csr | undefined = all.at(-1);
      if (!last || Date.parse(last.metadata.creationTimestamp) < asked - 1000) return undefined;
      return last.metadata.name;
    });
  for (const node of cluster.controlPlanes) await node.stopForwarder();
  let names: string[] = [];
  try {
    await askAgain(cluster.worker);
    await askAgain(first);
    names = [await pendingOf(cluster.worker), await pendingOf(first)];
  } finally {
    second.startForwarder();
  }
  await check(AWAY, async () => {
    await api.issued(names[0] ?? '', 180_000);
    return `${names[0]}, by the forwarder of ${second.name}`;
  });
  await check(OWN, async () => {
    const before = await api.csr(names[1] ?? '');
    if (before.status.certificate) throw new Error('another forwarder served it');
    for (const node of cluster.controlPlanes.filter((other) => other !== second))
      node.startForwarder();
    await api.issued(names[1] ?? '', 180_000);
    return `${names[1]}, by the forwarder of ${first.name}`;
  });
}

/** PEM of certificate and key. The file is a link to another file of the machine. */
export const currentClient = (node: KubeadmNode): Promise<string> => node.shell(`cat ${CURRENT}`);
