/**
 * The record of a cross certificate: the key of a CA version certified by the version before, during a rotation. It is
 * written before KMS is called to sign. `keyId`, `keySpec` and `publicKey` are those of the version that signs, `from`;
 * `version` is the one that is certified.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { type CaVersionName, caRecordFields, caVersionStem } from './ca-record.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

export const crossRecordSchema = widenable({
  ...caRecordFields,
  /** The version whose key signs. */
  from: z.number().check(z.int(), z.positive()),
  /** TBSCertificate, DER in base64: a retry signs the same bytes. */
  tbs: z.string(),
});

export type CrossRecord = z.infer<typeof crossRecordSchema>;

/** `ca-records/<trust domain>/<ca>/<n>.cross.json`, where `<n>` is the version that is certified. */
export const crossRecordKey = (name: CaVersionName) => `${caVersionStem(name)}.cross.json`;
/** The cross certificate, next to its record. */
export const crossCertificateKey = (name: CaVersionName) => `${caVersionStem(name)}.cross.crt`;

/** The CA version that a cross certificate certifies, by the key of its record; undefined for any other key. */
export function parseCrossRecordKey(key: string): CaVersionName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.caRecords)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.caRecords.length);
  const [, trustDomain = '', name, version] =
    /^([^/]+)\/([^/]+)\/([1-9]\d{0,8})\.cross\.json$/.exec(below) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain) ? { trustDomain, ca, version: Number(version) } : undefined;
}
