/** How `--help` describes an option: its description, then in parentheses `required`, its choices and its default. */
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

/** Prefers the description of the default, which has a unit where the value is a duration. */
function defaultOf({ defaultValue, defaultValueDescription }: Option): string[] {
  if (defaultValue === undefined) return [];
  return [`default: ${defaultValueDescription ?? String(defaultValue)}`];
}
