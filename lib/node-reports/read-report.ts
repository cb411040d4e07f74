/** Reports of nodes, as they are stored. Their text may be hostile: it is for `quote` or a terminal that escapes. */
import {
  MAX_REPORT_BYTES,
  type NodeReport,
  nodeReportKey,
  nodeReportSchema,
  nodeReportsPrefix,
  parseNodeReportKey,
} from '../contract/node-report.ts';
import { checkDocument, orMalformed, parseDocumentObject } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface StoredReport {
  /** When S3 took it. */
  readonly writtenAt: Date;
  /** Absent if it cannot be read, or is about another node. */
  readonly report?: NodeReport;
  /** Why it is absent. */
  readonly problem?: string;
}

/** undefined if the node has written none, or the bucket has deleted it. @throws Fault if the bucket cannot be read */
export async function readNodeReport(
  exchange: Pick<ObjectStore, 'get'>,
  cluster: string,
  node: string,
): Promise<StoredReport | undefined> {
  const key = nodeReportKey(cluster, node);
  const object = await exchange.get(key, MAX_REPORT_BYTES);
  if (!object) return undefined;
  const writtenAt = object.lastModified;
  try {
    const report = checkDocument(parseDocumentObject(object, key), key, nodeReportSchema);
    return report.cluster === cluster && report.node === node
      ? { writtenAt, report }
      : { writtenAt, problem: `it is about node ${report.node} of cluster ${report.cluster}` };
  } catch (error) {
    return { writtenAt, problem: orMalformed(error).message };
  }
}

export interface ReportingNodes {
  readonly nodes: readonly string[];
  /** Whether there are no others. */
  readonly complete: boolean;
}

/** The nodes of a cluster that have written a report, by name. @param most of how many objects it looks at */
export async function listReportingNodes(
  exchange: Pick<ObjectStore, 'list'>,
  cluster: string,
  most: number,
): Promise<ReportingNodes> {
  const nodes: string[] = [];
  let seen = 0;
  for await (const { key } of exchange.list(nodeReportsPrefix(cluster))) {
    if (seen === most) return { nodes, complete: false };
    seen += 1;
    const place = parseNodeReportKey(key);
    if (place?.cluster === cluster) nodes.push(place.node);
  }
  return { nodes, complete: true };
}
