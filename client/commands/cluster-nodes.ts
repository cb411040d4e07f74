/** `cakeless cluster nodes`: what the nodes of a cluster report about themselves. */
import type { Buckets } from '../buckets.ts';
import { type ReportOfNode, readNodeReports } from '../operator/node-reports.ts';
import { readRecord } from '../read-record.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';

export async function printNodes(
  buckets: Buckets,
  terminal: Terminal,
  cluster: string,
  output: OutputFormat,
): Promise<void> {
  const record = await readRecord(await buckets.authority(), cluster);
  const declared = record.nodes.map(({ name }) => name);
  const nodes = await readNodeReports(await buckets.exchange(), cluster, declared);
  printResult(terminal, output, nodes, () => describeNodes(nodes));
}

/** How a report is written, for the nodes without one. */
const SILENT = [
  'a report is missing: on that node, run cakeless check-expiration with cluster, node and exchangeBucket in /etc/kubernetes/cakeless.yaml and the AWS credentials of the node; cakeless install-timer keeps the report up to date',
  'nodes without the command or without AWS credentials, such as workers whose kubelets use the forwarder, write none',
];

export function describeNodes(nodes: readonly ReportOfNode[]): Line[] {
  return [
    {
      columns: [
        'NODE',
        'REPORTED',
        'FIRST EXPIRY',
        'CA KEYS',
        'SIGNS',
        { title: 'LAST RENEWAL', drop: 2 },
        { title: 'CAKELESS', drop: 1 },
      ],
      rows: nodes.map(({ node, writtenAt = 'never', report }) => [
        node,
        writtenAt,
        report?.certificates.map(({ notAfter }) => notAfter).sort()[0] ?? '',
        report ? String(report.caKeys.length) : '',
        report ? (report.signing?.signs === true ? 'yes' : 'no') : '',
        report?.renewal ? `${report.renewal.at} (exit code ${report.renewal.exitCode})` : '',
        report?.versions.cakeless ?? '',
      ]),
    },
    ...nodes.flatMap(({ node, problem }) => (problem === undefined ? [] : [`${node}: ${problem}`])),
    ...nodes.flatMap(({ node, report }) => [
      ...(report?.caKeys ?? []).map((file) => `${node}: ${file} is the private key of a CA`),
      ...(report?.signing?.signs
        ? [`${node}: its kube-controller-manager signs certificates`]
        : []),
    ]),
    ...(nodes.some(({ writtenAt }) => writtenAt === undefined) ? SILENT : []),
  ];
}
