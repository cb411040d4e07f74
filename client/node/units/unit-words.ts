/** Words and paths in unit files, escaped as systemd reads them. */

/** A word in a unit file: quoted if needed, with specifiers escaped (systemd.syntax(7), systemd.unit(5)). */
export function unitWord(word: string): string {
  const plain = word.replaceAll('%', '%%');
  return /^[\w%+,./:=@-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`;
}

/** The path is the whole rest of the line: quotes would be part of it. */
export const unitPath = (path: string) => path.replaceAll('%', '%%');

/** A word of ExecStart, where systemd also replaces variables (systemd.service(5)). */
export const commandWord = (word: string) => unitWord(word).replaceAll('$', '$$$$');
