import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { LocalResponse } from '../http/message.ts';
import { decodePercent } from '../http/read-request.ts';
import { demand } from '../permissions.ts';
import {
  demandObject,
  existingBucket,
  objectArn,
  quotedEtag,
  type S3Call,
  xmlResponse,
} from './call.ts';
import { checkedChecksum, checksumHeaders } from './checksums.ts';
import { keptHeaders } from './object-headers.ts';
import type { NewVersion } from './object-store.ts';
import { writePrecondition } from './preconditions.ts';
import { existingVersion } from './read-object.ts';
import type { Version } from './version.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(call: S3Call): Promise<LocalResponse> {
  demandWrite(call);
  const { body, trailers } = call.payload;
  const version = await store(call, 'ObjectCreated:Put', body, {
    headers: keptHeaders(call.request.headers),
    checksum: checkedChecksum(body, call.request.headers, trailers),
  });
  return {
    status: 200,
    headers: {
      etag: quotedEtag(version),
      ...versionHeader(call, version),
      ...(version.checksum === undefined ? {} : checksumHeaders(version.checksum)),
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export async function copyObject(call: S3Call): Promise<LocalResponse> {
  demandWrite(call);
  const source = readCopySource(call);
  const { principal } = call.caller;
  const sourceCall = { ...call, ...source };
  const action = source.versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  demand(principal, action, objectArn(source.bucketName, source.key));
  const sourceBucket = existingBucket(sourceCall);
  const original = existingVersion(sourceCall, sourceBucket, source.versionId);
  const content = await call.s3.store.content(sourceBucket, original);
  const replaced = call.request.headers.get('x-amz-metadata-directive') === 'REPLACE';
  const asked = keptHeaders(call.request.headers);
  const version = await store(call, 'ObjectCreated:Copy', content, {
    headers: replaced ? asked : original.headers,
    ...(original.checksum === undefined ? {} : { checksum: original.checksum }),
  });
  const response = xmlResponse('CopyObjectResult', {
    LastModified: version.lastModified,
    ETag: quotedEtag(version),
  });
  return { ...response, headers: { ...response.headers, ...versionHeader(call, version) } };
}

/** A write with If-Match reveals whether an object has this tag, so it needs permission to read, too. */
function demandWrite(call: S3Call): void {
  const ifNoneMatch = call.request.headers.get('if-none-match') === '*';
  const ifMatch = call.request.headers.has('if-match');
  demandObject(call, 's3:PutObject', call.key, { ifNoneMatch, ifMatch });
  if (call.request.headers.has('if-match')) demandObject(call, 's3:GetObject');
}

async function store(
  call: S3Call,
  eventName: 'ObjectCreated:Put' | 'ObjectCreated:Copy',
  content: Buffer,
  made: Pick<NewVersion, 'headers' | 'checksum'>,
): Promise<Version> {
  const bucket = existingBucket(call);
  if (content.length > call.s3.maxObjectBytes) {
    throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      details: {
        ProposedSize: String(content.length),
        MaxSizeAllowed: String(call.s3.maxObjectBytes),
      },
    });
  }
  const etag = createHash('md5').update(content).digest('hex');
  const version = await call.s3.store.put(
    bucket,
    { key: call.key, size: content.length, etag, ...made },
    content,
    writePrecondition(call.request.headers),
  );
  await call.s3.onCreated({
    eventName,
    bucket: bucket.name,
    versioned: bucket.versioning !== 'Unset',
    version,
    content,
    principalId: call.caller.principal.principalId,
    sourceIp: call.request.sourceIp,
    requestId: call.request.id,
  });
  return version;
}

/** The header is percent-encoded, and can start with a slash and end with a version. */
function readCopySource(call: S3Call) {
  const text = call.request.headers.get('x-amz-copy-source') ?? '';
  const parts = /^\/?([^/?]+)\/([^?]+)(?:\?versionId=([\w.-]+))?$/.exec(text);
  if (parts === null) {
    throw new AwsError('InvalidArgument', 'Copy Source must mention the source bucket and key');
  }
  return {
    bucketName: decodePercent(parts[1] ?? ''),
    key: decodePercent(parts[2] ?? ''),
    versionId: parts[3],
  };
}

function versionHeader(call: S3Call, version: Version): Record<string, string> {
  const versioned = existingBucket(call).versioning !== 'Unset';
  return versioned ? { 'x-amz-version-id': version.versionId } : {};
}
