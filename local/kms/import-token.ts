/**
 * Import tokens. A token contains the private half of its wrapping key, encrypted for this stand-in, as KMS's do: so
 * nothing has to be kept for imports that never come, and a token outlives a restart.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Random } from '../identifiers.ts';

export interface ImportGrant {
  /** ARN of the key into which it imports. */
  readonly arn: string;
  readonly wrappingAlgorithm: string;
  readonly wrappingKeyPem: string;
  /** Milliseconds since 1970. */
  readonly validTo: number;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function sealGrant(grant: ImportGrant, secret: Buffer, random: Random): Buffer {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(grant), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @throws AwsError InvalidImportTokenException if this stand-in did not make it */
export function openGrant(token: Buffer, secret: Buffer): ImportGrant {
  try {
    const nonce = token.subarray(0, NONCE_BYTES);
    const tag = token.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(tag);
    const sealed = token.subarray(NONCE_BYTES + TAG_BYTES);
    const text = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as ImportGrant;
  } catch {
    throw new AwsError('InvalidImportTokenException', 'The import token is invalid.');
  }
}
