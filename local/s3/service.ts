import { AwsError } from '../aws-error.ts';
import { type LocalRequest, type LocalResponse, queryValue } from '../http/message.ts';
import { decodePercent } from '../http/read-request.ts';
import type { Caller } from '../signature/authenticate.ts';
import type { Payload } from '../signature/body.ts';
import type { S3Surroundings } from './call.ts';
import { operations, type S3Operation } from './operations.ts';
import { writeErrorXml } from './xml.ts';

/** Handles one S3 request, addressed path-style: `/<bucket>/<key>`. */
export async function handleS3(
  s3: S3Surroundings,
  caller: Caller,
  payload: Payload,
): Promise<LocalResponse> {
  const { request } = caller;
  const { bucketName, key } = readPath(request.rawPath);
  const on = bucketName === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const operation = operations.find(
    (candidate) =>
      candidate.on === on &&
      candidate.method === request.method &&
      (candidate.marker === undefined || queryValue(request, candidate.marker) !== undefined) &&
      (candidate.header === undefined || request.headers.has(candidate.header)),
  );
  if (operation === undefined) {
    const names = request.query.map(([name]) => name).join('&');
    throw notImplemented(`${request.method} of ${on}?${names}`);
  }
  refuseUnknownParameters(request, operation);
  checkExpectedOwner(request, s3.accountId);
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new AwsError('KeyTooLongError', 'Your key is too long', {
      details: { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(maxKeyBytes) },
    });
  }
  return operation.run({ request, caller, payload, bucketName, key, s3 });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: bytes of UTF-8, not characters. */
const maxKeyBytes = 1024;

/** S3's error document. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function s3Failure(error: AwsError, requestId: string): LocalResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/xml', ...error.headers },
    body: writeErrorXml({
      Code: error.code,
      Message: error.message,
      ...error.details,
      RequestId: requestId,
      HostId: 'cakeless-local',
    }),
  };
}

function readPath(rawPath: string): { bucketName: string; key: string } {
  const [, bucket = '', key = ''] = /^\/([^/]*)(?:\/(.*))?$/s.exec(rawPath) ?? [];
  return { bucketName: decodePercent(bucket), key: decodePercent(key) };
}

/** Unknown parameters would change what the request means (?acl, ?uploads, ?tagging), so they are refused. */
function refuseUnknownParameters(request: LocalRequest, operation: S3Operation): void {
  const known = [operation.marker, 'x-id', ...(operation.parameters ?? [])];
  for (const [name] of request.query) {
    if (!known.includes(name)) throw notImplemented(`${operation.name} with ?${name}`);
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html */
function checkExpectedOwner(request: LocalRequest, accountId: string): void {
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const expected = request.headers.get(name) ?? accountId;
    if (expected !== accountId) throw new AwsError('AccessDenied', `Access Denied: ${name}`);
  }
}

function notImplemented(what: string): AwsError {
  return new AwsError(
    'NotImplemented',
    `A parameter you provided implies functionality that is not implemented: ${what} is not implemented by this stand-in`,
  );
}
