/**
 * Whether a text matches a pattern of IAM: `*` is any run of characters, `?` any one.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 * Walks with one point to go back to instead of a regular expression, so no pattern makes it slow.
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
