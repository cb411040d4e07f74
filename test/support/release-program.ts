/** `cakeless release-keys` on a node that exists only in files, as a program that can be killed (killed-command.ts). */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../../client/errors.ts';
import { releaseKeys } from '../../client/node/release-keys/release.ts';
import { readRecipient } from '../../client/node/release-keys/seal.ts';
import { undoRelease } from '../../client/node/release-keys/undo.ts';
import { AdoptedNode } from './adopted-node.ts';

/** @param args the node's folder; then `release` with a recipient and a file, or `undo` with files */
export async function main([folder = '', what = '', ...files]: readonly string[]): Promise<number> {
  const node = await AdoptedNode.open(folder, mkdtempSync(join(tmpdir(), 'cakeless-paper-')));
  const text = (file: string) => readFileSync(file, 'utf8');
  try {
    const [recipientFile = '', file = ''] = files;
    if (what === 'undo')
      await undoRelease(
        node.deps(),
        files.map((given) => ({ file: given, text: text(given) })),
        false,
      );
    else {
      const recipient = readRecipient(text(recipientFile), recipientFile, new Date());
      await releaseKeys(node.deps(), { seal: { recipient, file }, withoutForwarder: undefined });
    }
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof CommandError ? error.lines.join('\n') : error}\n`);
    return 1;
  } finally {
    node.kubelet.close();
  }
}
