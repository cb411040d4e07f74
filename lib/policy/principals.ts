/**
 * Whether patterns of a cluster record list a principal: `AWS:AROAEXAMPLE:i-0abc`, or `AWS:AROAEXAMPLE:*` for any
 * ending. An unknown principal (its event was lost) is not on any list.
 */
export function isListed(principal: string | undefined, patterns: readonly string[]): boolean {
  if (principal === undefined) return false;
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? principal.startsWith(pattern.slice(0, -1)) : principal === pattern,
  );
}

/** S3 events and cluster records call a principal `AWS:` and its `aws:userid`. */
const EVENT_PREFIX = 'AWS:';

export const principalOf = (userid: string): string => `${EVENT_PREFIX}${userid}`;

/**
 * Who is behind a principal: the name of a role's session (`alice` of `AROAEXAMPLE:alice`), which is the same in every
 * role, or the id of a user. Two principals of one person count as one approver, in whatever case a session is named.
 */
export function personOf(principal: string): string {
  const userid = principal.startsWith(EVENT_PREFIX)
    ? principal.slice(EVENT_PREFIX.length)
    : principal;
  return userid.slice(userid.indexOf(':') + 1).toLowerCase();
}
