/** The record of a CA: what will be signed, and with which key, before KMS is asked. */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../signing/signing-algorithm.ts';
import type { CaKey } from './ca-keys.ts';

export const FIRST_VERSION = 1;

/** Without extension: `.json` is the record, `.crt` the signed certificate. */
export const caRecordStem = (trustDomain: string, ca: CaName) =>
  `ca-records/${trustDomain}/${ca}/${FIRST_VERSION}`;

/** The CA that a record is about, by its key; undefined for any other key. */
export function parseCaRecordKey(key: string): { trustDomain: string; ca: CaName } | undefined {
  const [, trustDomain = '', name] =
    /^ca-records\/([^/]+)\/([^/]+)\/[1-9]\d*\.json$/.exec(key) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain) ? { trustDomain, ca } : undefined;
}

export const caRecordSchema = z.object({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  version: z.number(),
  keyId: z.string(),
  keySpec: z.enum(CA_KEY_SPECS),
  /** SubjectPublicKeyInfo, DER in base64. */
  publicKey: z.string(),
  decidedAt: z.string(),
  /** DER in base64: a retry signs these bytes. */
  tbs: z.string(),
});

export type CaRecord = z.infer<typeof caRecordSchema>;

/** The key that is on record. */
export function keyOf({ keyId, keySpec, publicKey }: CaRecord): CaKey {
  return { keyId, keySpec, publicKey: Buffer.from(publicKey, 'base64') };
}
