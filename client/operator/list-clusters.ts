/** What `cakeless cluster list` and `cakeless trust-domain list` show. */
import { listClusterRecords } from '../../lib/cluster/list-records.ts';
import type { CaOrigin } from '../../lib/contract/ca-origin.ts';
import { AUTHORITY_PREFIXES } from '../../lib/contract/prefixes.ts';
import { trustDomainOfKey } from '../../lib/contract/trust-domain.ts';
import { Fault } from '../../lib/fault.ts';
import { orMalformed } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { summarizeTrustDomain } from './trust-domain.ts';

export interface ClusterSummary {
  readonly cluster: string;
  readonly trustDomain: string;
  readonly kubernetesVersion: string;
  /** Host part of controlPlaneEndpoint. */
  readonly endpoint: string | undefined;
  readonly controlPlanes: number;
  readonly workers: number;
  /** Rules for nodes that are not listed by name. */
  readonly nodeRules: number;
}

export interface Listed<T> {
  /** By name. */
  readonly items: readonly T[];
  /** Why documents cannot be read. */
  readonly unreadable: readonly string[];
}

/**
 * Reads every cluster record. @throws Fault if the bucket cannot be read; a malformed record is listed as unreadable
 */
export async function listClusters(authority: ObjectStore): Promise<Listed<ClusterSummary>> {
  const items: ClusterSummary[] = [];
  const unreadable: string[] = [];
  for (const [, record] of await listClusterRecords(authority)) {
    if (record instanceof Fault) unreadable.push(record.message);
    else
      items.push({
        cluster: record.cluster,
        trustDomain: record.trustDomain,
        kubernetesVersion: record.kubernetesVersionText,
        endpoint: record.controlPlaneHost,
        controlPlanes: record.nodes.filter(({ role }) => role === 'control-plane').length,
        workers: record.nodes.filter(({ role }) => role === 'worker').length,
        nodeRules: record.nodeRules.length,
      });
  }
  items.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  return { items, unreadable: unreadable.sort() };
}

export interface TrustDomainRow {
  readonly trustDomain: string;
  /** Where the certificates of its CAs are from. */
  readonly origins: readonly CaOrigin[];
  /** Key specs of the keys that sign now. */
  readonly keySpecs: readonly string[];
  /** When the first of the signing CAs expires. */
  readonly notAfter: string;
  /** Clusters whose record names it. */
  readonly clusters: readonly string[];
}

/** Reads every trust domain, and every cluster record. @throws Fault as `listClusters` */
export async function listTrustDomains(authority: ObjectStore): Promise<Listed<TrustDomainRow>> {
  const clusters = await listClusters(authority);
  const items: TrustDomainRow[] = [];
  const unreadable = [...clusters.unreadable];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.trust)) {
    const trustDomain = trustDomainOfKey(key);
    if (trustDomain === undefined) continue;
    const row = await rowOf(authority, trustDomain, clusters.items).catch(orMalformed);
    if (row instanceof Fault) unreadable.push(row.message);
    else items.push(row);
  }
  return { items, unreadable };
}

async function rowOf(
  authority: ObjectStore,
  trustDomain: string,
  clusters: readonly ClusterSummary[],
): Promise<TrustDomainRow> {
  const cas = Object.values((await summarizeTrustDomain(authority, trustDomain)).cas);
  return {
    trustDomain,
    origins: [...new Set(cas.map(({ origin }) => origin))],
    keySpecs: [...new Set(cas.map(({ keySpec }) => keySpec))],
    notAfter: cas.map(({ notAfter }) => notAfter).sort()[0] ?? '',
    clusters: clusters
      .filter((cluster) => cluster.trustDomain === trustDomain)
      .map(({ cluster }) => cluster),
  };
}
