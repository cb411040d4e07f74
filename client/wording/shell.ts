/** How commands are printed, so that they can be pasted into a shell. */

/** A word of a POSIX shell. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

export const shellCommand = (...words: readonly string[]): string => words.map(shellWord).join(' ');
