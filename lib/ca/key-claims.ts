/**
 * Which CA a key belongs to. Each CA claims its key before anything is drafted, with a conditional write, so only one of
 * several racing calls gets it. Claims are never released.
 */
import { createHash } from 'node:crypto';
import { claimKey, claimSchema } from '../contract/ca-key-claim.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import { readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { CaKey } from './ca-keys.ts';

export function claimKeyOf({ publicKey }: CaKey): string {
  return claimKey(createHash('sha256').update(publicKey).digest('hex'));
}

const CONCURRENT_READS = 20;

/** The ARNs of all keys that CAs have claimed. */
export async function listClaims(authority: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.caKeys)) names.push(key);
  const keyIds: string[] = [];
  for (let i = 0; i < names.length; i += CONCURRENT_READS) {
    const part = names.slice(i, i + CONCURRENT_READS);
    const claims = await Promise.all(
      part.map((name) => readDocument(authority, name, claimSchema)),
    );
    keyIds.push(...claims.flatMap((claim) => (claim ? [claim.keyId] : [])));
  }
  return keyIds;
}
