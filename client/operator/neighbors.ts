/** What a cluster record is judged by, besides itself: the trust domains, and the clusters that share one. */
import { listClusterRecords } from '../../lib/cluster/list-records.ts';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import {
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../../lib/contract/trust-domain.ts';
import { Fault } from '../../lib/fault.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

export interface Neighbors {
  /** undefined if it does not exist. */
  trustDomain(name: string): Promise<TrustDomainDocument | undefined>;
  /** The record of each cluster as it is stored, or the reason why it cannot be read. */
  stored(): Promise<ReadonlyMap<string, ClusterRecord | Fault>>;
  /** The same, after this command. */
  records(): Promise<ReadonlyMap<string, ClusterRecord | Fault>>;
}

/**
 * Reads everything at most once.
 * @param planned the records that the same command writes, by cluster
 */
export function neighborsIn(
  authority: ObjectStore,
  planned: ReadonlyMap<string, ClusterRecord> = new Map(),
): Neighbors {
  const known = new Map<string, Promise<TrustDomainDocument | undefined>>();
  let reading: Promise<ReadonlyMap<string, ClusterRecord | Fault>> | undefined;
  const stored = () => {
    reading ??= listClusterRecords(authority);
    return reading;
  };
  return {
    trustDomain: (name) => {
      const found =
        known.get(name) ?? readDocument(authority, trustDomainKey(name), trustDomainSchema);
      known.set(name, found);
      return found;
    },
    stored,
    records: async () => new Map([...(await stored()), ...planned]),
  };
}

/** @throws CommandError if the trust domain does not exist */
export async function requireTrustDomain(neighbors: Neighbors, trustDomain: string): Promise<void> {
  if (await neighbors.trustDomain(trustDomain)) return;
  throw new CommandError(
    'usage',
    `trust domain ${trustDomain}: does not exist`,
    `list the trust domains with cakeless trust-domain list, or create it with cakeless trust-domain create ${trustDomain}`,
  );
}

/** What serving certificates of kubelets depend on. */
export interface TrustDomainOfKubelets {
  readonly hasKubeletCa: boolean;
  /** Other clusters of the trust domain; empty, and not read, if it has a `kubelet-ca`. */
  readonly sharedWith: readonly string[];
}

export async function trustDomainOfKubelets(
  neighbors: Neighbors,
  { cluster, trustDomain }: ClusterRecord,
): Promise<TrustDomainOfKubelets> {
  const document = await neighbors.trustDomain(trustDomain);
  if (document && Object.hasOwn(document.cas, 'kubelet-ca'))
    return { hasKubeletCa: true, sharedWith: [] };
  const sharedWith: string[] = [];
  for (const [name, other] of await neighbors.records())
    if (name !== cluster && !(other instanceof Fault) && other.trustDomain === trustDomain)
      sharedWith.push(name);
  return { hasKubeletCa: false, sharedWith };
}

/**
 * The choice of a trust domain decides which clusters trust each other, so its consequences are shown here.
 * @param old the trust domain of the record that is replaced
 * @throws CommandError if the trust domain does not exist
 */
export async function checkTrustDomain(
  neighbors: Neighbors,
  { cluster, trustDomain }: ClusterRecord,
  old: string | undefined,
  warn: (line: string) => void,
): Promise<void> {
  await requireTrustDomain(neighbors, trustDomain);
  if (old === trustDomain) return;
  if (old !== undefined)
    warn(
      `warning: cluster ${cluster} moves from trust domain ${old} to ${trustDomain}: other CAs will issue its next certificates, and nothing in the cluster trusts them yet`,
    );
  const others = await clustersOf(neighbors, trustDomain, cluster, warn);
  if (others.length > 0)
    warn(
      `warning: trust domain ${trustDomain} is shared with ${shortList(others)}: a client certificate of one cluster is valid in all of them`,
    );
}

async function clustersOf(
  neighbors: Neighbors,
  trustDomain: string,
  except: string,
  warn: (line: string) => void,
): Promise<string[]> {
  const found: string[] = [];
  for (const [cluster, other] of await neighbors.records()) {
    if (cluster === except) continue;
    if (other instanceof Fault)
      warn(
        `warning: it is unknown whether cluster ${cluster} shares trust domain ${trustDomain}: ${other.message}`,
      );
    else if (other.trustDomain === trustDomain) found.push(cluster);
  }
  return found;
}

const MAX_SHOWN = 5;

export function shortList(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more}`;
}
