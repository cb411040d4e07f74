/**
 * What a writer can ask of S3 in addition to storing the content: a storage class, an encryption, tags, an ACL, a lock.
 * Some of it decides who can read the object afterwards, and whether anyone can.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
import { AwsError } from '../aws-error.ts';
import type { StorageOption } from '../permissions.ts';
import { type CustomerKey, readCustomerKey } from './customer-key.ts';
import { readTags, type Tag } from './tags.ts';

type Headers = ReadonlyMap<string, string>;

/** How an object is stored. Absent fields mean S3's defaults: STANDARD, SSE-S3, no tags. */
export interface StoredAs {
  readonly storageClass?: string;
  readonly encryption?: KmsEncryption | CustomerKey;
  readonly tags?: readonly Tag[];
}

/** Encrypted with a key in KMS, which a reader must be allowed to use. */
export interface KmsEncryption {
  readonly kind: 'aws:kms' | 'aws:kms:dsse';
  /** As the writer named it; absent for the key that AWS manages, which everyone in the account can use. */
  readonly key?: string;
}

const SSE = 'x-amz-server-side-encryption';
const KMS_KEY = `${SSE}-aws-kms-key-id`;
const CLASS = 'x-amz-storage-class';
const ACL = 'x-amz-acl';
const TAGS = 'x-amz-tagging';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html, without those of other bucket types */
const CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
];

/** @throws AwsError for an option that is invalid, or that a bucket without ACLs and locks does not accept */
export function readStorageOptions(headers: Headers): StoredAs {
  refuseAclAndLock(headers);
  const storageClass = headers.get(CLASS) ?? 'STANDARD';
  if (!CLASSES.includes(storageClass))
    throw new AwsError('InvalidStorageClass', 'The storage class you specified is not valid');
  const encryption = readEncryption(headers);
  const tags = readTags(headers.get(TAGS) ?? '');
  return {
    ...(storageClass !== 'STANDARD' && { storageClass }),
    ...(encryption !== undefined && { encryption }),
    ...(tags.length > 0 && { tags }),
  };
}

function readEncryption(headers: Headers): StoredAs['encryption'] {
  const customerKey = readCustomerKey(headers);
  const kind = headers.get(SSE);
  const key = headers.get(KMS_KEY);
  if (customerKey !== undefined && kind !== undefined)
    throw new AwsError(
      'InvalidArgument',
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
    );
  if (customerKey !== undefined) return customerKey;
  if (kind === 'aws:kms' || kind === 'aws:kms:dsse')
    return { kind, ...(key !== undefined && { key }) };
  if (key !== undefined)
    throw new AwsError(
      'InvalidArgument',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    );
  if (kind === undefined || kind === 'AES256') return undefined;
  throw new AwsError(
    'InvalidEncryptionAlgorithmError',
    'The encryption request you specified is not valid. Supported value: AES256.',
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html */
function refuseAclAndLock(headers: Headers): void {
  if (asksForAcl(headers))
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  if (asksForLock(headers))
    throw new AwsError('InvalidRequest', 'Bucket is missing Object Lock Configuration');
}

const asksForAcl = (headers: Headers): boolean =>
  ![undefined, 'bucket-owner-full-control'].includes(headers.get(ACL)) ||
  anyName(headers, 'x-amz-grant-');

const asksForLock = (headers: Headers): boolean => anyName(headers, 'x-amz-object-lock-');

const anyName = (headers: Headers, start: string): boolean =>
  [...headers.keys()].some((name) => name.startsWith(start));

/** The options of a request that permissions can depend on: those that ask for something other than the default. */
export function unusualOptions(headers: Headers): StorageOption[] {
  const asks: Readonly<Record<StorageOption, boolean>> = {
    'storage class': ![undefined, 'STANDARD'].includes(headers.get(CLASS)),
    encryption: ![undefined, 'AES256'].includes(headers.get(SSE)) || anyName(headers, `${SSE}-`),
    ACL: asksForAcl(headers),
    tags: headers.has(TAGS),
    lock: asksForLock(headers),
  };
  return (Object.keys(asks) as StorageOption[]).filter((option) => asks[option]);
}

/** The ARN of a key, however the writer named it; undefined for the one that AWS manages. */
export function arnOfKey(
  { key }: KmsEncryption,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): string | undefined {
  if (key === undefined || key.startsWith('arn:')) return key;
  const resource = key.startsWith('alias/') ? key : `key/${key}`;
  return `arn:aws:kms:${region}:${accountId}:${resource}`;
}

/** The response headers that describe how an object is stored; S3 omits the storage class STANDARD. */
export function storageHeaders(
  { storageClass, encryption }: StoredAs,
  place: { readonly region: string; readonly accountId: string },
): Record<string, string> {
  return {
    ...(storageClass !== undefined && { [CLASS]: storageClass }),
    ...encryptionHeaders(encryption, place),
  };
}

function encryptionHeaders(
  encryption: StoredAs['encryption'],
  place: { readonly region: string; readonly accountId: string },
): Record<string, string> {
  if (encryption === undefined) return { [SSE]: 'AES256' };
  if (encryption.kind === 'customer')
    return {
      [`${SSE}-customer-algorithm`]: 'AES256',
      [`${SSE}-customer-key-md5`]: encryption.keyMd5,
    };
  const managed = `arn:aws:kms:${place.region}:${place.accountId}:key/aws/s3`;
  return { [SSE]: encryption.kind, [KMS_KEY]: arnOfKey(encryption, place) ?? managed };
}
