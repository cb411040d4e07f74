/**
 * sa.key and sa.pub, which sign and check the tokens of service accounts. They are no certificates, all control planes
 * share them, and kubeadm does not make them where the CA is external. They never go through the service.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { KEY_MODE } from '../disk/file-change.ts';
import { makePrivateKey, readPrivateKey } from '../disk/private-key.ts';
import { isFileThere, writeFile } from './write-file.ts';

/**
 * Makes what is missing of the pair. On a node that joins the key is never a new one.
 * @param from sa.key of the first control plane
 * @throws CommandError if there is another key already, or FILE holds none
 */
export async function prepareServiceAccountKey(
  config: KubeadmConfig,
  certDir: string,
  from: string | undefined,
): Promise<'made' | 'copied' | 'was-there' | 'missing'> {
  const keyFile = join(certDir, 'sa.key');
  const there = isFileThere(keyFile) ? readFileSync(keyFile, 'utf8') : undefined;
  const given = from === undefined ? undefined : readGiven(from);
  if (there !== undefined) {
    const key = keyIn(there, keyFile);
    if (given !== undefined && !createPublicKey(key).equals(createPublicKey(given)))
      throw new CommandError(
        'usage',
        `${keyFile}: is another key than ${from}`,
        'all control planes of a cluster need the same sa.key; move the wrong one away',
      );
    await writePublicKey(certDir, key);
    return 'was-there';
  }
  if (given === undefined && config.joins) return 'missing';
  const text = given ?? (await makePrivateKey(config.keyKind));
  await writeFile(keyFile, text, KEY_MODE);
  await writePublicKey(certDir, keyIn(text, keyFile));
  return given === undefined ? 'made' : 'copied';
}

function readGiven(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    keyIn(text, file);
    return text;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('usage', `${file}: ${error instanceof Error ? error.message : error}`);
  }
}

function keyIn(text: string, file: string): KeyObject {
  const key = readPrivateKey(text);
  if (key) return key;
  throw new CommandError('usage', `${file}: holds no private key that can be read`);
}

/** sa.pub beside a key that changed, or that was written before a run was killed, is written anew. */
async function writePublicKey(certDir: string, key: KeyObject): Promise<void> {
  const file = join(certDir, 'sa.pub');
  const text = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  if (isFileThere(file) && readFileSync(file, 'utf8') === text) return;
  await writeFile(file, text, KEY_MODE); // kubeadm's mode, too (pkiutil: WritePublicKey)
}
