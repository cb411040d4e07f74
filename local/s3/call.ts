import { AwsError } from '../aws-error.ts';
import { type LocalRequest, type LocalResponse, queryValue } from '../http/message.ts';
import { allows, demand, type RequestConditions } from '../permissions.ts';
import type { Caller } from '../signature/authenticate.ts';
import type { Payload } from '../signature/body.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Bucket, ObjectStore } from './object-store.ts';
import type { Version } from './version.ts';
import { writeXml, type XmlElements } from './xml.ts';

/** An object that was just written, for those who react to it. */
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

/** What the operations work on. */
export interface S3Surroundings extends Surroundings {
  readonly store: ObjectStore;
  readonly maxObjectBytes: number;
  /** Called before the writer is answered, so that an answered write has had its event queued. */
  readonly onCreated: (created: CreatedObject) => Promise<void>;
}

/** One call of an S3 operation by a caller who is known; `key` is empty for a bucket's operations. */
export interface S3Call {
  readonly request: LocalRequest;
  readonly caller: Caller;
  readonly payload: Payload;
  readonly bucketName: string;
  readonly key: string;
  readonly s3: S3Surroundings;
}

/** Refuses unless the caller may do this to the object, or to keys with this prefix. */
export function demandObject(
  call: S3Call,
  action: string,
  key: string = call.key,
  conditions?: RequestConditions,
): void {
  demand(call.caller.principal, action, objectArn(call.bucketName, key), conditions);
}

/**
 * Listing is judged by the ARN of the prefix asked for. AWS judges it by the bucket's ARN with the prefix in
 * the condition key `s3:prefix`; the pair stands in one place here.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
 */
export function demandListing(call: S3Call, prefix: string, action = 's3:ListBucket'): void {
  demandObject(call, action, prefix);
}

/** Whether the caller may know that a key is not there. */
export function mayList(call: S3Call, key: string): boolean {
  return allows(call.caller.principal, 's3:ListBucket', objectArn(call.bucketName, key));
}

/** The bucket that the call is about; asked for only after the caller was found to be allowed. */
export function existingBucket(call: S3Call, name: string = call.bucketName): Bucket {
  const bucket = call.s3.store.bucket(name);
  if (bucket !== undefined) return bucket;
  throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', {
    details: { BucketName: name },
  });
}

/** An answer with a document. */
export function xmlAnswer(root: string, elements: XmlElements): LocalResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(root, elements),
  };
}

/** A parameter of the query. */
export function parameter(call: S3Call, name: string): string | undefined {
  return queryValue(call.request, name);
}

/** The ARN of a bucket (with an empty key that of its empty prefix, not the bucket's own). */
export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}

/** The entity tag as headers and documents carry it. */
export function quotedEtag(version: Version): string {
  return `"${version.etag}"`;
}
