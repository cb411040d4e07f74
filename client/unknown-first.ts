/** A command that names an unknown option before a required one that is missing, which may be what was misspelled. */
import { Command } from 'commander';

export class UnknownFirst extends Command {
  override createCommand(name?: string): Command {
    return new UnknownFirst(name);
  }

  /** commander checks the required options first; with an unknown one, the command does not run anyway. */
  override parseOptions(argv: string[]): ReturnType<Command['parseOptions']> {
    const parsed = super.parseOptions(argv);
    const isHelp = parsed.unknown.some((arg) => arg === '--help' || arg === '-h');
    if (parsed.unknown.length > 0 && !isHelp)
      for (const option of this.options) option.makeOptionMandatory(false);
    return parsed;
  }
}
