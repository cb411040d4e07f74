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
import { demandReadable } from './readable.ts';
import {
  arnOfKey,
  readStorageOptions,
  type StoredAs,
  storageHeaders,
  unusualOptions,
} from './storage-options.ts';
import type { Version } from './version.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(call: S3Call): Promise<LocalResponse> {
  demandWrite(call);
  const { body, trailers } = call.payload;
  const version = await store(call, 'ObjectCreated:Put', body, {
    headers: keptHeaders(call.request.headers),
    checksum: checkedChecksum(body, call.request.headers, trailers),
    storedAs: readStorageOptions(call.request.headers),
  });
  return {
    status: 200,
    headers: {
      etag: quotedEtag(version),
      ...versionHeader(call, version),
      ...encryptionOf(call, version),
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
  demandReadable(call, original);
  const content = await call.s3.store.content(sourceBucket, original);
  const replaced = call.request.headers.get('x-amz-metadata-directive') === 'REPLACE';
  const asked = keptHeaders(call.request.headers);
  const version = await store(call, 'ObjectCreated:Copy', content, {
    headers: replaced ? asked : original.headers,
    ...(original.checksum === undefined ? {} : { checksum: original.checksum }),
    storedAs: copiedAs(call, original),
  });
  const response = xmlResponse('CopyObjectResult', {
    LastModified: version.lastModified,
    ETag: quotedEtag(version),
  });
  return {
    ...response,
    headers: {
      ...response.headers,
      ...versionHeader(call, version),
      ...encryptionOf(call, version),
    },
  };
}

/** A copy has the class and the encryption that the request asks for, and the tags of the original unless replaced. */
function copiedAs(call: S3Call, original: Version): StoredAs {
  const { tags: asked, ...storedAs } = readStorageOptions(call.request.headers);
  const replaced = call.request.headers.get('x-amz-tagging-directive') === 'REPLACE';
  const tags = replaced ? asked : original.storedAs?.tags;
  return { ...storedAs, ...(tags !== undefined && { tags }) };
}

/** The response to a writer says how the object is encrypted, but not its class. */
const encryptionOf = (call: S3Call, { storedAs }: Version): Record<string, string> =>
  storageHeaders(
    storedAs?.encryption === undefined ? {} : { encryption: storedAs.encryption },
    call.s3,
  );

/** A write with If-Match reveals whether an object has this tag, so it needs permission to read, too. */
function demandWrite(call: S3Call): void {
  const ifNoneMatch = call.request.headers.get('if-none-match') === '*';
  const ifMatch = call.request.headers.has('if-match');
  const options = unusualOptions(call.request.headers);
  demandObject(call, 's3:PutObject', call.key, { ifNoneMatch, ifMatch, options });
  if (ifMatch) demandObject(call, 's3:GetObject');
  if (options.includes('tags')) demandObject(call, 's3:PutObjectTagging');
  const { encryption } = readStorageOptions(call.request.headers);
  const key =
    encryption === undefined || encryption.kind === 'customer'
      ? undefined
      : arnOfKey(encryption, call.s3);
  if (key !== undefined) demand(call.caller.principal, 'kms:GenerateDataKey', key);
}

async function store(
  call: S3Call,
  eventName: 'ObjectCreated:Put' | 'ObjectCreated:Copy',
  content: Buffer,
  made: Pick<NewVersion, 'headers' | 'checksum' | 'storedAs'>,
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
