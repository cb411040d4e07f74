/** Values that the shell can complete although others are accepted, or reported better, by the command itself. */
import type { Argument, Option } from 'commander';

const SUGGESTIONS = new WeakMap<Argument | Option, readonly string[]>();

export function suggest<T extends Argument | Option>(to: T, values: readonly string[]): T {
  SUGGESTIONS.set(to, values);
  return to;
}

export const suggestionsFor = (of: Argument | Option): readonly string[] =>
  SUGGESTIONS.get(of) ?? [];
