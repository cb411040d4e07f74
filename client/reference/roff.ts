/** Writes text for man(7): groff_man(7), mandoc's man(7). */

/** Nothing in it is read as an escape, and a hyphen stays one when it is copied. */
const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\u2026', '...')
    .replace(/[^\n -~]/gu, (character) => `\\[u${codeOf(character)}]`);

/** Nothing at the start of the line is read as a request. */
const guarded = (line: string): string => line.replace(/^([.'])/, '\\&$1');

/** A line of text. */
export const roff = (line: string): string => guarded(escaped(line));

const codeOf = (character: string) =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** An argument of a macro. */
export const quoted = (text: string): string => `"${roff(text).replaceAll('"', '\\(dq')}"`;

/** A line of Markdown: code and emphasis are bold, and a link is its text. */
export function inline(line: string): string {
  const parts = line.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').split(/`([^`]+)`|\*\*([^*]+)\*\*/);
  // the parts are text, code or undefined, emphasis or undefined, text and so on
  const shown = parts.map((part, i) =>
    i % 3 === 0 || part === undefined ? escaped(part ?? '') : `\\fB${escaped(part)}\\fR`,
  );
  return guarded(shown.join(''));
}

/** A term and what it means. */
export const item = (term: string, meaning: string): string[] => ['.TP', term, meaning];
