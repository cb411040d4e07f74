/**
 * sa.key and sa.pub, which sign and check the tokens of service accounts. They are not certificates, all control planes
 * share them, and kubeadm does not create them with an external CA. They never go through the service.
 */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { readGivenText } from '../../read-text.ts';
import { KEY_MODE } from '../disk/file-change.ts';
import { makePrivateKey, readPrivateKey } from '../disk/private-key.ts';
import { fileExists, writeFile } from './write-file.ts';

/**
 * Creates the missing files of the pair. A node that joins never gets a new key.
 * @param from sa.key of the first control plane
 * @throws CommandError if the node has another key, or the file of `from` contains none
 */
export async function prepareServiceAccountKey(
  config: KubeadmConfig,
  certDir: string,
  from: string | undefined,
): Promise<'created' | 'copied' | 'existing' | 'missing'> {
  const keyFile = join(certDir, 'sa.key');
  const existing = fileExists(keyFile) ? readText(keyFile) : undefined;
  const given = from === undefined ? undefined : readGiven(from);
  if (existing !== undefined) {
    const key = keyIn(existing, keyFile);
    if (given !== undefined && !isSameKey(createPublicKey(key), createPublicKey(given)))
      throw new CommandError(
        'usage',
        `${keyFile}: differs from ${from}`,
        'all control planes of a cluster need the same sa.key; remove the wrong one',
      );
    await writePublicKey(certDir, key);
    return 'existing';
  }
  if (given === undefined && config.joins) return 'missing';
  const text = given ?? (await makePrivateKey(config.keyKind));
  await writeFile(keyFile, text, KEY_MODE);
  await writePublicKey(certDir, keyIn(text, keyFile));
  return given === undefined ? 'created' : 'copied';
}

function readGiven(file: string): string {
  const text = readGivenText(file);
  keyIn(text, file);
  return text;
}

function keyIn(text: string, file: string): KeyObject {
  const key = readPrivateKey(text);
  if (key) return key;
  throw new CommandError('usage', `${file}: no readable private key`);
}

/** Also replaces an sa.pub that does not match: its key changed, or a run was killed between the two files. */
async function writePublicKey(certDir: string, key: KeyObject): Promise<void> {
  const file = join(certDir, 'sa.pub');
  const text = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  if (fileExists(file) && readText(file) === text) return;
  await writeFile(file, text, KEY_MODE); // as kubeadm does (pkiutil: WritePublicKey)
}

const readText = (file: string) => readFile(file).bytes.toString('utf8');
