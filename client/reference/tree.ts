/** The commands with their options and arguments, as `--help` shows them: the source of completion and manual pages. */
import type { Argument, Command, Help, Option } from 'commander';
import { suggestionsFor } from '../suggestions.ts';

export interface CommandFacts {
  /** The words after `cakeless`; empty for the command itself. */
  readonly words: readonly string[];
  readonly description: string;
  readonly arguments: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  /** The commands of a group. */
  readonly commands: readonly CommandFacts[];
}

export interface ArgumentFacts {
  /** Without brackets and dots: `names`. */
  readonly name: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly values: Values;
}

export interface OptionFacts {
  /** As they are typed: `-o`, `--output`. */
  readonly names: readonly string[];
  /** The placeholder of its value, without brackets; undefined for an option without a value. */
  readonly value: string | undefined;
  /** As `--help` shows it, with choices and default. */
  readonly description: string;
  readonly values: Values;
}

/** What can be completed: files, folders, words of a list, or nothing. */
export type Values = 'files' | 'folders' | readonly string[];

export function readTree(command: Command, words: readonly string[] = []): CommandFacts {
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((one) => command.commands.includes(one));
  return {
    words,
    description: command.description(),
    arguments: command.registeredArguments.map(readArgument),
    options: help.visibleOptions(command).map((option) => readOption(help, option)),
    commands: below.map((one) => readTree(one, [...words, one.name()])),
  };
}

const readArgument = (argument: Argument): ArgumentFacts => ({
  name: argument.name(),
  isRequired: argument.required,
  isVariadic: argument.variadic,
  values: valuesOf(argument.name(), argument),
});

function readOption(help: Help, option: Option): OptionFacts {
  const [, value] = /[<[](.+)[>\]]$/.exec(option.flags) ?? [];
  return {
    names: [option.short, option.long].filter((name) => name != null),
    value,
    description: help.optionDescription(option),
    values: value === undefined ? [] : valuesOf(value, option),
  };
}

function valuesOf(placeholder: string, of: Argument | Option): Values {
  if (of.argChoices) return of.argChoices;
  if (placeholder === 'file') return 'files';
  return placeholder === 'dir' ? 'folders' : suggestionsFor(of);
}

/** All commands that do something, in the order of the tree. */
export const leavesOf = (tree: CommandFacts): CommandFacts[] =>
  tree.commands.length === 0 ? [tree] : tree.commands.flatMap(leavesOf);

/** All commands, groups and the command itself included. */
export const allOf = (tree: CommandFacts): CommandFacts[] => [
  tree,
  ...tree.commands.flatMap(allOf),
];
