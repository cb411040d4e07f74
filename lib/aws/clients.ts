/** SDK clients with the settings that were measured: bounded waiting, standard retries. */
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';

/**
 * Without them a client waits for a hung request for ever. A KMS or S3 call takes milliseconds; five tries with
 * exponential backoff outlast a throttle of seconds. `adaptive` mode keeps a client slow long after the throttle.
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html
 */
export const CLIENT_SETTINGS = {
  retryMode: 'standard',
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true },
} as const;

/** @param region in place of the one in the environment */
export const newS3Client = (region?: string) =>
  new S3Client({ ...CLIENT_SETTINGS, ...(region && { region }) });
export const newKmsClient = () => new KMSClient(CLIENT_SETTINGS);

/** For presigned URLs: no checksum of a body that is not there yet. */
export const newPresigningClient = () =>
  new S3Client({ ...CLIENT_SETTINGS, requestChecksumCalculation: 'WHEN_REQUIRED' });
