/** Which version of which CA a key belongs to. The first claim of a key stays: nothing else can have the key. */
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

export const claimSchema = widenable({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  /** Of the CA: a new version has a new key. */
  version: z.number(),
  /** Key ARN. */
  keyId: z.string(),
});

/** By the public key itself: a key may have several ARNs (replicas in other regions) and aliases. */
export function claimKey(publicKeySha256: string): string {
  return `${AUTHORITY_PREFIXES.caKeys}${publicKeySha256}.json`;
}
