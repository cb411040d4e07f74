import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * The first part of a file's path, links followed, that others than root can change; undefined if there is none. In a
 * sticky folder such as /tmp others can make files, and not take root's away.
 */
export function findWritableByOthers(file: string): string | undefined {
  const real = realpathSync(file);
  const parts = [real];
  for (let part = real; part !== '/'; part = dirname(part)) parts.unshift(dirname(part));
  return parts.find((part) => {
    const { uid, mode } = lstatSync(part);
    return uid !== 0 || ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0);
  });
}
