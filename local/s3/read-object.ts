import { AwsError } from '../aws-error.ts';
import type { LocalResponse } from '../http/message.ts';
import {
  demandObject,
  existingBucket,
  mayList,
  parameter,
  quotedEtag,
  type S3Call,
  xmlResponse,
} from './call.ts';
import { checksumHeaders } from './checksums.ts';
import type { Bucket } from './object-store.ts';
import { isNotModified } from './preconditions.ts';
import { type ByteRange, readRange } from './range.ts';
import { demandCustomerKey, demandReadable } from './readable.ts';
import { storageHeaders } from './storage-options.ts';
import type { Version } from './version.ts';

/**
 * GetObject, and HeadObject: the listener omits its content.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(call: S3Call): Promise<LocalResponse> {
  const versionId = parameter(call, 'versionId');
  demandObject(call, versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion');
  const bucket = existingBucket(call);
  const version = existingVersion(call, bucket, versionId);
  if (call.request.method === 'HEAD') demandCustomerKey(call, version);
  else demandReadable(call, version);
  if (isNotModified(call.request.headers, version)) {
    return { status: 304, headers: { etag: quotedEtag(version) } };
  }
  const range = readRange(call.request.headers.get('range'), version.size);
  const content = await call.s3.store.content(bucket, version);
  return {
    status: range === undefined ? 200 : 206,
    headers: describe(call, bucket, version, range),
    body: range === undefined ? content : content.subarray(range.start, range.end + 1),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging(call: S3Call): Promise<LocalResponse> {
  const versionId = parameter(call, 'versionId');
  demandObject(
    call,
    versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging',
  );
  const { storedAs } = existingVersion(call, existingBucket(call), versionId);
  const Tag = (storedAs?.tags ?? []).map(({ key, value }) => ({ Key: key, Value: value }));
  return xmlResponse('Tagging', { TagSet: { Tag } });
}

/** Finds the version to read. @throws AwsError that reveals no more than the caller may know */
export function existingVersion(
  call: S3Call,
  bucket: Bucket,
  versionId: string | undefined,
): Version {
  const versions = bucket.index.versions(call.key);
  if (versionId !== undefined) return namedVersion(versions, versionId);
  const [current] = versions;
  if (current !== undefined && !current.deleteMarker) return current;
  const headers: Record<string, string> =
    current === undefined
      ? {}
      : { 'x-amz-delete-marker': 'true', 'x-amz-version-id': current.versionId };
  // A caller who may not list must not learn from a 404 which keys exist ("Permissions" on the page of GetObject).
  if (!mayList(call, call.key)) {
    throw new AwsError(
      'AccessDenied',
      `${call.caller.principal.name} may not list this prefix, so it cannot learn whether the key exists`,
    );
  }
  throw new AwsError('NoSuchKey', 'The specified key does not exist.', {
    details: { Key: call.key },
    headers,
  });
}

function namedVersion(versions: readonly Version[], versionId: string): Version {
  const version = versions.find((candidate) => candidate.versionId === versionId);
  if (version === undefined) {
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', {
      details: { VersionId: versionId },
    });
  }
  if (version.deleteMarker) {
    throw new AwsError(
      'MethodNotAllowed',
      'The specified method is not allowed against this resource.',
      { headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': versionId } },
    );
  }
  return version;
}

/** A checksum covers the whole object, so a response with a range has none. */
function describe(
  call: S3Call,
  bucket: Bucket,
  version: Version,
  range: ByteRange | undefined,
): Record<string, string> {
  const wantsChecksum = call.request.headers.get('x-amz-checksum-mode') === 'ENABLED';
  const { storedAs = {} } = version;
  const tags = storedAs.tags?.length;
  return {
    ...version.headers,
    ...storageHeaders(storedAs, call.s3),
    ...(tags !== undefined && { 'x-amz-tagging-count': String(tags) }),
    etag: quotedEtag(version),
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'content-length': String(range === undefined ? version.size : range.end - range.start + 1),
    ...(bucket.versioning === 'Unset' ? {} : { 'x-amz-version-id': version.versionId }),
    ...(range === undefined
      ? {}
      : { 'content-range': `bytes ${range.start}-${range.end}/${version.size}` }),
    ...(wantsChecksum && range === undefined && version.checksum !== undefined
      ? checksumHeaders(version.checksum)
      : {}),
  };
}
