import { AwsError } from '../aws-error.ts';
import type { LocalResponse } from '../http/message.ts';
import { demand } from '../permissions.ts';
import { demandListing, existingBucket, type S3Call, xmlResponse } from './call.ts';
import { childText, readXml } from './xml-read.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export async function listBuckets(call: S3Call): Promise<LocalResponse> {
  demand(call.caller.principal, 's3:ListAllMyBuckets', '*');
  return xmlResponse('ListAllMyBucketsResult', {
    Owner: { ID: call.s3.accountId },
    Buckets: {
      Bucket: call.s3.store.buckets().map(({ name, createdAt }) => ({
        Name: name,
        CreationDate: createdAt,
        BucketRegion: call.s3.region,
      })),
    },
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketName = /^(?!.*\.\.)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export async function createBucket(call: S3Call): Promise<LocalResponse> {
  demandBucket(call, 's3:CreateBucket');
  const name = call.bucketName;
  if (!bucketName.test(name)) {
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', {
      details: { BucketName: name },
    });
  }
  const document = call.payload.body.toString('utf8');
  const location =
    document.trim() === ''
      ? undefined
      : childText(readXml(document, 'CreateBucketConfiguration'), 'LocationConstraint');
  if (location !== undefined && location !== call.s3.region) {
    throw new AwsError(
      'IllegalLocationConstraintException',
      `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  if (call.s3.store.bucket(name) !== undefined) {
    throw new AwsError(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      { details: { BucketName: name } },
    );
  }
  await call.s3.store.saveBucket(name, 'Unset');
  return { status: 200, headers: { location: `/${name}` } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket(call: S3Call): Promise<LocalResponse> {
  demandBucket(call, 's3:DeleteBucket');
  const bucket = existingBucket(call);
  if (!bucket.index.isEmpty) {
    throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty');
  }
  await call.s3.store.removeBucket(bucket);
  return { status: 204 };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export async function headBucket(call: S3Call): Promise<LocalResponse> {
  demandListing(call, '');
  existingBucket(call);
  return { status: 200, headers: { 'x-amz-bucket-region': call.s3.region } };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export async function getBucketLocation(call: S3Call): Promise<LocalResponse> {
  demandBucket(call, 's3:GetBucketLocation');
  existingBucket(call);
  const region = call.s3.region === 'us-east-1' ? '' : call.s3.region;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${region}</LocationConstraint>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
export async function getBucketVersioning(call: S3Call): Promise<LocalResponse> {
  demandBucket(call, 's3:GetBucketVersioning');
  const { versioning } = existingBucket(call);
  return xmlResponse('VersioningConfiguration', {
    Status: versioning === 'Unset' ? undefined : versioning,
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export async function putBucketVersioning(call: S3Call): Promise<LocalResponse> {
  demandBucket(call, 's3:PutBucketVersioning');
  const document = readXml(call.payload.body.toString('utf8'), 'VersioningConfiguration');
  const status = childText(document, 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new AwsError('MalformedXML', 'Status must be Enabled or Suspended');
  }
  await call.s3.store.saveBucket(existingBucket(call).name, status);
  return { status: 200 };
}

function demandBucket(call: S3Call, action: string): void {
  demand(call.caller.principal, action, `arn:aws:s3:::${call.bucketName}`);
}
