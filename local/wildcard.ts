/**
 * Whether a text matches an IAM pattern: `*` matches any run of characters, `?` any one character.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 * It backtracks to the last star only, so no pattern makes it slow as a regular expression could.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let retryFrom = 0;
  let p = 0;
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p;
      retryFrom = at;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[at])) {
      p += 1;
      at += 1;
    } else if (star >= 0) {
      retryFrom += 1;
      at = retryFrom;
      p = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(p));
}
