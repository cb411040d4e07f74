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
