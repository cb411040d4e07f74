/**
 * Reads the evidence: cluster records, the ledger, the reports of forwarders, and those of nodes. Each object is read once,
 * so 1,000 clusters of five nodes cost 7,000 reads and a few listings.
 */
import { findNode } from '../../cluster/find-node.ts';
import { listClusterRecords } from '../../cluster/list-records.ts';
import type { ClusterRecord } from '../../cluster/record.ts';
import { isNodeName, RESERVED_NODE_NAMES } from '../../contract/request-kinds.ts';
import type { TrustDomainDocument } from '../../contract/trust-domain.ts';
import { Fault } from '../../fault.ts';
import type { CaName } from '../../profiles/certificate-names.ts';
import type { Service } from '../../service.ts';
import { readClusterFacts } from './cluster-facts.ts';
import { concurrently } from './concurrently.ts';
import type { ClusterEvidence, ClusterFacts, Evidence, NodeEvidence, Stated } from './evidence.ts';
import { readNodeFacts } from './node-facts.ts';
import { type LedgerOfCluster, readLedger } from './read-ledger.ts';

/** Only control planes have these CAs. */
export const CAS_OF_CONTROL_PLANES: readonly CaName[] = ['etcd-ca', 'front-proxy-ca'];

/** No object of the Kubernetes API holds it, and no kubelet serves a certificate of it. */
export const CAS_OUTSIDE_API: readonly CaName[] = ['etcd-ca'];

/** @throws Fault if a bucket cannot be read */
export async function collectEvidence(
  { authority, exchange, now }: Pick<Service, 'authority' | 'exchange' | 'now'>,
  document: TrustDomainDocument,
  ca: CaName,
): Promise<Evidence> {
  const { trustDomain } = document;
  const [records, ledger] = await Promise.all([
    listClusterRecords(authority),
    readLedger(authority, document, ca, now()),
  ]);
  const own = [...records.values()]
    .flatMap((record) =>
      record instanceof Fault || record.trustDomain !== trustDomain ? [] : record,
    )
    .sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const reports = await concurrently(own, async ({ cluster }) =>
    CAS_OUTSIDE_API.includes(ca) ? undefined : readClusterFacts(exchange, cluster, ca),
  );
  const clusters = own.map((record, i) =>
    withoutNodeReports(record, ledger.get(record.cluster), reports[i], ca),
  );
  const nodes = clusters.flatMap(({ cluster, nodes }) =>
    nodes.map(({ node }) => ({ cluster, node })),
  );
  const stated = (
    await concurrently(nodes, async (place) =>
      isNodeName(place.node) ? readNodeFacts(exchange, place, ca) : undefined,
    )
  ).values();
  return {
    trustDomain,
    ca,
    clusters: clusters.map((cluster) => ({
      ...cluster,
      nodes: cluster.nodes.map((node) => {
        const report = stated.next().value;
        return report ? { ...node, report } : node;
      }),
    })),
    unknown: unknownClusters(records, ledger),
  };
}

/**
 * A Node object may have a name that no node can have that requests certificates, such as one of more than 52 characters:
 * only the forwarder
 * reports about it. A report is expected from the nodes of the record, those with an unexpired certificate, and those with a
 * Node object.
 */
function withoutNodeReports(
  record: ClusterRecord,
  ledger: LedgerOfCluster | undefined,
  report: Stated<ClusterFacts> | undefined,
  ca: CaName,
): ClusterEvidence {
  const named = record.nodes.map(({ name }) => name);
  const withCertificate = [...(ledger?.nodes.keys() ?? [])].filter(
    (node) => !RESERVED_NODE_NAMES.includes(node),
  );
  const withObject = report?.facts?.nodes.map(({ name }) => name) ?? [];
  const all = [...new Set([...named, ...withCertificate, ...withObject])].sort();
  const nodes = all.map((node): NodeEvidence => {
    const own = ledger?.nodes.get(node);
    const isControlPlane = own?.isControlPlane || findNode(record, node)?.role === 'control-plane';
    return {
      node,
      role: isControlPlane ? 'control-plane' : 'worker',
      isNamed: named.includes(node),
      lines: own?.lines ?? [],
      ...(own && { lastIssuedAt: own.lastIssuedAt }),
    };
  });
  const onlyControlPlanes = CAS_OF_CONTROL_PLANES.includes(ca);
  return {
    cluster: record.cluster,
    ...(report && { report }),
    nodes: nodes.filter(({ role }) => role === 'control-plane' || !onlyControlPlanes),
    users: ledger?.users ?? [],
  };
}

/** Their trust domain is unknown, so it may be this one. */
function unknownClusters(
  records: ReadonlyMap<string, ClusterRecord | Fault>,
  ledger: ReadonlyMap<string, LedgerOfCluster>,
): Evidence['unknown'] {
  const unreadable = [...records].flatMap(([cluster, record]) =>
    record instanceof Fault ? [{ cluster, problem: record.message }] : [],
  );
  const removed = [...ledger.keys()]
    .filter((cluster) => !records.has(cluster))
    .map((cluster) => ({
      cluster,
      problem: 'it has certificates that have not expired, and no cluster record',
    }));
  return [...unreadable, ...removed].sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
}
