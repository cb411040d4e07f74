/** Completion scripts. They are self-contained: the shell does not run the command at each press of Tab. */
import { bashCompletion } from './shells/bash.ts';
import { fishCompletion } from './shells/fish.ts';
import { zshCompletion } from './shells/zsh.ts';
import type { Shell } from './shells.ts';
import type { CommandFacts } from './tree.ts';

/** The file name that each shell looks for. */
export const COMPLETION_FILES: Readonly<Record<Shell, string>> = {
  bash: 'cakeless.bash',
  zsh: '_cakeless',
  fish: 'cakeless.fish',
};

const SCRIPTS: Readonly<Record<Shell, (tree: CommandFacts) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionScript = (shell: Shell, tree: CommandFacts): string => SCRIPTS[shell](tree);
