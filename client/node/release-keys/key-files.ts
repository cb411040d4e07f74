/** The files of CA keys: removed, and restored. Their folder may belong to another user, as `pki/etcd` to etcd. */
import { createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { inFolder } from '../../../lib/files/folder.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CommandError } from '../../errors.ts';
import { pemKeysIn } from '../disk/keys-in-bytes.ts';
import { digestOfKey } from './examine.ts';
import type { RecordedKey } from './journal.ts';

/** The caller overwrites what it returns. @throws CommandError if the file no longer has the key that was examined */
export function readKeyFile({ file, publicKey }: RecordedKey): Buffer {
  const { bytes } = readFile(file, { refusesLink: true, isSecret: true });
  const [key] = pemKeysIn(bytes).keys;
  if (key && digestOfKey(createPublicKey(key)) === publicKey) return bytes;
  bytes.fill(0);
  throw new CommandError(
    'file-changed',
    `${file}: changed while the command ran; it was not removed`,
    'run the same command again',
  );
}

/** Durable on return. A key that was removed before is not an error. */
export async function removeKeyFile(key: RecordedKey): Promise<boolean> {
  if (!existsSync(key.file)) return false;
  readKeyFile(key).fill(0);
  await inFolder(dirname(key.file), 'any', (folder) => folder.remove(basename(key.file)));
  return true;
}

/** Partial files of a killed run are removed, too: they may contain a key. */
export async function writeKeyFile(
  { file, uid, gid, mode }: RecordedKey,
  content: Buffer,
): Promise<void> {
  const name = basename(file);
  await inFolder(dirname(file), 'any', async (folder) => {
    await folder.sweep(name);
    await folder.write(name, content, mode & 0o700, { uid, gid });
  });
}
