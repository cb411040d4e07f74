import type { Difference, Differences } from './contract.ts';

const checksumIsNotReturned: Difference = {
  does: 'checks and keeps the checksum, but does not return it in the response to PutObject',
  shows: /Expected: "\S+"\s+Received: undefined/,
  aws: 'the response has the header x-amz-checksum-… of the algorithm that the object was stored with',
  link: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html#API_PutObject_ResponseElements',
};

const takesAnotherKey: Difference = {
  does: 'imports it',
  shows: /Received promise resolved instead of rejected/,
  aws: 'only one key material can ever be associated with an asymmetric key; IncorrectKeyMaterialException',
  link: 'https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-import-key-material.html',
};

const validToIsNotChecked = (aws: string): Difference => ({
  does: 'imports it',
  shows: /Received promise resolved instead of rejected/,
  aws,
  link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html#KMS-ImportKeyMaterial-request-ValidTo',
});

/** Where MiniStack differs from AWS's documentation, keyed by the title of the test that shows it. */
export const MINISTACK_DIFFERENCES: Differences = {
  ...Object.fromEntries(
    ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'].map((algorithm) => [
      `MiniStack S3 checksums ${algorithm} is returned to the uploader`,
      checksumIsNotReturned,
    ]),
  ),
  'MiniStack S3 encryption is by S3 itself unless the writer asks for another one': {
    does: 'names no encryption unless the writer asked for one',
    shows: /-\s+"AES256",[\s\S]*\+\s+undefined/,
    aws: 'every object is encrypted, and the responses have x-amz-server-side-encryption: AES256',
    link: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html',
  },
  'MiniStack S3 encryption with the key of S3 in KMS is in every response, with the key': {
    does: 'requires a key id',
    shows: /InvalidArgument: .*requires a key id/,
    aws: 'without a key id, S3 uses the key that AWS manages (aws/s3)',
    link: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html',
  },
  'MiniStack S3 storage classes of an archive keep the content from copies': {
    does: 'copies it',
    shows: /Received promise resolved instead of rejected[\s\S]*CopyObjectResult/,
    aws: 'an archived object has to be restored before it can be copied',
    link: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html',
  },
  'MiniStack S3 tags have distinct keys': {
    does: 'accepts a key twice',
    shows: /Received promise resolved instead of rejected/,
    aws: 'tags of an object have unique keys; InvalidTag',
    link: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html',
  },
  'MiniStack S3 tags are counted in HEAD': {
    does: 'does not count them',
    shows: /Expected: 2\s+Received: undefined/,
    aws: 'the response has the header x-amz-tagging-count',
    link: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#API_HeadObject_ResponseSyntax',
  },
  'MiniStack KMS a request to sign is refused for a raw message over 4096 bytes': {
    does: 'signs it',
    shows: /Received promise resolved instead of rejected[\s\S]*"Signature"/,
    aws: 'Messages can be 0-4096 bytes; for a larger one, sign its digest',
    link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#KMS-Sign-request-Message',
  },
  'MiniStack KMS imports no parameters for import are given to wrap an RSA key by RSA-OAEP alone': {
    does: 'gives them',
    shows: /Received promise resolved instead of rejected[\s\S]*"ImportToken"/,
    aws: 'RSAES_OAEP_SHA_256 wraps symmetric, HMAC and EC private keys: RSA private keys are too long for it',
    link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html#KMS-GetParametersForImport-request-WrappingAlgorithm',
  },
  'MiniStack KMS imports an imported key takes the same private key again with the same token, as after a lost response':
    {
      does: 'forgets the token after the first import',
      shows: /InvalidImportTokenException/,
      aws: 'public key and import token are valid for 24 hours',
      link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html',
    },
  'MiniStack KMS imports an imported key without its key material takes no other private key':
    takesAnotherKey,
  'MiniStack KMS imports an import is refused of a private key that differs from the one imported before':
    takesAnotherKey,
  'MiniStack KMS imports an import is refused of a key that is not in PKCS #8': {
    does: 'imports it',
    shows: /Received promise resolved instead of rejected/,
    aws: 'a private key is imported in PKCS #8 (RFC 5208), in DER',
    link: 'https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html',
  },
  'MiniStack KMS imports an import is refused with 0 octets that are no token': {
    does: 'calls it an invalid token',
    shows: /-\s+"name": "ValidationException",\s+\+\s+"name": "InvalidImportTokenException"/,
    aws: 'a token is 1 to 6144 bytes long',
    link: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html#KMS-ImportKeyMaterial-request-ImportToken',
  },
  'MiniStack KMS imports an import is refused that expires, and has expired': validToIsNotChecked(
    'ValidTo must be in the future',
  ),
  'MiniStack KMS imports an import is refused that expires, in more than a year':
    validToIsNotChecked('ValidTo is at most 365 days after the request'),
  'MiniStack KMS imports an import is refused that does not expire, with a date':
    validToIsNotChecked('ValidTo is not valid without KEY_MATERIAL_EXPIRES'),
  'MiniStack SQS and Lambda a function that throws returns the type and message of the error': {
    does: 'responds with errorType Runtime.HandlerError, whatever was thrown',
    shows: /-\s+"errorType": "RangeError",\s+\+\s+"errorType": "Runtime\.HandlerError"/,
    aws: "errorType is the name of the error's class",
    link: 'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html',
  },
};
