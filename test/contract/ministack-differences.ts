import type { Difference, Differences } from './contract.ts';

const checksumIsNotReturned: Difference = {
  does: 'checks and keeps the checksum, but does not return it in the response to PutObject',
  shows: /Expected: "\S+"\s+Received: undefined/,
  aws: 'the response has the header x-amz-checksum-… of the algorithm that the object was stored with',
  link: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_ResponseElements',
};

/** Where MiniStack differs from AWS's documentation, keyed by the title of the test that shows it. */
export const MINISTACK_DIFFERENCES: Differences = {
  ...Object.fromEntries(
    ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'].map((algorithm) => [
      `MiniStack S3 checksums ${algorithm} is returned to the uploader`,
      checksumIsNotReturned,
    ]),
  ),
  'MiniStack KMS a request to sign is refused for a raw message over 4096 bytes': {
    does: 'signs it',
    shows: /Received promise resolved instead of rejected[\s\S]*"Signature"/,
    aws: 'Messages can be 0-4096 bytes; for a larger one, sign its digest',
    link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#KMS-Sign-request-Message',
  },
  'MiniStack SQS and Lambda a function that throws returns the type and message of the error': {
    does: 'responds with errorType Runtime.HandlerError, whatever was thrown',
    shows: /-\s+"errorType": "RangeError",\s+\+\s+"errorType": "Runtime\.HandlerError"/,
    aws: "errorType is the name of the error's class",
    link: 'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html',
  },
};
