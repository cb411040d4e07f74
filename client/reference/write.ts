/** Writes manual pages and completion scripts, which the build puts into packages. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram } from '../main.ts';
import { noPrompt } from '../prompt.ts';
import { terminal } from '../terminal.ts';
import { COMPLETION_FILES, completionScript } from './completion.ts';
import { manualPages } from './manual.ts';
import { readTree } from './tree.ts';

/** @param folder such as `dist` */
export function writeReference(folder: string): void {
  const tree = readTree(buildProgram(terminal, noPrompt, () => undefined));
  const completions = Object.entries(COMPLETION_FILES).map(
    ([shell, file]) =>
      [file, completionScript(shell as keyof typeof COMPLETION_FILES, tree)] as const,
  );
  replaceFiles(join(folder, 'completion'), completions);
  replaceFiles(join(folder, 'man'), manualPages(tree));
}

function replaceFiles(folder: string, files: readonly (readonly [name: string, text: string])[]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}
