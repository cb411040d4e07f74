/** Values that the shell completes for options that also accept others, or whose errors the command itself reports. */
import type { Argument, Option } from 'commander';

const SUGGESTIONS = new WeakMap<Argument | Option, readonly string[]>();

export function suggest<T extends Argument | Option>(to: T, values: readonly string[]): T {
  SUGGESTIONS.set(to, values);
  return to;
}

export const suggestionsFor = (of: Argument | Option): readonly string[] =>
  SUGGESTIONS.get(of) ?? [];
