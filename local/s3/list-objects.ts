import { AwsError } from '../aws-error.ts';
import type { LocalResponse } from '../http/message.ts';
import {
  demandListing,
  existingBucket,
  parameter,
  quotedEtag,
  type S3Call,
  xmlResponse,
} from './call.ts';
import { isContinuationToken, listObjects } from './listing.ts';
import type { Version } from './version.ts';

/** How many entries a page can have. */
const maxPage = 1000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listObjectsV2(call: S3Call): Promise<LocalResponse> {
  const prefix = parameter(call, 'prefix') ?? '';
  demandListing(call, prefix);
  const { index } = existingBucket(call);
  const continuationToken = parameter(call, 'continuation-token');
  if (continuationToken !== undefined && !isContinuationToken(continuationToken)) {
    throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
  }
  const delimiter = parameter(call, 'delimiter') ?? '';
  const startAfter = parameter(call, 'start-after') ?? '';
  const maxKeys = readMaxKeys(call);
  const page = listObjects(index, { prefix, delimiter, startAfter, continuationToken, maxKeys });
  const encode = nameEncoder(call);
  return xmlResponse('ListBucketResult', {
    Name: call.bucketName,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: parameter(call, 'encoding-type'),
    StartAfter: startAfter === '' ? undefined : encode(startAfter),
    ContinuationToken: continuationToken,
    KeyCount: page.contents.length + page.commonPrefixes.length,
    IsTruncated: page.nextToken !== undefined,
    NextContinuationToken: page.nextToken,
    Contents: page.contents.map((version) => ({
      Key: encode(version.key),
      ...entry(version),
      ChecksumAlgorithm: version.checksum?.algorithm.toUpperCase(),
      ChecksumType: version.checksum && 'FULL_OBJECT',
    })),
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
}

/**
 * Without delimiters, which no part of Cakeless uses for versions.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function listObjectVersions(call: S3Call): Promise<LocalResponse> {
  const prefix = parameter(call, 'prefix') ?? '';
  demandListing(call, prefix, 's3:ListBucketVersions');
  const { index } = existingBucket(call);
  const keyMarker = parameter(call, 'key-marker') ?? '';
  const versionIdMarker = parameter(call, 'version-id-marker') ?? '';
  const maxKeys = readMaxKeys(call);
  const found: { version: Version; latest: boolean }[] = [];
  let next: Version | undefined;
  for (const { version, latest } of index.allVersions(prefix, keyMarker, versionIdMarker)) {
    if (found.length === maxKeys) {
      next = found.at(-1)?.version;
      break;
    }
    found.push({ version, latest });
  }
  const encode = nameEncoder(call);
  const describe = ({ version, latest }: { version: Version; latest: boolean }) => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: latest,
    ...entry(version),
  });
  return xmlResponse('ListVersionsResult', {
    Name: call.bucketName,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionIdMarker,
    MaxKeys: maxKeys,
    EncodingType: parameter(call, 'encoding-type'),
    IsTruncated: next !== undefined,
    NextKeyMarker: next && encode(next.key),
    NextVersionIdMarker: next?.versionId,
    Version: found.filter(({ version }) => !version.deleteMarker).map(describe),
    DeleteMarker: found.filter(({ version }) => version.deleteMarker).map(describe),
  });
}

function entry(version: Version) {
  if (version.deleteMarker) return { LastModified: version.lastModified };
  return {
    LastModified: version.lastModified,
    ETag: quotedEtag(version),
    Size: version.size,
    StorageClass: version.storedAs?.storageClass ?? 'STANDARD',
  };
}

function readMaxKeys(call: S3Call): number {
  const text = parameter(call, 'max-keys') ?? String(maxPage);
  if (!/^\d{1,9}$/.test(text)) {
    throw new AwsError(
      'InvalidArgument',
      'Provided max-keys not an integer or within integer range',
    );
  }
  return Math.min(Number(text), maxPage);
}

/** XML cannot contain every key. With `encoding-type=url` keys are percent-encoded, except for slashes. */
function nameEncoder(call: S3Call): (name: string) => string {
  const type = parameter(call, 'encoding-type');
  if (type === undefined) return (name) => name;
  if (type !== 'url')
    throw new AwsError('InvalidArgument', 'Invalid Encoding Method specified in Request');
  return (name) => encodeURIComponent(name).replaceAll('%2F', '/');
}
