/**
 * A signature names its record in the user agent of its call: the one text of a caller's own that CloudTrail keeps of a
 * KMS Sign. `watch-signatures` reads it back, and so can a person who looks at the trail:
 *
 *   cakeless-record/records#prod#cp-1.example.com#first#pki#apiserver.csr.json aws-sdk-js/3.1164.0 …
 */

const PRODUCT = 'cakeless-record';

/**
 * A product's version is a token, which holds no `/` (RFC 9110 sections 5.6.2, 10.1.5); keys of records hold no `#`.
 * They are made of names and paths that were checked at the door, so these characters are all there are.
 */
const TOKEN = /^[A-Za-z0-9._#-]+$/;

/**
 * CloudTrail cuts a user agent after 1 KB; the longest key of a record takes 975 octets.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export const MAX_USER_AGENT_BYTES = 1024;

/** What a signing call puts in front of its user agent: what is cut off, is cut off behind. */
export function userAgentOf(recordKey: string): string {
  const token = recordKey.replaceAll('/', '#');
  const text = `${PRODUCT}/${token}`;
  if (recordKey.includes('#') || !TOKEN.test(token) || text.length > MAX_USER_AGENT_BYTES)
    throw new Error(`${recordKey}: no key of a record that a user agent can name`);
  return text;
}

/** The key of the record that a user agent names; undefined if it names none, or more than one. */
export function recordKeyIn(userAgent: string): string | undefined {
  // CloudTrail puts some services' user agents into brackets
  const named = userAgent
    .split(/[\s[\]]+/)
    .filter((product) => product.startsWith(`${PRODUCT}/`))
    .map((product) => product.slice(PRODUCT.length + 1));
  const [token] = named;
  if (named.length !== 1 || token === undefined || !TOKEN.test(token)) return undefined;
  return token.replaceAll('#', '/');
}
