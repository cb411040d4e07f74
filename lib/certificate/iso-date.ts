/**
 * A date of a certificate as `node:crypto` has it, in ISO 8601. A date that OpenSSL cannot read stays `Bad time value`:
 * certificates come from outside, and a message about one must not fail because of it.
 */
export function isoDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}
