/** The private key of a certificate, where kubeadm puts it. Only its public half is kept. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../../errors.ts';
import { KubeconfigError, readKubeconfig } from './kubeconfig.ts';

/**
 * `apiserver.key` beside `apiserver.crt`; for kubeconfigs `admin.conf.key` (up to 1.22), or the key inside `admin.conf`.
 * @param stem path of the certificate without `.crt`
 * @throws CommandError if the key cannot be read
 */
export function findKeyBeside(stem: string): KeyObject | undefined {
  const pem = existsSync(`${stem}.key`)
    ? readFileSync(`${stem}.key`, 'utf8')
    : keyOfKubeconfig(stem);
  if (pem === undefined) return undefined;
  try {
    return createPublicKey(pem);
  } catch {
    throw new CommandError('usage', `${stem}: its private key cannot be read`);
  }
}

function keyOfKubeconfig(file: string): string | undefined {
  if (!file.endsWith('.conf') || !existsSync(file)) return undefined;
  try {
    const { privateKey } = readKubeconfig(readFileSync(file, 'utf8'), dirname(file));
    return privateKey && 'pem' in privateKey ? privateKey.pem : undefined;
  } catch (error) {
    if (error instanceof KubeconfigError)
      throw new CommandError('usage', `${file}: ${error.message}`);
    throw error;
  }
}
