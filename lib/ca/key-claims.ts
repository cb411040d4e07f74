/**
 * Which CA a key is for. Each CA claims its key before anything is drafted, by a conditional write, so that of racing
 * calls one has it. A claim is for good.
 *
 *   ca-keys/<SHA-256 of the public key>.json   which CA the key is for   authority bucket
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { CaKey } from './ca-keys.ts';

const PREFIX = 'ca-keys/';

export const claimSchema = z.object({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  /** Key ARN. */
  keyId: z.string(),
});

/** By the public key itself: one key has an ARN, aliases, and replicas in other regions. */
export function claimKey({ publicKey }: CaKey): string {
  return `${PREFIX}${createHash('sha256').update(publicKey).digest('hex')}.json`;
}

const AT_ONCE = 20;

/** The ARNs of all keys that CAs claimed. */
export async function listClaims(authority: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of authority.list(PREFIX)) names.push(key);
  const keyIds: string[] = [];
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const part = names.slice(i, i + AT_ONCE);
    const claims = await Promise.all(
      part.map((name) => readDocument(authority, name, claimSchema)),
    );
    keyIds.push(...claims.flatMap((claim) => (claim ? [claim.keyId] : [])));
  }
  return keyIds;
}
