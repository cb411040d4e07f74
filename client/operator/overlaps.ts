/**
 * Clusters of a trust domain have the same CAs. If the kubelets of one have serving certificates, its names must not be
 * those of servers of another: the service rejects such a request, and what was issued before cannot be revoked.
 */
import { isDeepStrictEqual } from 'node:util';
import { namesOfCluster } from '../../lib/cluster/cluster-names.ts';
import { describeOverlaps } from '../../lib/cluster/names-overlap.ts';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { Fault } from '../../lib/fault.ts';
import { CommandError } from '../errors.ts';
import type { Neighbors } from './neighbors.ts';

const MOST_SHOWN = 20;

/**
 * @param before the record that is replaced: an overlap that it already has is a warning, so that one cluster's mistake
 * does not stop changes of another
 * @throws CommandError that names what overlaps, and with which cluster
 */
export async function checkOverlaps(
  neighbors: Neighbors,
  record: ClusterRecord,
  before: ClusterRecord | undefined,
  warn: (line: string) => void,
): Promise<void> {
  // others are not read for a change that has nothing to do with names
  if (before && hasSameNames(before, record)) return;
  const others = [...(await neighbors.records())].filter(([cluster]) => cluster !== record.cluster);
  if (record.csrSigning?.kubeletServing)
    for (const [, other] of others) if (other instanceof Fault) warn(unreadable(other));
  const readable = others.flatMap(([, other]) => (other instanceof Fault ? [] : [other]));
  const known = before ? overlapsWith(before, readable) : [];
  const [old, added] = [[] as string[], [] as string[]];
  for (const line of overlapsWith(record, readable))
    (known.includes(line) ? old : added).push(line);
  for (const line of old.slice(0, MOST_SHOWN))
    warn(`warning: names overlap, so no kubelet gets a certificate with them: ${line}`);
  if (added.length === 0) return;
  const more = added.length - MOST_SHOWN;
  throw new CommandError(
    'usage',
    [
      `cluster ${record.cluster}: names overlap in trust domain ${record.trustDomain}, whose CAs sign serving certificates of kubelets:`,
      ...added.slice(0, MOST_SHOWN),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
    'narrow the ranges or patterns of one of the clusters, or give each its own trust domain',
  );
}

function hasSameNames(before: ClusterRecord, after: ClusterRecord): boolean {
  const [old, now] = [namesOfCluster(before), namesOfCluster(after)];
  return (
    before.trustDomain === after.trustDomain &&
    isDeepStrictEqual(
      [old.servers, old.controlPlaneRules, old.kubelets],
      [now.servers, now.controlPlaneRules, now.kubelets],
    )
  );
}

function overlapsWith(record: ClusterRecord, others: readonly ClusterRecord[]): string[] {
  const own = namesOfCluster(record);
  return others
    .filter(({ trustDomain }) => trustDomain === record.trustDomain)
    .flatMap((other) => describeOverlaps(own, namesOfCluster(other)));
}

const unreadable = ({ message }: Fault) =>
  `warning: no kubelet gets a serving certificate until a record can be read, unless it names another trust domain: ${message}`;
