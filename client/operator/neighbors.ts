/** What a cluster record is judged by, besides itself: the trust domains, and the clusters that share one. */
import { listClusterRecords } from '../../lib/cluster/list-records.ts';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import { Fault } from '../../lib/fault.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

export interface Neighbors {
  hasTrustDomain(name: string): Promise<boolean>;
  /** The trust domain of each cluster, or the reason why its record cannot be read. */
  trustDomains(): Promise<ReadonlyMap<string, string | Fault>>;
}

/**
 * Reads everything at most once.
 * @param planned trust domains that the same command gives to clusters, by cluster
 */
export function neighborsIn(
  authority: ObjectStore,
  planned: ReadonlyMap<string, string> = new Map(),
): Neighbors {
  const known = new Map<string, Promise<boolean>>();
  let all: Promise<Map<string, string | Fault>> | undefined;
  return {
    hasTrustDomain: (name) => {
      const found =
        known.get(name) ??
        readDocument(authority, trustDomainKey(name), trustDomainSchema).then(
          (document) => document !== undefined,
        );
      known.set(name, found);
      return found;
    },
    trustDomains: () => {
      all ??= readTrustDomains(authority, planned);
      return all;
    },
  };
}

async function readTrustDomains(
  authority: ObjectStore,
  planned: ReadonlyMap<string, string>,
): Promise<Map<string, string | Fault>> {
  const stored = [...(await listClusterRecords(authority))].map(
    ([cluster, record]) =>
      [cluster, record instanceof Fault ? record : record.trustDomain] as const,
  );
  return new Map([...stored, ...planned]);
}

/** @throws CommandError if the trust domain does not exist */
export async function requireTrustDomain(neighbors: Neighbors, trustDomain: string): Promise<void> {
  if (await neighbors.hasTrustDomain(trustDomain)) return;
  throw new CommandError(
    'usage',
    `trust domain ${trustDomain}: does not exist`,
    `list the trust domains with cakeless trust-domain list, or create it with cakeless trust-domain create ${trustDomain}`,
  );
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
  for (const [cluster, other] of await neighbors.trustDomains()) {
    if (cluster === except) continue;
    if (other instanceof Fault)
      warn(
        `warning: it is unknown whether cluster ${cluster} shares trust domain ${trustDomain}: ${other.message}`,
      );
    else if (other === trustDomain) found.push(cluster);
  }
  return found;
}

const MAX_SHOWN = 5;

function shortList(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more}`;
}
