/** `cakeless completion`: a script that completes commands, options and their values. */
import { completionScript } from '../reference/completion.ts';
import type { Shell } from '../reference/shells.ts';
import { readTree } from '../reference/tree.ts';
import { printText, type Terminal } from '../terminal.ts';

/** @param program the whole command */
export function printCompletion(
  terminal: Terminal,
  shell: Shell,
  program: Parameters<typeof readTree>[0],
): void {
  printText(terminal.print, completionScript(shell, readTree(program)));
}
