/** Mounts small file systems, if this process may. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns false if this process may not mount @param options of mount(8), such as `size=600k` */
export function mountOn(folder: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const unmount = (folder: string) => void execFileSync('umount', [folder]);

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-mount-'));
  const done = mountOn(folder, 'size=64k');
  if (done) unmount(folder);
  rmSync(folder, { recursive: true });
  return done;
}

const isAllowed = mayMount();

/** A test that mounts a file system; skipped with the reason if that is not allowed. */
export const itMounts = (title: string, body: () => Promise<void>) =>
  isAllowed ? it(title, body) : it.skip(`${title} [this process may not mount]`, body);
