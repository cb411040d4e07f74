/** The parts of a CA that are needed to issue leaf certificates, read from its trust domain's document. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import {
  type CaVersion,
  signingVersionOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { type CaName, isProbeName } from '../profiles/certificate-names.ts';
import { type SigningAlgorithm, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { checkDocument } from '../store/documents.ts';
import { type RevalidatingReader, readRevalidated } from '../store/often-read.ts';
import { caKeyIdentifierOf } from './ca-key-identifier.ts';

/** The CAs of a trust domain; undefined if the trust domain does not exist. @throws Fault document-malformed */
export function readTrustDomain(
  authority: RevalidatingReader,
  trustDomain: string,
): Promise<TrustDomainDocument | undefined> {
  return readRevalidated(authority, trustDomainKey(trustDomain), checkTrustDomain);
}

function checkTrustDomain(value: unknown): TrustDomainDocument {
  return checkDocument(value, 'trust domain', trustDomainSchema);
}

/** A CA that can sign, with the parts of its certificate that leaf certificates need. */
export interface IssuingCa {
  readonly name: CaName;
  readonly version: number;
  readonly keyId: string;
  readonly algorithm: SigningAlgorithm;
  readonly certificate: X509Certificate;
  /**
   * What a leaf certificate is published with, in PEM: a subordinate CA and the certificates above it, without the root,
   * so that anyone who trusts the root can verify it. Empty for a CA that is its own root.
   */
  readonly chain: string;
  /**
   * What comes before the chain, in PEM: the key of this CA certified by the version before, with what that one's leaf
   * certificates are published with, so that anyone who trusts only that one, or only what is above it, can verify the leaf.
   * Empty except in phase `issue` of a rotation to this version.
   */
  readonly cross: string;
  /** When nodes stopped trusting it: it must no longer sign. */
  readonly endedAt: Date | undefined;
  /** The subject's DER, byte for byte: Go compares issuer and subject as bytes. */
  readonly subject: Uint8Array;
  /** The CA's subjectKeyIdentifier, or the SHA-1 digest of its key. */
  readonly keyIdentifier: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * The version of a CA that signs now, or a given one; undefined if the trust domain has no such CA, or no such version.
 * @throws Fault document-malformed if the version that signs now does not exist
 */
export function issuingCa(document: TrustDomainDocument, name: 'ca'): IssuingCa;
export function issuingCa(
  document: TrustDomainDocument,
  name: CaName,
  version?: number,
): IssuingCa | undefined;
export function issuingCa(
  document: TrustDomainDocument,
  name: CaName,
  version?: number,
): IssuingCa | undefined {
  const ca = document.cas[name];
  if (!ca) return undefined;
  const found =
    version === undefined
      ? signingVersionOf(name, ca)
      : ca.versions.find((candidate) => candidate.version === version);
  return found && { ...readVersion(name, found), cross: crossOf(document, name, found) };
}

type VersionOfCa = Omit<IssuingCa, 'cross'>;

/**
 * A version of a CA with each of its certificates: the present one, then those of before its renewals, the newest first. A
 * leaf certificate that was drafted before a renewal has the dates that the certificate of that time allowed. It is
 * published with the present chain, whose certificates belong together.
 */
export function issuingCasOf(
  document: TrustDomainDocument,
  name: CaName,
  version: number,
): IssuingCa[] {
  const found = document.cas[name]?.versions.find((candidate) => candidate.version === version);
  if (!found) return [];
  const former = [...(found.renewed ?? [])].reverse();
  return [found, ...former.map((certificate) => formerOf(found, certificate))].map((one) => ({
    ...readVersion(name, one),
    chain: leafChainOf(found),
    cross: crossOf(document, name, one),
  }));
}

const formerOf = (present: CaVersion, certificate: string): CaVersion => ({
  ...present,
  certificate,
});

/** A trust domain is parsed only when its document changes, so each version of its CAs is, too. */
const known = new WeakMap<CaVersion, VersionOfCa>();

function readVersion(name: CaName, ca: CaVersion): VersionOfCa {
  const remembered = known.get(ca);
  if (remembered) return remembered;
  const certificate = new X509Certificate(ca.certificate);
  const { subject, keyIdentifier } = readCaFields(certificate.raw);
  const issuing: VersionOfCa = {
    name,
    version: ca.version,
    keyId: ca.keyId,
    algorithm: signingAlgorithmOf(ca.keySpec),
    certificate,
    chain: leafChainOf(ca),
    endedAt: ca.endedAt === undefined ? undefined : new Date(ca.endedAt),
    subject,
    keyIdentifier,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
  known.set(ca, issuing);
  return issuing;
}

function leafChainOf({ certificate, chain }: CaVersion): string {
  if (chain === undefined) return '';
  const belowRoot = certificatesIn(chain).slice(0, -1);
  return [certificate, ...belowRoot.map((pem) => `${pem}\n`)].join('');
}

/**
 * Before `issue` the version signs nothing that is used, and after it everything trusts the version. What a compromised
 * CA has certified vouches for nothing.
 */
function crossOf(
  { cas, rotation }: TrustDomainDocument,
  name: CaName,
  { version, cross }: CaVersion,
): string {
  const isNew = rotation?.ca === name && rotation.to === version;
  if (!isNew || rotation.phase !== 'issue' || rotation.compromised || cross === undefined)
    return '';
  const before = cas[name]?.versions.find((one) => one.version === rotation.from);
  return cross + (before ? leafChainOf(before) : '');
}

/**
 * What a leaf certificate of a CA is published with. Two certificates certify the leaf in a rotation: the cross certificate,
 * and that of a CA below another one. OpenSSL follows the first that it finds and looks for no second path, unless its trust
 * store has one. So the cross certificate comes first, with all that leads from there to the root: everyone who verified
 * before the rotation still does, and those who trust the new CA find that in their trust store. A probe is to be refused by
 * servers that trust only the version before.
 */
export function publishedChainOf({ chain, cross }: IssuingCa, certificateName: string): string {
  if (cross === '' || isProbeName(certificateName)) return chain;
  const all = certificatesIn(cross + chain);
  return [...new Set(all)].map((pem) => `${pem}\n`).join('');
}

function readCaFields(der: Uint8Array): { subject: Uint8Array; keyIdentifier: Uint8Array } {
  const certificate = readCertificate(der);
  return {
    subject: Uint8Array.from(certificate.subject.raw),
    keyIdentifier: caKeyIdentifierOf(certificate),
  };
}
