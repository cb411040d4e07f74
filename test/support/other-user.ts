/** Files and folders of another user, which only root can create. */
import { chownSync } from 'node:fs';

/** "nobody" on most systems. */
export const OTHER_USER = 65_534;

export const isRoot = process.geteuid?.() === 0;

/** A test that needs files of another user; skipped with the reason if this process is not root. */
export function itAsRoot(title: string, body: () => Promise<void> | void): void {
  const run = async () => body();
  if (isRoot) it(title, run);
  else it.skip(`${title} [only root can give files to another user]`, run);
}

export const giveAway = (path: string) => chownSync(path, OTHER_USER, OTHER_USER);
