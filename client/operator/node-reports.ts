/** The reports of a cluster's nodes: what each says about itself. Its text may be hostile, and is escaped when printed. */
import type { NodeReport } from '../../lib/contract/node-report.ts';
import { listReportingNodes, readNodeReport } from '../../lib/node-reports/read-report.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { mapSideBySide } from '../side-by-side.ts';

export interface ReportOfNode {
  readonly node: string;
  /** When S3 took it; absent if the node has written none. */
  readonly writtenAt?: string;
  /** Absent if it does not exist, or cannot be read. */
  readonly report?: NodeReport;
  /** Why it does not count, or only in part. */
  readonly problem?: string;
}

/** A cluster has at most some thousand nodes; what is beyond that is not looked at. */
const MOST_REPORTS = 10_000;

/** A report whose node's clock, or whose content, is this far from the time at which S3 took it is not of that time. */
const CLOCK_MS = 60 * 60 * 1000;

/**
 * @param declared the nodes of the cluster record: those without a report are listed, too
 * @throws Fault if the bucket cannot be read; a malformed report is listed with its problem
 */
export async function readNodeReports(
  exchange: Pick<ObjectStore, 'get' | 'list'>,
  cluster: string,
  declared: readonly string[],
): Promise<ReportOfNode[]> {
  const { nodes } = await listReportingNodes(exchange, cluster, MOST_REPORTS);
  const reports = await mapSideBySide(nodes, (node) => readOne(exchange, cluster, node));
  const silent = declared
    .filter((node) => !nodes.includes(node))
    .map((node) => ({ node, problem: 'it has written no report' }));
  return [...reports, ...silent].sort((a, b) => (a.node < b.node ? -1 : 1));
}

async function readOne(
  exchange: Pick<ObjectStore, 'get'>,
  cluster: string,
  node: string,
): Promise<ReportOfNode> {
  const stored = await readNodeReport(exchange, cluster, node);
  if (!stored) return { node, problem: 'it was deleted' };
  const { report, problem, writtenAt } = stored;
  const about = { node, writtenAt: writtenAt.toISOString() };
  if (!report) return { ...about, ...(problem !== undefined && { problem }) };
  const apart = Math.abs(Date.parse(report.at) - writtenAt.getTime());
  return apart > CLOCK_MS
    ? { ...about, report, problem: `its content is of ${report.at}` }
    : { ...about, report };
}
