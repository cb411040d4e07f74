/**
 * A signing call names its record in the user agent, the only text chosen by the caller that CloudTrail stores for a
 * KMS Sign call. `watch-signatures` reads it, and so can a person who reads the trail:
 *
 *   cakeless-record/records#prod#cp-1.example.com#first#pki#apiserver.csr.json aws-sdk-js/3.1164.0 …
 */

const PRODUCT = 'cakeless-record';

/**
 * A product's version is a token, which has no `/` (RFC 9110 sections 5.6.2, 10.1.5); keys of records have no `#`. They
 * consist of names and paths that were checked when the request's key was parsed, so no other characters occur.
 */
const TOKEN = /^[A-Za-z0-9._#-]+$/;

/**
 * CloudTrail truncates a user agent after 1 KB; the longest key of a record is 975 octets long.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export const MAX_USER_AGENT_BYTES = 1024;

/** What a signing call puts at the start of its user agent, because truncation removes the end. */
export function userAgentOf(recordKey: string): string {
  const token = recordKey.replaceAll('/', '#');
  const text = `${PRODUCT}/${token}`;
  if (recordKey.includes('#') || !TOKEN.test(token) || text.length > MAX_USER_AGENT_BYTES)
    throw new Error(`${recordKey}: not the key of a record that a user agent can name`);
  return text;
}

/** The key of the record that a user agent names; undefined unless it names exactly one. */
export function recordKeyIn(userAgent: string): string | undefined {
  // CloudTrail puts the user agents of some services in brackets
  const named = userAgent
    .split(/[\s[\]]+/)
    .filter((product) => product.startsWith(`${PRODUCT}/`))
    .map((product) => product.slice(PRODUCT.length + 1));
  const [token] = named;
  if (named.length !== 1 || token === undefined || !TOKEN.test(token)) return undefined;
  return token.replaceAll('#', '/');
}
