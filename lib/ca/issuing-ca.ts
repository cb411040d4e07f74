/** The parts of a CA that are needed to issue leaf certificates, read from its trust domain's document. */
import { X509Certificate } from 'node:crypto';
import {
  type CaVersion,
  signingVersionOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { OID } from '../der/oids.ts';
import { readDer, readFields, readOid, TAG } from '../der/read.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { type SigningAlgorithm, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { checkDocument } from '../store/documents.ts';
import { type RevalidatingReader, readRevalidated } from '../store/often-read.ts';

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
  /** The subject's DER, byte for byte: Go compares issuer and subject as bytes. */
  readonly subject: Uint8Array;
  /** keyIdentifier of the CA's subjectKeyIdentifier. */
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
  return found && readIssuingCa(name, found);
}

/** A trust domain is parsed only when its document changes, so each version of its CAs is, too. */
const known = new WeakMap<CaVersion, IssuingCa>();

function readIssuingCa(name: CaName, ca: CaVersion): IssuingCa {
  const remembered = known.get(ca);
  if (remembered) return remembered;
  const certificate = new X509Certificate(ca.certificate);
  const { subject, keyIdentifier } = readCaFields(certificate.raw);
  const issuing: IssuingCa = {
    name,
    version: ca.version,
    keyId: ca.keyId,
    algorithm: signingAlgorithmOf(ca.keySpec),
    certificate,
    subject,
    keyIdentifier,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
  known.set(ca, issuing);
  return issuing;
}

/** RFC 5280 section 4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions. */
function readCaFields(der: Uint8Array): { subject: Uint8Array; keyIdentifier: Uint8Array } {
  const certificate = readDer(der, 'CA certificate');
  const [tbs] = readFields(certificate, TAG.sequence, 'tbs', 'signatureAlgorithm', 'signature');
  const fields = tbs?.children() ?? [];
  const subject = fields[5]?.as(TAG.sequence, 'CA subject').raw;
  const extensions =
    fields
      .find(({ tag }) => tag === 0xa3)
      ?.children()[0]
      ?.children() ?? [];
  for (const extension of extensions) {
    const parts = extension.children();
    const [id, value] = [parts[0], parts.at(-1)];
    if (!subject || !id || !value || readOid(id) !== OID.subjectKeyIdentifier) continue;
    const keyIdentifier = readDer(value.content, 'subjectKeyIdentifier').as(TAG.octetString, 'ski');
    return {
      subject: Uint8Array.from(subject),
      keyIdentifier: Uint8Array.from(keyIdentifier.content),
    };
  }
  throw new Error('the CA certificate has no subjectKeyIdentifier (RFC 5280 section 4.2.1.2)');
}
