/** The file that the sealed keys go to, before they are removed. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeDurably } from '../../../lib/files/durable-file.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CommandError } from '../../errors.ts';
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import type { RecordedKey, ReleaseJournal } from './journal.ts';
import { readKeyFile } from './key-files.ts';
import type { ReleaseDeps, ReleaseOptions } from './options.ts';
import { seal } from './seal.ts';

type Sealed = NonNullable<ReleaseJournal['sealed']>;

/** @throws CommandError for a file that exists, or among the files that backups of a node and the kubelet read */
export function requireSealPlace(file: string, { kubeconfigDir, certDir }: NodeFolders): void {
  const path = resolvedPath(file);
  const within = [kubeconfigDir, certDir]
    .map(resolvedPath)
    .find((own) => path.startsWith(`${own}/`));
  if (within !== undefined)
    throw new CommandError(
      'usage',
      `${file}: is below ${within}, where the sealed keys would stay with the node`,
      'write them elsewhere, such as to a mounted medium, and take them off this machine',
    );
  if (!existsSync(dirname(path)))
    throw new CommandError('usage', `${file}: its folder does not exist`);
}

/**
 * Written durably, read back, and compared.
 * @param earlier what an interrupted run may have written
 * @param announce is called before the file is written: after a kill, the next run knows it
 */
export async function sealKeys(
  { cluster, node, clock }: ReleaseDeps,
  keys: readonly RecordedKey[],
  { recipient, file }: NonNullable<ReleaseOptions['seal']>,
  earlier: Sealed | undefined,
  announce: (sealed: Sealed) => Promise<void>,
): Promise<void> {
  if (existsSync(file) && !isEarlier(file, earlier))
    throw new CommandError(
      'usage',
      `${file}: already exists; nothing was removed`,
      'give another --seal-out',
    );
  const parts = keys.flatMap((key) => [
    Buffer.from(
      `# ${key.ca} of cluster ${cluster}, from ${node} at ${clock.now().toISOString()}\n`,
    ),
    readKeyFile(key),
  ]);
  const content = Buffer.concat(parts);
  for (const part of parts) part.fill(0);
  try {
    const text = seal(content, recipient);
    await announce({ file, sha256: digest(text), recipient: recipient.text });
    await writeDurably(file, text);
    if (readFile(file).bytes.toString('latin1') !== text)
      throw new CommandError('failure', `${file}: what was written could not be read back`);
  } finally {
    content.fill(0);
  }
}

/** Of a run that was interrupted before it removed a key. */
const isEarlier = (file: string, earlier: Sealed | undefined) =>
  earlier?.file === file && earlier.sha256 === digest(readFile(file).bytes);

const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
