import { AwsError } from '../aws-error.ts';
import { type LocalRequest, type LocalResponse, queryValue } from '../http/message.ts';
import { allows, demand, type RequestConditions } from '../permissions.ts';
import type { Caller } from '../signature/authenticate.ts';
import type { Payload } from '../signature/body.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Bucket, ObjectStore } from './object-store.ts';
import type { Version } from './version.ts';
import { writeXml, type XmlElements } from './xml.ts';

/** An object that was just written. */
export interface CreatedObject {
  readonly eventName: 'ObjectCreated:Put' | 'ObjectCreated:Copy';
  readonly bucket: string;
  readonly versioned: boolean;
  readonly version: Version;
  readonly content: Buffer;
  readonly principalId: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** What the operations need. */
export interface S3Surroundings extends Surroundings {
  readonly store: ObjectStore;
  readonly maxObjectBytes: number;
  /** Called before the response to the writer, so that the event of an acknowledged write is in the queue. */
  readonly onCreated: (created: CreatedObject) => Promise<void>;
}

/** One call of an S3 operation by an authenticated caller. `key` is empty for operations on buckets. */
export interface S3Call {
  readonly request: LocalRequest;
  readonly caller: Caller;
  readonly payload: Payload;
  readonly bucketName: string;
  readonly key: string;
  readonly s3: S3Surroundings;
}

/** @throws AwsError unless the caller may do this to the object, or to keys with this prefix */
export function demandObject(
  call: S3Call,
  action: string,
  key: string = call.key,
  conditions?: RequestConditions,
): void {
  demand(call.caller.principal, action, objectArn(call.bucketName, key), conditions);
}

/**
 * Listing is authorized by the ARN of the requested prefix. AWS authorizes it by the ARN of the bucket and the
 * condition key `s3:prefix`; here the two are one resource.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
 */
export function demandListing(call: S3Call, prefix: string, action = 's3:ListBucket'): void {
  demandObject(call, action, prefix);
}

/** Whether the caller may learn that a key does not exist. */
export function mayList(call: S3Call, key: string): boolean {
  return allows(call.caller.principal, 's3:ListBucket', objectArn(call.bucketName, key));
}

/** The bucket of the call. Look it up only after authorization, so that a 404 does not reveal whether it exists. */
export function existingBucket(call: S3Call, name: string = call.bucketName): Bucket {
  const bucket = call.s3.store.bucket(name);
  if (bucket !== undefined) return bucket;
  throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', {
    details: { BucketName: name },
  });
}

/** A response with an XML document. */
export function xmlResponse(root: string, elements: XmlElements): LocalResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(root, elements),
  };
}

/** A query parameter. */
export function parameter(call: S3Call, name: string): string | undefined {
  return queryValue(call.request, name);
}

/** The ARN of an object or prefix. An empty key is the empty prefix, whose ARN is not that of the bucket. */
export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}

/** The entity tag as in headers and documents. */
export function quotedEtag(version: Version): string {
  return `"${version.etag}"`;
}
