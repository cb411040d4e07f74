import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Random } from '../identifiers.ts';

/** What a token of GetParametersForImport stands for. */
export interface ImportParameters {
  readonly keyId: string;
  readonly wrappingAlgorithm: string;
  readonly validTo: string;
  /** The private key of the wrapping key, as PKCS #8 in PEM. */
  readonly wrappingKeyPem: string;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The token holds the parameters themselves, encrypted: there is nothing to keep, or to clear away. */
export function sealToken(parameters: ImportParameters, secret: Buffer, random: Random): Buffer {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, secret, nonce);
  const text = cipher.update(JSON.stringify(parameters), 'utf8');
  return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
}

/** @throws AwsError if this is no token of this key, or too old */
export function openToken(token: Buffer, secret: Buffer, keyId: string, now: Date) {
  const parameters = unsealed(token, secret);
  if (parameters?.keyId !== keyId) {
    throw new AwsError(
      'InvalidImportTokenException',
      'The import token is invalid or is associated with a different KMS key.',
    );
  }
  if (Date.parse(parameters.validTo) > now.getTime()) return parameters;
  throw new AwsError('ExpiredImportTokenException', 'The import token is expired.');
}

function unsealed(token: Buffer, secret: Buffer): ImportParameters | undefined {
  if (token.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, secret, token.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(token.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(token.subarray(NONCE_BYTES, -TAG_BYTES));
    return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8'));
  } catch {
    return undefined;
  }
}
