/**
 * Nodes that still have the key of a CA after it was adopted: what they report, and which control planes report nothing.
 * While a key is on a node, two parties can sign with it, and the ledger is not the whole truth.
 */
import { readTrustDomain } from '../ca/issuing-ca.ts';
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import type { NodeReport } from '../contract/node-report.ts';
import { type CaVersion, casOf, originOf } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { quote } from '../printable.ts';
import type { Service } from '../service.ts';
import { unlessMalformed } from '../store/documents.ts';
import { listReportingNodes, readNodeReport, type StoredReport } from './read-report.ts';

export interface KeyRules {
  /** How long after the adoption of a CA its keys may be on nodes. */
  readonly graceDays: number;
  /** An older report says nothing about a control plane. */
  readonly reportDays: number;
  /** How many reports of a cluster are listed. */
  readonly mostReports: number;
}

/** What the daily check knows already. */
export interface KnownClusters {
  /** For a record that cannot be read, the fault. */
  readonly records: ReadonlyMap<string, ClusterRecord | Fault>;
  /** The newest certificate of each line of the expiry index. */
  readonly entries: readonly ExpiryEntry[];
  /** The day of `now` in UTC. */
  readonly today: string;
  readonly now: Date;
}

export interface NodeWithKeys {
  readonly cluster: string;
  readonly node: string;
  readonly found: readonly string[];
}

export interface FoundKeys {
  readonly nodes: readonly NodeWithKeys[];
  /** Clusters of which not every report was read. */
  readonly unread: readonly string[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const CONCURRENT_READS = 20;

/**
 * Only clusters and nodes that have a record count: what is removed there is out of service. A trust domain that cannot
 * be read is left out, because the check of its CAs' expiry throws.
 * @param isLate whether the run has to end
 */
export async function findCaKeysOnNodes(
  service: Pick<Service, 'authority' | 'exchange'>,
  known: KnownClusters,
  rules: KeyRules,
  isLate: () => boolean,
): Promise<FoundKeys> {
  const controlPlanes = livingControlPlanes(known);
  const nodes: NodeWithKeys[] = [];
  const unread: string[] = [];
  for (const [cluster, record] of known.records) {
    if (record instanceof Fault) continue;
    if (isLate()) {
      unread.push(cluster);
      continue;
    }
    if (!(await wasAdopted(service, record.trustDomain, known.now, rules))) continue;
    const living = controlPlanes.get(cluster) ?? new Set();
    const found = await findInCluster(service, { record, living, now: known.now, rules, isLate });
    nodes.push(...found.nodes);
    if (!found.complete) unread.push(cluster);
  }
  return { nodes, unread };
}

/** By cluster: control planes with a certificate that has not expired, so the service knows that they exist. */
function livingControlPlanes({ records, entries, today }: KnownClusters): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { day, cluster, node } of entries) {
    const record = records.get(cluster);
    if (day < today || record === undefined || record instanceof Fault) continue;
    if (findNode(record, node)?.role !== 'control-plane') continue;
    found.set(cluster, (found.get(cluster) ?? new Set()).add(node));
  }
  return found;
}

async function wasAdopted(
  { authority }: Pick<Service, 'authority'>,
  trustDomain: string,
  now: Date,
  { graceDays }: KeyRules,
): Promise<boolean> {
  const document = await unlessMalformed(readTrustDomain(authority, trustDomain));
  if (!document) return false;
  const latest = now.getTime() - graceDays * DAY_MS;
  // without a time, or with one that cannot be read, it may be long ago
  const isLongAgo = ({ since = '' }: CaVersion) => !(Date.parse(since) >= latest);
  // nobody trusts what a copy of an ended version's key signs
  const counts = (version: CaVersion) =>
    originOf(version) === 'adopted' && version.endedAt === undefined && isLongAgo(version);
  return casOf(document).some(([, { versions }]) => versions.some(counts));
}

interface ClusterToCheck {
  readonly record: ClusterRecord;
  /** Its control planes that have a certificate. */
  readonly living: ReadonlySet<string>;
  readonly now: Date;
  readonly rules: KeyRules;
  readonly isLate: () => boolean;
}

/** Control planes first, by their names, so that no limit leaves them out; then the other nodes that report. */
async function findInCluster(
  { exchange }: Pick<Service, 'exchange'>,
  { record, living, now, rules, isLate }: ClusterToCheck,
): Promise<{ readonly nodes: readonly NodeWithKeys[]; readonly complete: boolean }> {
  const { cluster } = record;
  const listed = await listReportingNodes(exchange, cluster, rules.mostReports);
  const others = listed.nodes.filter((node) => !living.has(node) && findNode(record, node));
  const wanted = [...[...living].sort(), ...others];
  const nodes: NodeWithKeys[] = [];
  /** Judged at once: all reports of a cluster may be larger than the memory of the function. */
  const look = async (node: string): Promise<void> => {
    const stored = await readNodeReport(exchange, cluster, node);
    const silence = living.has(node) ? silenceOf(stored, now, rules) : [];
    const found = [...keysIn(stored?.report), ...silence];
    if (found.length > 0) nodes.push({ cluster, node, found });
  };
  let next = 0;
  while (next < wanted.length && !isLate()) {
    await Promise.all(wanted.slice(next, next + CONCURRENT_READS).map(look));
    next += CONCURRENT_READS;
  }
  const complete = listed.complete && next >= wanted.length;
  return { nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)), complete };
}

/** An old report counts, too: nothing says that the keys have gone since. */
function keysIn(report: NodeReport | undefined): string[] {
  if (!report) return [];
  const { caKeys, signing } = report;
  return [
    ...(caKeys.length > 0 ? [`CA keys: ${few(caKeys)}`] : []),
    ...(signing?.signs ? [`kube-controller-manager signs: ${few(signing.flags)}`] : []),
  ];
}

/**
 * Why it is unknown whether a control plane has keys. By the older of two times: that of S3, and that of the node, which
 * may have written an old report again.
 */
function silenceOf(
  stored: StoredReport | undefined,
  now: Date,
  { reportDays }: KeyRules,
): string[] {
  if (!stored) return ['it has written no report'];
  const { report, problem, writtenAt } = stored;
  if (!report) return [`its report cannot be used: ${quote(problem ?? '')}`];
  const at = Math.min(writtenAt.getTime(), Date.parse(report.at));
  const isOld = now.getTime() - at > reportDays * DAY_MS;
  return isOld ? [`its last report is of ${new Date(at).toISOString()}`] : [];
}

/** A log event can have 256 KiB. */
const MOST_NAMED = 3;

const few = (texts: readonly string[]): string => {
  const named = texts.slice(0, MOST_NAMED).map(quote).join(', ');
  const more = texts.length - MOST_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
};
