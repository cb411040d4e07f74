/** A worker joins with a bootstrap token alone: `kubeadm join`, and nothing of Cakeless or AWS on the machine. */
import { X509Certificate } from 'node:crypto';
import { until } from '../../support/until.ts';
import { Api, REFUSED, SIGNERS } from '../certificates-api/api.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import { commonNameOf } from '../certificates-api/common-name.ts';
import { recordsBelow } from '../certificates-api/ledger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from './cluster.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { CLUSTER, joinConfiguration } from './plan.ts';

/** Without it, kubeadm refuses cgroup v1. */
export const UNUSUAL = ['--ignore-preflight-errors=SystemVerification'];

const WAITS =
  'kubeadm join without cakeless: an unknown worker waits, and kubectl describe csr says node-unknown';
const JOINS = 'the same kubeadm join completes once the cluster record names the worker';
const RECORDED = 'its certificate is from Cakeless, with a record in the ledger';

export const JOIN_CHECKS = [WAITS, JOINS, RECORDED];

export async function joinAlone(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  pins: readonly string[],
): Promise<void> {
  const { joiner, release } = cluster;
  const hashes = pins.filter((word) => word.startsWith('sha256:'));
  const file = joiner.bring(
    'join.yaml',
    joinConfiguration(cluster.site, joiner, release, 'worker', hashes),
  );
  const api = new Api(cluster.endpoint());
  const started = Date.now();
  const joining = joiner.shell(`kubeadm join --config ${file} ${UNUSUAL.join(' ')}`, {
    timeoutMs: 600_000,
  });
  joining.catch(() => undefined); // reported below
  try {
    await check(WAITS, () => describesUnknown(cluster, api));
    await check(JOINS, async () => {
      await changeRecord(service, CLUSTER, joiner.machine.folder, (record) => ({
        ...record,
        nodes: [...(record.nodes as object[]), entryOf(joiner)],
      }));
      const named = Date.now();
      await joining;
      const seconds = (from: number) => Math.round((Date.now() - from) / 1000);
      return `${seconds(named)} s after the change, ${seconds(started)} s after its start`;
    });
    await check(RECORDED, () => recorded(cluster, service, api));
  } finally {
    api.close();
  }
}

const entryOf = ({ name, address }: KubeadmNode) => ({
  name,
  addresses: [address],
  role: 'worker',
});

async function bootstrapCsr(api: Api, node: string) {
  const all = await api.csrs({ signerName: SIGNERS.client });
  return all.filter(({ spec }) => commonNameOf(spec.request) === `system:node:${node}`).at(-1);
}

async function describesUnknown(cluster: WholeCluster, api: Api): Promise<string> {
  const csr = await until('a refused CSR', async () => {
    const seen = await bootstrapCsr(api, cluster.joiner.name);
    return seen?.metadata.annotations?.[REFUSED] === undefined ? undefined : seen;
  });
  if (csr.status.certificate) throw new Error('it was issued');
  return until('Events', async () => {
    const text = await cluster.kubectl(['describe', 'csr', csr.metadata.name]);
    const [, events = ''] = text.split(/^Events:/m);
    const line = events.split('\n').find((words) => words.includes('node-unknown'));
    if (line === undefined) throw new Error(text);
    return line.trim();
  });
}

export async function recorded(
  { joiner, site }: WholeCluster,
  service: CakelessService,
  api: Api,
): Promise<string> {
  const csr = await bootstrapCsr(api, joiner.name);
  const records = await recordsBelow(service, `${site.cluster}/csr/${csr?.metadata.uid}`);
  const pem = await joiner.shell('cat /var/lib/kubelet/pki/kubelet-client-current.pem');
  const { serialNumber, issuer } = new X509Certificate(pem);
  const serials = records.map(({ serial }) => serial.toLowerCase());
  if (serials.join() !== serialNumber.toLowerCase())
    throw new Error(`certificate ${serialNumber}, records ${JSON.stringify(records)}`);
  const files = Object.keys(joiner.files());
  const ours = files.filter((path) => path.includes('cakeless'));
  if (ours.length > 0) throw new Error(ours.join(', '));
  return `${issuer}: ${records[0]?.key}; no file of Cakeless below /etc/kubernetes`;
}
