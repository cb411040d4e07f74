/** How `--help` tells of an option: what it is, then in brackets whether it is required, its choices and its default. */
import type { Help, Option } from 'commander';

export const helpSettings: Partial<Help> = {
  optionDescription: (option: Option) => {
    const details = [
      ...(option.mandatory ? ['required'] : []),
      ...(option.argChoices ? [`one of ${option.argChoices.join(', ')}`] : []),
      ...defaultOf(option),
    ];
    return details.length > 0
      ? `${option.description} (${details.join('; ')})`
      : option.description;
  },
};

/** In the words of a person: durations with their unit. */
function defaultOf({ defaultValue, defaultValueDescription }: Option): string[] {
  if (defaultValue === undefined) return [];
  return [`default: ${defaultValueDescription ?? String(defaultValue)}`];
}
