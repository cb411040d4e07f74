/**
 * The manifest as it was before its flags were emptied, if nobody has changed it since; otherwise, as after `kubeadm
 * upgrade`, the current one with the old values of the flags.
 */
import { CommandError } from '../../errors.ts';
import type { NodeFolders } from '../disk/places.ts';
import { signingFlags } from '../restart/signing-flags.ts';
import { changeFlags, type ManifestChange } from './examine.ts';
import type { ReleaseJournal } from './journal.ts';

/** @returns undefined if the flags have their old values, or had none. @throws CommandError if the manifest no longer has them */
export function changeBack(
  { manifest, flags }: ReleaseJournal,
  folders: NodeFolders,
): ManifestChange | undefined {
  if (!manifest || flags.length === 0) return undefined;
  const values = new Map(flags.map(({ name, value }) => [name, value]));
  const now = new Map(signingFlags(folders)?.flags.map(({ name, value }) => [name, value]));
  if (flags.every(({ name, value }) => now.get(name) === value)) return undefined;
  const change = changeFlags(manifest.file, (name) => values.get(name));
  const isOurs = change.before.toString('base64') === manifest.after;
  if (isOurs) return { ...change, content: Buffer.from(manifest.before, 'base64') };
  if (!change.content.equals(change.before)) return change;
  throw new CommandError(
    'file-changed',
    `${manifest.file}: no longer has the flags ${flags.map(({ name }) => `--${name}`).join(', ')}; nothing was changed`,
    'add them with empty values, then run the same command again',
  );
}
