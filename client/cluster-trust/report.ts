/** Writes `reports/<cluster>/cluster.json`. Several forwarders do; a fresh report from another one is not replaced. */
import {
  type ClusterReport,
  clusterReportKey,
  clusterReportSchema,
  MAX_CLUSTER_REPORT_BYTES,
} from '../../lib/contract/cluster-report.ts';
import { JSON_TYPE } from '../../lib/store/documents.ts';
import type { BucketObject, ObjectStore } from '../../lib/store/object-store.ts';
import { VERSION } from '../version.ts';
import { textOfClusterReport } from './bounded-report.ts';
import type { Inspection } from './inspect.ts';

export interface ReportOptions {
  readonly cluster: string;
  readonly now: () => Date;
  /** A younger report is left, unless it is of an older `sequence`. */
  readonly freshMs: number;
  /** Of rotation.json. */
  readonly sequence: number | undefined;
}

export type ReportStore = Pick<ObjectStore, 'get' | 'create' | 'replace'>;

/** @returns whether this forwarder has written it */
export async function writeClusterReport(
  exchange: ReportStore,
  { cluster, now, freshMs, sequence }: ReportOptions,
  inspect: (before: ClusterReport | undefined) => Promise<Inspection>,
): Promise<boolean> {
  const key = clusterReportKey(cluster);
  const object = await exchange.get(key, MAX_CLUSTER_REPORT_BYTES);
  const before = object && reportIn(object);
  const isNewer = (before?.sequence ?? 0) >= (sequence ?? 0);
  if (object && before && object.ageMs < freshMs && isNewer) return false;
  const inspection = await inspect(before);
  const by = `cakeless ${VERSION}`;
  const text = textOfClusterReport({
    ...{ cluster, at: now().toISOString(), by },
    ...(sequence !== undefined && { sequence }),
    ...inspection,
  });
  const written = object
    ? await exchange.replace(key, text, JSON_TYPE, object.eTag)
    : await exchange.create(key, text, JSON_TYPE);
  // otherwise another forwarder was faster
  return written === 'created' || written === 'replaced';
}

/** @returns undefined if it is no report: then it is replaced */
function reportIn({ body, tooLarge, unreadable }: BucketObject): ClusterReport | undefined {
  if (tooLarge || unreadable !== undefined) return undefined;
  try {
    return clusterReportSchema.safeParse(JSON.parse(Buffer.from(body).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
