/**
 * Copies of kubeconfigs that people name lie anywhere. Whoever can change a folder on the way to one can turn it
 * elsewhere between a look and a write, and have root write a file of their choice.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../errors.ts';
import { isOpenToOthers } from '../state/open-to-others.ts';

/** As Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The first folder on the way to a file, links followed one by one, that others than root and this user can change;
 * undefined if there is none.
 */
export function findOthersFolder(file: string, me = process.getuid?.() ?? 0): string | undefined {
  const left = partsOf(file);
  let links = 0;
  for (let here = '/'; ; ) {
    const { uid, mode } = lstatSync(here);
    if ((uid !== 0 && uid !== me) || isOpenToOthers(mode)) return here;
    const name = left.shift();
    if (name === undefined) return undefined;
    const next = join(here, name);
    const there = lstatSync(next, { throwIfNoEntry: false });
    if (!there) return undefined;
    if (there.isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) return next;
      const target = readlinkSync(next);
      left.unshift(...partsOf(target.startsWith('/') ? target : join(here, target)));
      here = '/';
    } else if (there.isDirectory()) here = next;
    else return undefined;
  }
}

const partsOf = (path: string) => join('/', path).split('/').filter(Boolean);

/** @throws CommandError for a copy that root or this user can not write safely */
export function checkCopies(also: readonly string[]): void {
  for (const file of also) {
    const folder = findOthersFolder(file);
    if (folder === undefined) continue;
    throw new CommandError(
      'usage',
      `--also ${file}: others can change ${folder} and turn what is written there elsewhere; nothing was changed`,
      'leave it out; its user copies the file: sudo cat /etc/kubernetes/admin.conf > ~/.kube/config',
    );
  }
}
