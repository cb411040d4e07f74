/** Principals as cluster records list them: `AWS:AROAEXAMPLE:i-0abc`, or with any ending: `AWS:AROAEXAMPLE:*`. */

/** undefined, where no event named a principal, is on no list. */
export function isListed(principal: string | undefined, patterns: readonly string[]): boolean {
  if (principal === undefined) return false;
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? principal.startsWith(pattern.slice(0, -1)) : principal === pattern,
  );
}
