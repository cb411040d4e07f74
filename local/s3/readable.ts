/** Whether a reader can get the content of an object, depending on how it is stored. */
import { AwsError } from '../aws-error.ts';
import { demand } from '../permissions.ts';
import type { S3Call } from './call.ts';
import { readCustomerKey } from './customer-key.ts';
import { arnOfKey } from './storage-options.ts';
import type { Version } from './version.ts';

/** Content in these classes has to be restored first, which the stand-in cannot do. */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];

/** @throws AwsError unless the caller can read the content */
export function demandReadable(call: S3Call, version: Version): void {
  demandCustomerKey(call, version);
  const { storageClass, encryption } = version.storedAs ?? {};
  if (storageClass !== undefined && ARCHIVES.includes(storageClass))
    throw new AwsError(
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
      { details: { StorageClass: storageClass } },
    );
  if (encryption !== undefined && encryption.kind !== 'customer') {
    const key = arnOfKey(encryption, call.s3);
    if (key !== undefined) demand(call.caller.principal, 'kms:Decrypt', key);
  }
}

/** S3 needs the customer's key for the metadata, too: HEAD without it gets 400. */
export function demandCustomerKey(call: S3Call, { storedAs }: Version): void {
  const given = readCustomerKey(call.request.headers);
  const stored = storedAs?.encryption?.kind === 'customer' ? storedAs.encryption : undefined;
  if (given?.keySha256 === stored?.keySha256) return;
  if (given === undefined)
    throw new AwsError(
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    );
  if (stored === undefined)
    throw new AwsError(
      'InvalidRequest',
      'The encryption parameters are not applicable to this object.',
    );
  throw new AwsError('AccessDenied', 'Access Denied');
}
