import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { isOpenToOthers } from '../node/state/open-to-others.ts';

/**
 * The first part of a file's path, links followed, that others than root can change; undefined if there is none.
 */
export function findWritableByOthers(file: string): string | undefined {
  const real = realpathSync(file);
  const parts = [real];
  for (let part = real; part !== '/'; part = dirname(part)) parts.unshift(dirname(part));
  return parts.find((part) => {
    const { uid, mode } = lstatSync(part);
    return uid !== 0 || isOpenToOthers(mode);
  });
}
