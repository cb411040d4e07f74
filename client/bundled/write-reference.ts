/** Writes manual pages and completion scripts, which the build puts into packages. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram } from '../main.ts';
import { noPrompt } from '../prompt.ts';
import { COMPLETION_FILES, completionScript } from '../reference/completion.ts';
import { manualPages } from '../reference/manual.ts';
import type { Shell } from '../reference/shells.ts';
import { readTree } from '../reference/tree.ts';
import { terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';

/**
 * @param folder such as `dist`
 * @param date of the sources, for the manual pages
 */
export function writeReference(folder: string, date: string): void {
  const tree = readTree(buildProgram(terminal, noPrompt, () => undefined));
  const completions = Object.entries(COMPLETION_FILES).map(
    ([shell, file]) => [file, completionScript(shell as Shell, tree)] as const,
  );
  replaceFiles(join(folder, 'completion'), completions);
  const reference = readFileSync(join('docs', 'command.md'), 'utf8');
  const pages = manualPages({ tree, reference, date, version: VERSION });
  replaceFiles(join(folder, 'man'), pages);
}

function replaceFiles(folder: string, files: readonly (readonly [name: string, text: string])[]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}
