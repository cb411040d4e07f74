import { readFileSync } from 'node:fs';

/** What is in code marks in the first column of the table between `<!-- mark: … -->` and `<!-- end of mark -->`. */
export function firstColumnOf(page: string, mark: string): string[] {
  const [, part = ''] = readFileSync(page, 'utf8').split(new RegExp(`<!-- ${mark}: .*?-->`));
  const [table = ''] = part.split(`<!-- end of ${mark} -->`);
  const cells = [...table.matchAll(/^\| (`[^`]+`(?:, `[^`]+`)*) \|/gm)].map(
    ([, cell = '']) => cell,
  );
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}
