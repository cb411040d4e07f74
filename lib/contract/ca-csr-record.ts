/**
 * The record of a CSR that is signed with the key of a CA version, for an outside CA. It is written before KMS is called to
 * sign. A CSR has no date and no random number: its name and its key determine it, so the same request has the same
 * record.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { type CaVersionName, caRecordFields, caVersionStem } from './ca-record.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

export const caCsrRecordSchema = widenable({
  ...caRecordFields,
  commonName: z.string(),
  /** The certificate that is to be renewed, DER in base64, if the CSR is not the one that its common name determines. */
  renews: z.optional(z.string()),
  /** CertificationRequestInfo, DER in base64: a retry signs the same bytes. */
  request: z.string(),
});

export type CaCsrRecord = z.infer<typeof caCsrRecordSchema>;

/** A CSR for a CA version. */
export interface CaCsrName extends CaVersionName {
  /** SHA-256 digest of the CertificationRequestInfo, in hexadecimal. */
  readonly sha256: string;
}

/** What the keys of the CSRs of a CA version begin with. */
export const caCsrPrefix = (name: CaVersionName) => `${caVersionStem(name)}.csr/`;

export const caCsrRecordKey = (name: CaCsrName) => `${caCsrPrefix(name)}${name.sha256}.json`;
/** The signed CSR, next to its record. */
export const caCsrKey = (name: CaCsrName) => `${caCsrPrefix(name)}${name.sha256}.csr`;

/** The CSR that a record is about, by its key; undefined for any other key. */
export function parseCaCsrRecordKey(key: string): CaCsrName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.caRecords)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.caRecords.length);
  const [, trustDomain = '', name, version, sha256 = ''] =
    /^([^/]+)\/([^/]+)\/([1-9]\d{0,8})\.csr\/([0-9a-f]{64})\.json$/.exec(below) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain)
    ? { trustDomain, ca, version: Number(version), sha256 }
    : undefined;
}
