/** Text from outside, in a form that is safe to show in reports. */

/** Longer values are shortened: a report shows each value on one line. */
const MAX_QUOTED_LENGTH = 120;

/**
 * ASCII, at most one line long. kubeadm's own names are ASCII: a homoglyph could pass for one of them, and a direction
 * mark could reverse the line, unless they are shown by their codes.
 */
export function quote(text: string): string {
  return shortened(printable(text), MAX_QUOTED_LENGTH);
}

/** At most so many characters; what was cut ends with `...`. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 3)}...`;

/** One line of ASCII; every other character is replaced by its code. */
export function printable(text: string): string {
  return text.replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const MAX_LISTED = 40;

/** `a, b, c`, or `none`; a long list is shortened. */
export function listed(items: readonly string[]): string {
  if (items.length === 0) return 'none';
  const shown = items
    .slice(0, MAX_LISTED)
    .map((item) => quote(item) || '(unreadable)')
    .join(', ');
  return items.length > MAX_LISTED ? `${shown} and ${items.length - MAX_LISTED} more` : shown;
}
