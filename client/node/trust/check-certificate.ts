/**
 * Whether a certificate is the requested one, signed by a CA that the node trusts, for the key that the node has.
 * kubeadm checks little of this (it accepts a wrong key), so everything is checked before a file is written.
 */
import { isSameKey } from '../../../lib/csr/same-key.ts';
import 'reflect-metadata';
import { type KeyObject, X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as PeculiarCertificate,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import {
  certificatesIn,
  holdsCertificatesOnly,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import type { CheckedRequest } from '../../../lib/csr/read-request.ts';
import { OID } from '../../../lib/der/oids.ts';
import { canonicalIpAddress } from '../../../lib/ip-address.ts';
import type { IssuedProfile } from '../../../lib/profiles/profiles.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { findAnchorAbove, subjectOf, WHY_NOT_ABOVE } from './above.ts';
import { chainOf, findPath } from './path.ts';

export interface Expected {
  readonly profile: Pick<IssuedProfile, 'extendedKeyUsages'>;
  /** What was requested. */
  readonly request: CheckedRequest;
  /** Public half of the private key next to the certificate, if there is one. */
  readonly key: KeyObject | undefined;
  /** PEM certificates that the node trusts for this CA. */
  readonly trustBundle: string;
  readonly now: Date;
  /** When the node requested it, by its clock, if that is known. */
  readonly requestedAt?: Date;
}

export interface CertificateProblem {
  readonly text: string;
  /** What would make this certificate acceptable: a correct clock, other CA files, or nothing. */
  readonly cure: 'clock' | 'ca-change' | 'none';
}

/** Descriptions of everything that is wrong with a certificate; empty if nothing is. */
export const checkCertificate = (pem: string, expected: Expected): string[] =>
  findProblems(pem, expected).map(({ text }) => text);

/** @throws Error if the certificate cannot be parsed */
export function findProblems(pem: string, expected: Expected): CertificateProblem[] {
  const blocks = certificatesIn(pem);
  const [leaf] = blocks;
  if (leaf === undefined) return lasting(['it is not a PEM certificate']);
  if (!holdsCertificatesOnly(pem))
    return lasting(['the file contains something other than PEM certificates']);
  if (!holdsPlainCertificates(pem))
    return lasting([
      'its PEM encoding is not canonical: other programs may read it differently, or not at all',
    ]);
  const certificate = new X509Certificate(leaf);
  return [
    ...lasting(checkKey(certificate, expected)),
    ...checkChain(blocks, certificate, expected),
    ...checkDates(certificate, expected.now, expected.requestedAt),
    ...lasting(checkContents(new PeculiarCertificate(leaf), expected)),
  ];
}

const lasting = (texts: readonly string[]): CertificateProblem[] =>
  texts.map((text) => ({ text, cure: 'none' }));

function checkKey(certificate: X509Certificate, { request, key }: Expected): string[] {
  const problems: string[] = [];
  if (!isSameKey(certificate.publicKey, request.key.keyObject))
    problems.push('its public key is not that of the CSR');
  if (key && !isSameKey(certificate.publicKey, key))
    problems.push('it does not match the private key next to it');
  return problems;
}

/** Other CA files could fix each of these problems. */
function checkChain(
  blocks: readonly string[],
  certificate: X509Certificate,
  { trustBundle, now }: Expected,
): CertificateProblem[] {
  const cure = 'ca-change';
  const path = findPath(chainOf(blocks) ?? certificate, parseCertificates(trustBundle));
  if (!path) return [{ text: 'no CA of the trust bundle signed it', cure }];
  const above = findAnchorAbove(path);
  if (above)
    return [
      {
        text: `the CA file has ${subjectOf(above)}, which is above the CA that signed it: ${WHY_NOT_ABOVE}`,
        cure,
      },
    ];
  if (path.some(({ validTo }) => new Date(certificate.validTo) > new Date(validTo)))
    return [{ text: 'it outlives its CA', cure }];
  return path
    .flatMap((ca) => checkDates(ca, now))
    .map(({ text, ...problem }) => ({
      text: `its CA: ${text}`,
      cure: problem.cure === 'clock' ? 'clock' : cure,
    }));
}

/** `sign` sets notBefore a few minutes back, and clocks that are synchronized differ by seconds. */
const SKEW_MS = 60 * 60 * 1000;

function checkDates(
  certificate: X509Certificate,
  now: Date,
  requestedAt?: Date,
): CertificateProblem[] {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (from > now)
    return [
      { text: `it is not valid before ${from.toISOString()} (check the clock)`, cure: 'clock' },
    ];
  if (to > now) return [];
  const text = `it expired at ${to.toISOString()} (check the clock)`;
  // issued before it was requested: the clock was ahead, and a correct one makes it valid
  const wasAhead = requestedAt !== undefined && from.getTime() < requestedAt.getTime() - SKEW_MS;
  return [{ text, cure: wasAhead ? 'clock' : 'none' }];
}

function checkContents(certificate: PeculiarCertificate, { profile, request }: Expected): string[] {
  const usages = certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [];
  const keyUsages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0;
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  const { subject } = request;
  const pairs: [string, string, string][] = [
    [
      'extended key usages',
      listed(usages.map(String)),
      listed(profile.extendedKeyUsages.map((u) => OID[u])),
    ],
    ['common names', listed(certificate.subjectName.getField('CN')), subject.commonName],
    ['organizations', listed(certificate.subjectName.getField('O')), listed(subject.organizations)],
    ['names', listed(namesOf(certificate)), listed(request.names.map(formatName))],
    ['CA flag', String(constraints?.ca ?? 'missing'), 'false'],
    ['digitalSignature', String((keyUsages & KeyUsageFlags.digitalSignature) !== 0), 'true'],
    ['other key usages', String(keyUsages & ~ALLOWED_KEY_USAGES), '0'],
    [
      'subject attributes',
      String(attributesOf(certificate)),
      String(1 + subject.organizations.length),
    ],
    ['other extensions', listed(unknownExtensions(certificate)), ''],
    ['signature hash', String(isStrongHash(certificate)), 'true'],
  ];
  return pairs
    .filter(([, got, wanted]) => got !== wanted)
    .map(([what, got, wanted]) => `its ${what}: ${got || 'none'}; requested: ${wanted || 'none'}`);
}

const ALLOWED_KEY_USAGES = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
const SIGNATURE_HASHES = ['SHA-256', 'SHA-384', 'SHA-512'];
const KNOWN_EXTENSIONS: readonly string[] = [
  OID.keyUsage,
  OID.extKeyUsage,
  OID.basicConstraints,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.subjectAltName,
];

function attributesOf({ subjectName }: PeculiarCertificate): number {
  return subjectName.toJSON().flatMap((rdn) => Object.values(rdn).flat()).length;
}

function unknownExtensions({ extensions }: PeculiarCertificate): string[] {
  return extensions.map(({ type }) => type).filter((type) => !KNOWN_EXTENSIONS.includes(type));
}

function isStrongHash({ signatureAlgorithm }: PeculiarCertificate): boolean {
  return SIGNATURE_HASHES.includes(signatureAlgorithm.hash.name);
}

function namesOf(certificate: PeculiarCertificate): string[] {
  const items = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return items.map(({ type, value }) => {
    const kind = type.toUpperCase();
    return `${kind}:${kind === 'IP' ? (canonicalIpAddress(value) ?? value) : value}`;
  });
}

const listed = (values: readonly string[]) => [...values].sort().join(', ');
