import type { LocalRequest } from '../http/message.ts';

/** The parameters that are the signature itself. */
const ofSignature = [
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signature',
  'x-amz-signedheaders',
];

/**
 * A presigned request as it would be with its x-amz- headers in their place: presigners move them into the
 * query, where the signature covers them too, in either case of letters.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function withHoistedHeaders(request: LocalRequest): LocalRequest {
  const isHoisted = (name: string): boolean => /^x-amz-/i.test(name);
  const headers = new Map(request.headers);
  for (const [name, value] of request.query) {
    const header = name.toLowerCase();
    if (isHoisted(name) && !ofSignature.includes(header)) headers.set(header, value);
  }
  return { ...request, headers, query: request.query.filter(([name]) => !isHoisted(name)) };
}
