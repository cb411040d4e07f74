import type { LocalRequest } from '../http/message.ts';

/** The parameters of the signature. */
const ofSignature = [
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signature',
  'x-amz-signedheaders',
];

/**
 * A presigned request with its x-amz- headers as headers again: presigners move them into the query, in either case of
 * letters, where the signature covers them too.
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
