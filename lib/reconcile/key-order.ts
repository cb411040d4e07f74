/** Only for these does the byte order in UTF-8 differ from the order of JavaScript strings. */
const SURROGATE = /[\ud800-\udfff]/;

/** The order in which S3 lists keys: that of their bytes in UTF-8. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Sorts after every key that begins with the prefix, which ends with a slash, and before what follows them. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`; // 0 follows the slash in ASCII
}

/**
 * Sorts before this key, but after every earlier key that the contract allows: its last character is replaced by the
 * one before, and `~` follows, which no key of the contract contains, and which sorts after every character that they
 * do contain.
 */
export function justBefore(key: string): string {
  const last = key.charCodeAt(key.length - 1);
  return `${key.slice(0, -1)}${String.fromCharCode(last - 1)}~`;
}
