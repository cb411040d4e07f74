/** The files that run when the program is started. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The program, with links resolved, and in the installed form the chunks next to it, which it loads. */
export function programParts(program: string): string[] {
  const file = realpathSync(program);
  const chunks = join(dirname(file), 'chunks');
  if (!existsSync(chunks)) return [file];
  return [file, ...readdirSync(chunks).map((name) => join(chunks, name))];
}
