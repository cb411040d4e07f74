import { AwsError } from '../aws-error.ts';

/** Headers of an upload that are kept and given back. */
const kept = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
];

/** Headers whose meaning we have, or whose only value asked for is what we do anyway. */
const harmless: Readonly<Record<string, RegExp>> = {
  'x-amz-acl': /^(private|bucket-owner-full-control)$/,
  'x-amz-checksum-type': /^FULL_OBJECT$/,
  'x-amz-server-side-encryption': /^AES256$/,
  'x-amz-storage-class': /^STANDARD$/,
};

/** Headers that change how an object is kept in a way that we can't. Silence would be a lie about safety. */
const refused =
  /^x-amz-(acl|copy-source-if-.*|grant-.*|object-lock-.*|server-side-encryption.*|storage-class|tagging|website-.*|write-offset-bytes)$/;

/** S3's limit for all user metadata of an object. */
const maxMetadataBytes = 2048;

/**
 * The headers to keep with an object.
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
    } else if (refused.test(name) && harmless[name]?.test(value) !== true) {
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

/** `aws-chunked` is how the body travelled, not what it is (the sigv4-streaming page). */
function contentEncoding(value = ''): string {
  return value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'aws-chunked')
    .join(',');
}
