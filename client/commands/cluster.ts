import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import type { Buckets } from '../buckets.ts';
import { CommandError } from '../errors.ts';
import { parseNodeOption } from '../operator/cluster-record.ts';
import { type ClusterSummary, listClusters } from '../operator/list-clusters.ts';
import { type RecordSource, recordFromFile, recordFromKubeadm } from '../operator/record-source.ts';
import { readRecord } from '../read-record.ts';
import type { Column, Line } from '../table.ts';
import { type OutputFormat, printLines, printResult, type Terminal } from '../terminal.ts';
import { applyRecordFiles } from './apply-record-files.ts';
import { changeRecord, type DocumentFormat, printDocument } from './change-record.ts';
import { failIfUnreadable } from './unreadable.ts';

export interface ApplyOptions {
  kubeadmConfig?: string;
  filename?: string;
  recursive?: true;
  trustDomain?: string;
  kubernetesVersion?: string;
  node?: string[];
  worker?: string[];
  duringRotation?: string[];
  dryRun?: true;
  output: DocumentFormat;
}

export async function applyFiles(
  buckets: Buckets,
  terminal: Terminal,
  options: ApplyOptions,
): Promise<void> {
  const { filename } = options;
  if (filename === undefined)
    throw new CommandError(
      'usage',
      'specify the cluster, or record files with -f PATH',
      'with --kubeadm-config FILE, the name of the cluster is required',
    );
  rejectKubeadmOptions(options);
  await applyRecordFiles(buckets, terminal, filename, options);
}

/** A record file contains everything. */
function rejectKubeadmOptions(options: ApplyOptions): void {
  const { kubeadmConfig, node, worker, trustDomain, kubernetesVersion } = options;
  if (kubeadmConfig ?? node ?? worker ?? trustDomain ?? kubernetesVersion)
    throw new CommandError('usage', 'with -f, specify everything in the record file');
}

export async function applyCluster(
  buckets: Buckets,
  terminal: Terminal,
  cluster: string,
  options: ApplyOptions,
): Promise<void> {
  const warn = (line: string) => terminal.progress(line);
  const source = sourceOf(cluster, options, warn);
  await changeRecord(await buckets.authority(), terminal, cluster, source, options);
}

export async function showCluster(
  buckets: Buckets,
  terminal: Terminal,
  cluster: string,
  output: DocumentFormat | 'wide',
): Promise<void> {
  const record = await readRecord(await buckets.authority(), cluster);
  if (output === 'text' || output === 'wide') printLines(terminal, output, describe(record));
  else printDocument(terminal, output, record);
}

export async function printClusters(
  buckets: Buckets,
  terminal: Terminal,
  output: OutputFormat,
): Promise<void> {
  const { items, unreadable } = await listClusters(await buckets.authority());
  printResult(terminal, output, items, () => describeAll(items));
  failIfUnreadable(
    unreadable,
    'replace each with cakeless cluster apply NAME -f RECORD; a cluster without a readable record gets no certificates, and until all records of a trust domain can be read, no kubelet of it gets a serving certificate',
  );
}

function sourceOf(
  cluster: string,
  options: ApplyOptions,
  warn: (line: string) => void,
): RecordSource {
  const {
    filename,
    kubeadmConfig,
    trustDomain,
    kubernetesVersion,
    node = [],
    worker = [],
  } = options;
  if ((filename === undefined) === (kubeadmConfig === undefined))
    throw new CommandError('usage', 'specify either --kubeadm-config FILE or -f RECORD');
  if (filename !== undefined) {
    rejectKubeadmOptions(options);
    if (options.recursive)
      throw new CommandError('usage', '--recursive is for a folder; leave out the cluster');
    return recordFromFile(cluster, filename);
  }
  if (kubeadmConfig === undefined || trustDomain === undefined)
    throw new CommandError('usage', '--kubeadm-config also needs --trust-domain NAME');
  const nodes = [
    ...node.map((text) => parseNodeOption(text, 'control-plane')),
    ...worker.map((text) => parseNodeOption(text, 'worker')),
  ];
  const declared = { cluster, trustDomain, kubernetesVersion, nodes };
  return recordFromKubeadm(kubeadmConfig, declared, warn);
}

function describe(record: ClusterRecordDocument): Line[] {
  const { nodes, cluster, trustDomain, kubernetesVersion, controlPlaneEndpoint } = record;
  return [
    `cluster ${cluster}, trust domain ${trustDomain}, Kubernetes ${kubernetesVersion}, endpoint ${controlPlaneEndpoint ?? 'none'}`,
    ...describeCsrSigning(record),
    {
      columns: ['NODE', 'ROLE', { title: 'ADDRESSES', cut: 'end' }],
      rows: nodes.map((node) => [node.name, node.role, node.addresses.join(', ')]),
    },
  ];
}

/** `csrSigning: kubeletClient (control-plane, worker), kubeAPIServerClient` */
function describeCsrSigning({ csrSigning }: ClusterRecordDocument): string[] {
  if (!csrSigning) return [];
  const { kubeletClient, kubeletServing, kubeAPIServerClient } = csrSigning;
  const signers = [
    ...(kubeletClient ? [`kubeletClient (${rolesOf(kubeletClient)})`] : []),
    ...(kubeletServing ? [`kubeletServing (${rolesOf(kubeletServing)})`] : []),
    ...(kubeAPIServerClient ? ['kubeAPIServerClient'] : []),
  ];
  return [`csrSigning: ${signers.join(', ') || 'no signer'}`];
}

const rolesOf = ({
  roles = ['control-plane', 'worker'],
}: {
  readonly roles?: string[] | undefined;
}) => roles.join(', ');

function describeAll(clusters: readonly ClusterSummary[]): Line[] {
  if (clusters.length === 0)
    return [
      'no clusters; cakeless cluster apply NAME --kubeadm-config FILE --trust-domain NAME writes a record',
    ];
  const rows = clusters.map((cluster) => [
    cluster.cluster,
    cluster.trustDomain,
    cluster.kubernetesVersion,
    String(cluster.controlPlanes),
    String(cluster.workers),
    String(cluster.nodeRules),
    cluster.endpoint ?? 'none',
  ]);
  return [{ columns: CLUSTER_COLUMNS, rows }];
}

const CLUSTER_COLUMNS: readonly Column[] = [
  'CLUSTER',
  'TRUST DOMAIN',
  'VERSION',
  { title: 'CONTROL PLANES', drop: 4 },
  { title: 'WORKERS', drop: 3 },
  { title: 'NODE RULES', drop: 1 },
  { title: 'ENDPOINT', cut: 'end', drop: 2 },
];
