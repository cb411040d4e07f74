/** What nodes are told about the CAs of a trust domain: derived from its document alone, so the newest document counts. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../certificate/pem.ts';
import type { PublishedRenewals } from '../contract/published-renewals.ts';
import { MOST_CROSSES, type PublishedRotation } from '../contract/published-rotation.ts';
import {
  type CaVersion,
  type CaVersions,
  casOf,
  originOf,
  type TrustDomainDocument,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { sha256Of } from './sha256.ts';

/** Versions that ended earlier are left out: a node that was off for that long trusts none of them. */
const MOST_ENDED = 100;

/**
 * The versions that nodes have to trust, in the order of the bundle. The one that signs comes first: kubeadm reads only
 * the first certificate of a CA file. Nodes keep the old one first as long as they need it.
 */
export function trustedVersionsOf(
  document: TrustDomainDocument,
  ca: CaName,
  { signing, versions }: CaVersions,
): CaVersion[] {
  const { rotation } = document;
  const dropped = rotation?.ca === ca && rotation.phase === 'retire' ? rotation.from : undefined;
  return versions
    .filter(({ version, endedAt }) => endedAt === undefined && version !== dropped)
    .sort((a, b) => Number(b.version === signing) - Number(a.version === signing));
}

/**
 * A bundle never has a certificate above a CA: every certificate below that would be trusted, and with `ca` be a user of
 * Kubernetes.
 */
export const bundleOf = (trusted: readonly CaVersion[]): string =>
  trusted.map(({ certificate }) => certificate).join('');

/**
 * The trusted versions with the certificates above them, each certificate once; empty if the CA was never subordinate. The
 * chain of one that is rotated to a CA with its own root is that root alone: an earlier chain must not stay.
 */
export function chainsOf({ versions }: CaVersions, trusted: readonly CaVersion[]): string {
  if (!versions.some((version) => originOf(version) === 'subordinate')) return '';
  const all = trusted.flatMap(({ certificate, chain = '' }) => certificatesIn(certificate + chain));
  return [...new Set(all)].map((pem) => `${pem}\n`).join('');
}

/** What nodes read of renewed subordinate CAs; undefined if none was ever renewed. */
export function publishedRenewalsOf(document: TrustDomainDocument): PublishedRenewals | undefined {
  const all = casOf(document).flatMap(([, { versions }]) => versions);
  if (!all.some(({ voucher }) => voucher)) return undefined;
  const renewals = casOf(document).flatMap(([ca, versions]) =>
    trustedVersionsOf(document, ca, versions).flatMap(({ version, keySpec, voucher }) =>
      voucher ? [{ ca, version, keySpec, proof: voucher.proof, signature: voucher.signature }] : [],
    ),
  );
  return { trustDomain: document.trustDomain, renewals };
}

/** What nodes read of the rotation; undefined if the trust domain has never had one. */
export function publishedRotationOf(document: TrustDomainDocument): PublishedRotation | undefined {
  const { trustDomain, sequence, rotation } = document;
  if (sequence === undefined) return undefined;
  const ended = casOf(document).flatMap(([ca, { versions }]) =>
    versions.flatMap((version) =>
      version.endedAt === undefined ? [] : [{ ca, version, at: version.endedAt }],
    ),
  );
  const newest = ended.sort((a, b) => Number(a.at < b.at) - Number(a.at > b.at));
  const crosses = casOf(document).flatMap(([ca, { signing, versions }]) =>
    crossesTo(rotation?.ca === ca ? rotation.from : signing, versions).map((cross) => ({
      ca,
      cross,
    })),
  );
  const times = [rotation?.since, newest[0]?.at].filter((at) => at !== undefined);
  return {
    trustDomain,
    sequence,
    at: times.sort().at(-1) ?? '',
    ...(rotation && { rotation: underWay(document, rotation) }),
    ended: newest
      .slice(0, MOST_ENDED)
      .map(({ ca, version }) => ({ ca, ...fingerprintsOf(version) })),
    ...(crosses.length > 0 && { crosses }),
  };
}

/**
 * The cross certificates by which a node that missed rotations gets from an older version to this one, the newest
 * first. A rotation that was compromised has none, and the cross certificate of a version whose rotation was canceled leads
 * nowhere.
 */
function crossesTo(number: number, versions: readonly CaVersion[]): string[] {
  const crosses: string[] = [];
  let current = versions.find(({ version }) => version === number);
  while (current?.cross !== undefined && crosses.length < MOST_CROSSES) {
    const cross = new X509Certificate(current.cross);
    const { version } = current;
    crosses.push(current.cross);
    current = versions.find(
      (one) =>
        one.version < version && cross.verify(new X509Certificate(one.certificate).publicKey),
    );
  }
  return crosses;
}

function underWay(
  document: TrustDomainDocument,
  { ca, from, to, phase, since, compromised = false }: NonNullable<TrustDomainDocument['rotation']>,
): NonNullable<PublishedRotation['rotation']> {
  const [old, fresh] = [from, to].map((number) => {
    const found = document.cas[ca]?.versions.find(({ version }) => version === number);
    if (found) return found;
    throw new Fault(
      'document-malformed',
      `${ca} of ${document.trustDomain} has no version ${number}, which is being rotated`,
    );
  }) as [CaVersion, CaVersion];
  const { cross } = fresh;
  return {
    ca,
    phase,
    since,
    compromised,
    from: fingerprintsOf(old),
    to: fingerprintsOf(fresh),
    ...(cross !== undefined && !compromised && { cross }),
  };
}

function fingerprintsOf({ version, certificate }: CaVersion) {
  const { raw, publicKey } = new X509Certificate(certificate);
  return {
    version,
    sha256: sha256Of(raw),
    publicKeySha256: sha256Of(publicKey.export({ type: 'spki', format: 'der' })),
  };
}
