/** What a person confirms before it is done: shown and answered, or named on the command line. */
import { CommandError } from '../errors.ts';
import type { Prompt } from '../prompt.ts';
import type { Terminal } from '../terminal.ts';
import { shellWord } from '../wording/shell.ts';

export interface PersonDeps {
  readonly terminal: Terminal;
  readonly prompt: Prompt;
}

export interface ToConfirm {
  /** What the option has to name. It is another one whenever something else would be done. */
  readonly name: string;
  readonly description: readonly string[];
  /** The command so far, without the option. */
  readonly command: string;
  /** Such as `--plan`. */
  readonly option: string;
  readonly words: {
    /** Such as `the plan`. */
    readonly what: string;
    /** Such as `approve` and `approved`. */
    readonly verb: string;
    readonly done: string;
  };
}

/**
 * @param given the name on the command line
 * @throws CommandError if something else was named, or if it is not confirmed
 */
export async function confirm(
  { terminal, prompt }: PersonDeps,
  given: string | undefined,
  { name, description, command, option, words }: ToConfirm,
): Promise<void> {
  if (given === name) return;
  const { what, verb, done } = words;
  for (const line of description) terminal.progress(line);
  const next = `if this is what you mean to ${verb}, run: ${command} ${option} ${shellWord(name)}`;
  if (given !== undefined)
    throw new CommandError('conflict', `not ${done}: ${what} is not ${given}, but ${name}`, next);
  const answer = await prompt.ask(`${verb} this? Type yes: `);
  if (answer === undefined)
    throw new CommandError('usage', `not ${done}: without a terminal, ${option} is required`, next);
  if (answer.toLowerCase() !== 'yes')
    throw new CommandError('usage', `not ${done}: the answer was not yes`);
}
