import type { LocalResponse } from '../http/message.ts';
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from './bucket-operations.ts';
import type { S3Call } from './call.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { listObjectsV2, listObjectVersions } from './list-objects.ts';
import { getObject, getObjectTagging } from './read-object.ts';
import { copyObject, putObject } from './write-object.ts';

/** An S3 operation: how to recognize it, and the query parameters that it accepts. */
export interface S3Operation {
  readonly name: string;
  readonly method: string;
  readonly on: 'service' | 'bucket' | 'object';
  /** A query parameter, or a header, that only requests of this operation have. */
  readonly marker?: string;
  readonly header?: string;
  readonly parameters?: readonly string[];
  readonly run: (call: S3Call) => Promise<LocalResponse>;
}

const listParameters = ['prefix', 'delimiter', 'max-keys', 'encoding-type'];

/**
 * Every operation that the stand-in has. Those with a marker or header come first: the one without takes every other
 * request of its method.
 */
export const operations: readonly S3Operation[] = [
  { name: 'ListBuckets', method: 'GET', on: 'service', run: listBuckets },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    marker: 'list-type',
    parameters: [...listParameters, 'start-after', 'continuation-token', 'fetch-owner'],
    run: listObjectsV2,
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    marker: 'versions',
    parameters: ['prefix', 'max-keys', 'encoding-type', 'key-marker', 'version-id-marker'],
    run: listObjectVersions,
  },
  {
    name: 'GetBucketVersioning',
    method: 'GET',
    on: 'bucket',
    marker: 'versioning',
    run: getBucketVersioning,
  },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    marker: 'location',
    run: getBucketLocation,
  },
  {
    name: 'PutBucketVersioning',
    method: 'PUT',
    on: 'bucket',
    marker: 'versioning',
    run: putBucketVersioning,
  },
  { name: 'CreateBucket', method: 'PUT', on: 'bucket', run: createBucket },
  { name: 'HeadBucket', method: 'HEAD', on: 'bucket', run: headBucket },
  { name: 'DeleteBucket', method: 'DELETE', on: 'bucket', run: deleteBucket },
  { name: 'DeleteObjects', method: 'POST', on: 'bucket', marker: 'delete', run: deleteObjects },
  {
    name: 'CopyObject',
    method: 'PUT',
    on: 'object',
    header: 'x-amz-copy-source',
    run: copyObject,
  },
  { name: 'PutObject', method: 'PUT', on: 'object', run: putObject },
  {
    name: 'GetObjectTagging',
    method: 'GET',
    on: 'object',
    marker: 'tagging',
    parameters: ['versionId'],
    run: getObjectTagging,
  },
  { name: 'GetObject', method: 'GET', on: 'object', parameters: ['versionId'], run: getObject },
  { name: 'HeadObject', method: 'HEAD', on: 'object', parameters: ['versionId'], run: getObject },
  {
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    parameters: ['versionId'],
    run: deleteObject,
  },
];
