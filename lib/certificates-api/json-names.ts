/** Counts the names of members in JSON: a name that occurs twice in one object is counted twice only in the text. */

/** A string, and the colon that follows it if it is a name. JSON has strings nowhere else than between these quotes. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/** @param text valid JSON */
export function countJsonNames(text: string): number {
  let names = 0;
  for (const [, colon] of text.matchAll(STRING)) if (colon !== undefined) names += 1;
  return names;
}

/** @param value parsed from JSON, so that it is not deeper than its text is long */
export function countNames(value: unknown): number {
  let names = 0;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const members = Object.values(next);
    if (!Array.isArray(next)) names += members.length;
    left.push(...members);
  }
  return names;
}
