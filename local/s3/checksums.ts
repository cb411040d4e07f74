import { createHash } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import { crc32cOf, crc32Of, crc64nvmeOf } from './crc.ts';

/** S3's checksum algorithms by the last part of their header names. */
const digestOf = {
  crc32: crc32Of,
  crc32c: crc32cOf,
  crc64nvme: crc64nvmeOf,
  sha1: (bytes: Buffer) => createHash('sha1').update(bytes).digest(),
  sha256: (bytes: Buffer) => createHash('sha256').update(bytes).digest(),
};
type Algorithm = keyof typeof digestOf;
const algorithms = Object.keys(digestOf) as Algorithm[];

/** A checksum of a whole object, in base64. */
export interface Checksum {
  readonly algorithm: Algorithm;
  readonly value: string;
}

/**
 * Checks the checksums of a body, in headers or trailers.
 * @returns the one to store: CRC-64/NVME if the client sent no other
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function checkedChecksum(
  body: Buffer,
  headers: ReadonlyMap<string, string>,
  trailers: ReadonlyMap<string, string>,
): Checksum {
  checkContentMd5(body, headers.get('content-md5'));
  const given = algorithms.flatMap((algorithm) => {
    const name = `x-amz-checksum-${algorithm}`;
    const value = headers.get(name) ?? trailers.get(name);
    return value === undefined ? [] : [{ algorithm, value }];
  });
  const [only, ...more] = given;
  if (more.length > 0) {
    throw new AwsError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (only === undefined) {
    refuseAnnouncedOnly(headers);
    return { algorithm: 'crc64nvme', value: crc64nvmeOf(body).toString('base64') };
  }
  const expected = digestOf[only.algorithm](body);
  if (Buffer.from(only.value, 'base64').length !== expected.length) {
    throw new AwsError(
      'InvalidRequest',
      `Value for x-amz-checksum-${only.algorithm} header is invalid.`,
    );
  }
  if (only.value !== expected.toString('base64')) {
    throw new AwsError(
      'BadDigest',
      `The ${only.algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return only;
}

/** The response headers for a stored checksum. */
export function checksumHeaders({ algorithm, value }: Checksum): Record<string, string> {
  return { [`x-amz-checksum-${algorithm}`]: value, 'x-amz-checksum-type': 'FULL_OBJECT' };
}

function checkContentMd5(body: Buffer, given: string | undefined): void {
  if (given === undefined) return;
  if (Buffer.from(given, 'base64').length !== 16) {
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  if (given !== createHash('md5').update(body).digest('base64')) {
    throw new AwsError(
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
    );
  }
}

/** If a client announces a checksum but sends none, it was lost in transit. */
function refuseAnnouncedOnly(headers: ReadonlyMap<string, string>): void {
  if (headers.get('x-amz-sdk-checksum-algorithm') === undefined) return;
  throw new AwsError(
    'InvalidRequest',
    'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
  );
}
