/** SDK clients with bounded waits and standard retries. */
import { S3Client } from '@aws-sdk/client-s3';

/**
 * By default a client waits forever for a request that hangs, and for the rest of a response: requestTimeout ends with
 * its head, socketTimeout limits each pause after it. A node renews its lease while a manifest is out of its folder, and
 * must not wait there until someone looks. A KMS or S3 call takes milliseconds, and five attempts
 * with exponential backoff outlast a throttle of seconds. `adaptive` mode keeps a client slow long after the throttle
 * ends.
 * https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html
 */
export const CLIENT_SETTINGS = {
  retryMode: 'standard',
  maxAttempts: 5,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 4000,
    throwOnRequestTimeout: true,
    socketTimeout: 4000,
  },
} as const;

/** @param region replaces the one in the environment */
export const newS3Client = (region?: string) =>
  new S3Client({ ...CLIENT_SETTINGS, ...(region && { region }) });

/** For presigned URLs, which are signed before there is a body to compute a checksum of. */
export const newPresigningClient = () =>
  new S3Client({ ...CLIENT_SETTINGS, requestChecksumCalculation: 'WHEN_REQUIRED' });
