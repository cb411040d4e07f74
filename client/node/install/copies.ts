/**
 * Copies of kubeconfigs that are named with `--also` can be anywhere. Anyone who can change a folder on the path of
 * one can redirect it between a check and a write, and make root write a file of their choice.
 */
import { findOpenPart } from '../../../lib/files/open-to-others.ts';
import { CommandError } from '../../errors.ts';

/**
 * The first folder on the path of a file that users other than root and this user can change; undefined if no such
 * folder exists.
 */
export const findOpenFolder = (file: string, me = process.getuid?.() ?? 0) =>
  findOpenPart(file, { trusted: [0, me], foldersOnly: true })?.path;

/** @throws CommandError for a copy that root or this user cannot write safely */
export function checkCopies(also: readonly string[]): void {
  for (const file of also) {
    const folder = findOpenFolder(file);
    if (folder === undefined) continue;
    throw new CommandError(
      'usage',
      `--also ${file}: other users can change ${folder} and redirect what is written there; nothing was changed`,
      'omit this copy; its owner can copy the file: sudo cat /etc/kubernetes/admin.conf > ~/.kube/config',
    );
  }
}
