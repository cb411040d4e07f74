import { AwsError } from '../aws-error.ts';

/** Headers of an upload that are stored and returned. */
const kept = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
];

/**
 * Headers that request features that the stand-in lacks. They are refused: ignoring them would promise a safety that
 * does not exist.
 */
const refused =
  /^x-amz-(copy-source-(?:if|server-side-encryption)-.*|server-side-encryption-(?:bucket-key-enabled|context)|website-.*|write-offset-bytes)$/;

/** S3's limit for all user metadata of an object. */
const maxMetadataBytes = 2048;

/**
 * The headers to store with an object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
export function keptHeaders(headers: ReadonlyMap<string, string>): Record<string, string> {
  const result: Record<string, string> = {};
  let metadataBytes = 0;
  for (const [name, value] of headers) {
    if (name.startsWith('x-amz-meta-')) {
      metadataBytes += Buffer.byteLength(name.slice('x-amz-meta-'.length) + value);
      result[name] = value;
    } else if (kept.includes(name)) {
      result[name] = value;
    } else if (refused.test(name)) {
      throw new AwsError(
        'NotImplemented',
        `A header you provided implies functionality that is not implemented: ${name}: ${value}`,
      );
    }
  }
  if (metadataBytes > maxMetadataBytes) {
    throw new AwsError(
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
      { details: { Size: String(metadataBytes), MaxSizeAllowed: String(maxMetadataBytes) } },
    );
  }
  const encoding = contentEncoding(headers.get('content-encoding'));
  return {
    'content-type': 'binary/octet-stream',
    ...result,
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

/** `aws-chunked` is a transfer framing, not an encoding of the object (the sigv4-streaming page). */
function contentEncoding(value = ''): string {
  return value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked')
    .join(',');
}
