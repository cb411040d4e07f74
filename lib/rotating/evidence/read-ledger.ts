/**
 * The unexpired certificates, from the expiry index. Its keys say which version of the CA has signed them, and the time of an
 * object is when its certificate was issued. The index has days, so what expires today counts as valid all day.
 */

import { type ExpiryEntry, parseExpiryKey } from '../../contract/expiry-key.ts';
import { AUTHORITY_PREFIXES } from '../../contract/prefixes.ts';
import type { TrustDomainDocument } from '../../contract/trust-domain.ts';
import { dayOf } from '../../expiry/expiry-index.ts';
import { lineOfName } from '../../expiry/read-newest.ts';
import {
  type CaName,
  ISSUED_NAMES,
  isCertificateName,
  isProbeName,
  USER_NAME,
} from '../../profiles/certificate-names.ts';
import { issuedProfileOf, profileOf } from '../../profiles/profile-for.ts';
import { PROBE_VALIDITY_SECONDS } from '../../profiles/profiles.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Issued, Line } from './evidence.ts';

/** What a cluster has in the ledger. */
export interface LedgerOfCluster {
  readonly nodes: ReadonlyMap<string, LedgerOfNode>;
  readonly users: readonly Issued[];
}

export interface LedgerOfNode {
  readonly lines: readonly Line[];
  readonly lastIssuedAt: string;
  /** Whether it has a certificate that only control planes get. */
  readonly isControlPlane: boolean;
}

interface Found {
  readonly entry: ExpiryEntry;
  readonly issuedAt: Date;
}

/** By cluster. */
export async function readLedger(
  authority: Pick<ObjectStore, 'list'>,
  document: Pick<TrustDomainDocument, 'cas'>,
  ca: CaName,
  now: Date,
): Promise<Map<string, LedgerOfCluster>> {
  const byCluster = new Map<string, Found[]>();
  const { expiry } = AUTHORITY_PREFIXES;
  for await (const { key, lastModified } of authority.list(expiry, `${expiry}${dayOf(now)}`)) {
    const entry = parseExpiryKey(key);
    if (!entry || isEndedProbe(entry, lastModified, now)) continue;
    const found = byCluster.get(entry.cluster) ?? [];
    byCluster.set(entry.cluster, found);
    found.push({ entry, issuedAt: lastModified });
  }
  const ofCa = ({ entry }: Found) => caOfName(entry.certificateName, document) === ca;
  return new Map([...byCluster].map(([cluster, found]) => [cluster, ledgerOf(found, ofCa)]));
}

function ledgerOf(found: readonly Found[], ofCa: (one: Found) => boolean): LedgerOfCluster {
  const isUsers = ({ entry }: Found) => entry.certificateName === USER_NAME;
  const byNode = groupBy(
    found.filter((one) => !isUsers(one)),
    ({ entry }) => entry.node,
  );
  return {
    users: found.filter((one) => isUsers(one) && ofCa(one)).map(issuedOf),
    nodes: new Map([...byNode].map(([node, own]) => [node, ledgerOfNode(own, ofCa)])),
  };
}

function ledgerOfNode(own: readonly Found[], ofCa: (one: Found) => boolean): LedgerOfNode {
  const byLine = groupBy(own.filter(ofCa), ({ entry }) => lineOfName(entry.certificateName));
  const lines = [...byLine].flatMap(([name, some]): Line[] => {
    const [newest, ...older] = some.map(issuedOf).sort(newestFirst);
    return newest ? [{ name, newest, older }] : [];
  });
  return {
    lines: lines.sort((a, b) => (a.name < b.name ? -1 : 1)),
    lastIssuedAt: own
      .map(({ issuedAt }) => issuedAt.toISOString())
      .reduce((latest, at) => (at > latest ? at : latest)),
    isControlPlane: own.some(({ entry }) => isOfControlPlanes(entry.certificateName)),
  };
}

const issuedOf = ({ entry, issuedAt }: Found): Issued => ({
  version: entry.caVersion,
  day: entry.day,
  issuedAt: issuedAt.toISOString(),
});

/** S3's times have seconds, so certificates of one second are ordered by version and expiry. */
const newestFirst = (a: Issued, b: Issued): number => {
  if (a.issuedAt !== b.issuedAt) return a.issuedAt < b.issuedAt ? 1 : -1;
  return b.version - a.version || (a.day < b.day ? 1 : -1);
};

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(item);
  }
  return groups;
}

const isOfControlPlanes = (name: string): boolean =>
  isCertificateName(name) && !profileOf(name).roles.includes('worker');

/** An ended probe is not replaced by another one, so it would count until the end of its day. */
const isEndedProbe = ({ certificateName }: ExpiryEntry, issuedAt: Date, now: Date): boolean =>
  isProbeName(certificateName) &&
  now.getTime() - issuedAt.getTime() > PROBE_VALIDITY_SECONDS * 1000;

/** The CA that signs what has this name; of a name of a later release, `ca`. */
function caOfName(name: string, { cas }: Pick<TrustDomainDocument, 'cas'>): CaName {
  const issued = ISSUED_NAMES.find((known) => known === name);
  const candidates = issued ? issuedProfileOf(issued).cas : [];
  return candidates.find((ca) => cas[ca]) ?? 'ca';
}
