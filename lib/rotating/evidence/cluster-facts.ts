/** What is kept of a forwarder's report about its cluster: what a gate looks at. */
import {
  type ClusterReport,
  clusterReportKey,
  clusterReportSchema,
  MAX_CLUSTER_REPORT_BYTES,
} from '../../contract/cluster-report.ts';
import type { CaName } from '../../profiles/certificate-names.ts';
import { checkDocument, orMalformed, parseDocumentObject } from '../../store/documents.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { ClusterFacts, NodeObject, Stated } from './evidence.ts';

/** undefined if no forwarder has written one. @throws Fault if the bucket cannot be read */
export async function readClusterFacts(
  exchange: Pick<ObjectStore, 'get'>,
  cluster: string,
  ca: CaName,
): Promise<Stated<ClusterFacts> | undefined> {
  const key = clusterReportKey(cluster);
  const object = await exchange.get(key, MAX_CLUSTER_REPORT_BYTES);
  if (!object) return undefined;
  const writtenAt = object.lastModified.toISOString();
  try {
    const report = checkDocument(parseDocumentObject(object, key), key, clusterReportSchema);
    const problem = problemOf(report, cluster);
    return problem === undefined
      ? { writtenAt, facts: factsOf(report, ca) }
      : { writtenAt, problem };
  } catch (error) {
    return { writtenAt, problem: orMalformed(error).message };
  }
}

const problemOf = (report: ClusterReport, cluster: string): string | undefined =>
  report.cluster === cluster ? undefined : `it is about cluster ${report.cluster}`;

function factsOf(report: ClusterReport, ca: CaName): ClusterFacts {
  const { sequence, holders, oldPods, withoutRootCa, unavailable, truncated } = report;
  const ofCa = holders.filter((holder) => holder.ca === undefined || holder.ca === ca);
  return {
    ...(sequence !== undefined && { sequence }),
    nodes: report.nodes.map(nodeObjectOf),
    holders: ofCa.map((holder) => ({
      object: holder.object,
      isToHold: holder.ca !== undefined,
      sha256: holder.sha256,
    })),
    withoutRootCa,
    oldPods: oldPods.map(({ namespace, pod, owner }) => ({ namespace, pod, owner })),
    unavailable,
    truncated,
  };
}

function nodeObjectOf(node: ClusterReport['nodes'][number]): NodeObject {
  const { name, ready, servedBy, acceptsNew, caFile, kubeconfig, restarted } = node;
  return {
    name,
    ready,
    ...(servedBy !== undefined && { servedBy }),
    ...(acceptsNew !== undefined && { acceptsNew }),
    ...(caFile !== undefined && { caFile }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(restarted !== undefined && { restarted }),
  };
}
