/** The reports of a cluster's nodes: what each says about itself. Its text may be hostile, and is escaped when printed. */
import {
  MAX_REPORT_BYTES,
  type NodeReport,
  nodeReportKey,
  nodeReportSchema,
  nodeReportsPrefix,
  parseNodeReportKey,
} from '../../lib/contract/node-report.ts';
import { Fault } from '../../lib/fault.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ListedObject, ObjectStore } from '../../lib/store/object-store.ts';
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
  const listed: (ListedObject & { node: string })[] = [];
  for await (const object of exchange.list(nodeReportsPrefix(cluster))) {
    const place = parseNodeReportKey(object.key);
    if (place?.cluster === cluster) listed.push({ ...object, node: place.node });
    if (listed.length >= MOST_REPORTS) break;
  }
  const reports = await mapSideBySide(listed, (object) => readOne(exchange, cluster, object));
  const silent = declared
    .filter((node) => !listed.some((one) => one.node === node))
    .map((node) => ({ node, problem: 'it has written no report' }));
  return [...reports, ...silent].sort((a, b) => (a.node < b.node ? -1 : 1));
}

async function readOne(
  exchange: Pick<ObjectStore, 'get'>,
  cluster: string,
  { node, lastModified }: { readonly node: string; readonly lastModified: Date },
): Promise<ReportOfNode> {
  const about = { node, writtenAt: lastModified.toISOString() };
  try {
    const key = nodeReportKey(cluster, node);
    const report = await readDocument(exchange, key, nodeReportSchema, MAX_REPORT_BYTES);
    if (!report) return { ...about, problem: 'it was deleted' };
    if (report.cluster !== cluster || report.node !== node)
      return { ...about, problem: `it is about node ${report.node} of cluster ${report.cluster}` };
    const apart = Math.abs(Date.parse(report.at) - lastModified.getTime());
    return apart > CLOCK_MS
      ? { ...about, report, problem: `its content is of ${report.at}` }
      : { ...about, report };
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'document-malformed') throw error;
    return { ...about, problem: error.message };
  }
}
