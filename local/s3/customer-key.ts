/**
 * SSE-C: each request carries the key. The stand-in keeps what identifies the key, and does not encrypt. S3 accepts such
 * objects only over TLS, and since April 2026 only in buckets that allow them explicitly.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
 */
import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';

/** What is kept of a key. */
export interface CustomerKey {
  readonly kind: 'customer';
  /** MD5 of the key, as S3 returns it. */
  readonly keyMd5: string;
  /** SHA-256 of the key, by which a reader's key is recognized. */
  readonly keySha256: string;
}

const NAMES = {
  algorithm: 'x-amz-server-side-encryption-customer-algorithm',
  key: 'x-amz-server-side-encryption-customer-key',
  md5: 'x-amz-server-side-encryption-customer-key-md5',
} as const;

const invalid = (problem: string) =>
  new AwsError(
    'InvalidArgument',
    `Requests specifying Server Side Encryption with Customer provided keys must provide ${problem}.`,
  );

/** The key of a request; undefined if it carries none. @throws AwsError if part of it is missing or wrong */
export function readCustomerKey(headers: ReadonlyMap<string, string>): CustomerKey | undefined {
  const [algorithm, text, md5] = [NAMES.algorithm, NAMES.key, NAMES.md5].map((name) =>
    headers.get(name),
  );
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  if (algorithm !== 'AES256') throw invalid('a valid encryption algorithm');
  const key = Buffer.from(text ?? '', 'base64');
  if (key.length !== 32) throw invalid('an appropriate secret key');
  if (md5 === undefined) throw invalid('the client calculated MD5 of the secret key');
  if (md5 !== createHash('md5').update(key).digest('base64'))
    throw new AwsError(
      'InvalidArgument',
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    );
  return {
    kind: 'customer',
    keyMd5: md5,
    keySha256: createHash('sha256').update(key).digest('hex'),
  };
}
