/**
 * The record of a CA version: what is signed, and with which key. It is written before KMS is called to sign. It is the
 * draft of a certificate that is made, or the proof that KMS has the key of one from outside, which is adopted or
 * subordinate. The CSR for a subordinate CA has its own record (ca-csr-record.ts).
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../signing/signing-algorithm.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

/** One version of a CA of a trust domain; versions are numbered from 1. */
export interface CaVersionName {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly version: number;
}

/** The version of a CA that its trust domain is created with. */
export const FIRST_CA_VERSION = 1;

/** What every record of a signature with the key of a CA version has. */
export const caRecordFields = {
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  version: z.number().check(z.int(), z.positive()),
  keyId: z.string(),
  keySpec: z.enum(CA_KEY_SPECS),
  /** SubjectPublicKeyInfo, DER in base64. */
  publicKey: z.string(),
  decidedAt: z.string(),
};

const madeSchema = widenable({
  ...caRecordFields,
  origin: z.optional(z.literal('made')),
  /** TBSCertificate, DER in base64: a retry signs the same bytes. */
  tbs: z.string(),
});

const adoptedSchema = widenable({
  ...caRecordFields,
  origin: z.literal('adopted'),
  /** The cluster's own CA certificate, DER in base64. */
  certificate: z.string(),
  /** What KMS signs to prove that it has the key of the certificate, in base64 (lib/ca/key-proof.ts). */
  proof: z.string(),
});

const subordinateSchema = widenable({
  ...caRecordFields,
  origin: z.literal('subordinate'),
  /** What an outside CA has issued, DER in base64. */
  certificate: z.string(),
  /** The certificates above it in PEM, the root last. */
  chain: z.string(),
  /** As for an adopted CA. */
  proof: z.string(),
});

export const caRecordSchema = z.discriminatedUnion('origin', [
  madeSchema,
  adoptedSchema,
  subordinateSchema,
]);

export type MadeCaRecord = z.infer<typeof madeSchema>;
export type AdoptedCaRecord = z.infer<typeof adoptedSchema>;
export type SubordinateCaRecord = z.infer<typeof subordinateSchema>;
export type CaRecord = z.infer<typeof caRecordSchema>;

/** What the keys of all objects about a CA version begin with. */
export const caVersionStem = ({ trustDomain, ca, version }: CaVersionName) =>
  `${AUTHORITY_PREFIXES.caRecords}${trustDomain}/${ca}/${version}`;

export const caRecordKey = (name: CaVersionName) => `${caVersionStem(name)}.json`;
/** The CA certificate, next to its record. */
export const caCertificateKey = (name: CaVersionName) => `${caVersionStem(name)}.crt`;

/** The CA version that a record is about, by its key; undefined for any other key. */
export function parseCaRecordKey(key: string): CaVersionName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.caRecords)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.caRecords.length);
  const [, trustDomain = '', name, version] =
    /^([^/]+)\/([^/]+)\/([1-9]\d{0,8})\.json$/.exec(below) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain) ? { trustDomain, ca, version: Number(version) } : undefined;
}
