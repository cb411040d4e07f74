/**
 * The record of a CA certificate that is renewed with the same key. It is written before KMS is called to sign: the renewed
 * certificate, or the proof that operators imported one that an outside CA issued. The renewals of a CA version are numbered
 * from 1; the version keeps its number and the claim of its key.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { type CaVersionName, caRecordFields, caVersionStem } from './ca-record.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

/** How many certificates of before its renewals a version keeps: records of leaf certificates are checked against them. */
export const MAX_RENEWED = 8;

const renewalFields = {
  ...caRecordFields,
  /** The number of the renewal, from 1. */
  renewal: z.number().check(z.int(), z.positive()),
  /** The CA certificate that is renewed, DER in base64. */
  renews: z.string(),
};

const madeSchema = widenable({
  ...renewalFields,
  origin: z.optional(z.literal('made')),
  /** TBSCertificate, DER in base64: a retry signs the same bytes. */
  tbs: z.string(),
});

const subordinateSchema = widenable({
  ...renewalFields,
  origin: z.literal('subordinate'),
  /** What an outside CA has issued, DER in base64. */
  certificate: z.string(),
  /** The certificates above it in PEM, the root last. */
  chain: z.string(),
  /** What KMS signs, in base64 (lib/ca/key-proof.ts): nodes take the certificate because of that. */
  proof: z.string(),
});

export const caRenewalRecordSchema = z.discriminatedUnion('origin', [
  madeSchema,
  subordinateSchema,
]);

/** Of a certificate that KMS signs. */
export type MadeRenewalRecord = z.infer<typeof madeSchema>;
/** Of a certificate that an outside CA issued. */
export type SubordinateRenewalRecord = z.infer<typeof subordinateSchema>;
export type CaRenewalRecord = z.infer<typeof caRenewalRecordSchema>;

/** A renewal of a CA version. */
export interface CaRenewalName extends CaVersionName {
  readonly renewal: number;
}

const stem = (name: CaRenewalName) => `${caVersionStem(name)}.renewal/${name.renewal}`;

export const caRenewalRecordKey = (name: CaRenewalName) => `${stem(name)}.json`;
/** The renewed CA certificate, next to its record. */
export const caRenewalCertificateKey = (name: CaRenewalName) => `${stem(name)}.crt`;
/** The signature of the proof, next to the record of a certificate from outside. */
export const caRenewalSignatureKey = (name: CaRenewalName) => `${stem(name)}.sig`;

/** The renewal that a record is about, by its key; undefined for any other key. */
export function parseCaRenewalRecordKey(key: string): CaRenewalName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.caRecords)) return undefined;
  const [, trustDomain = '', name, version, renewal] =
    /^([^/]+)\/([^/]+)\/([1-9]\d{0,8})\.renewal\/([1-9]\d{0,8})\.json$/.exec(
      key.slice(AUTHORITY_PREFIXES.caRecords.length),
    ) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain)
    ? { trustDomain, ca, version: Number(version), renewal: Number(renewal) }
    : undefined;
}
