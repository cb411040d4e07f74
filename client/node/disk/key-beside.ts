/** The private key next to a certificate or CSR, in any of kubeadm's layouts. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { CommandError } from '../../errors.ts';
import { readTextIfThere } from '../../read-text.ts';
import { KubeconfigError, readKubeconfig } from './kubeconfig.ts';

/**
 * PEM text: of `apiserver.key`; for kubeconfigs of `admin.conf.key` (up to 1.22), or of the key inside `admin.conf`.
 * @param stem path without `.crt` or `.csr`
 * @throws KubeconfigError if the key should be in a kubeconfig that cannot be read
 */
export function readKeyBeside(stem: string): string | undefined {
  const ownFile = readTextIfThere(`${stem}.key`);
  if (ownFile !== undefined || !stem.endsWith('.conf')) return ownFile;
  const kubeconfig = readTextIfThere(stem);
  if (kubeconfig === undefined) return undefined;
  const { privateKey } = readKubeconfig(kubeconfig, dirname(stem));
  return privateKey && 'pem' in privateKey ? privateKey.pem : undefined;
}

/** @throws CommandError if a file that should contain the key does not */
export function publicKeyBeside(stem: string): KeyObject | undefined {
  let pem: string | undefined;
  try {
    pem = readKeyBeside(stem);
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new CommandError('usage', `${stem}: ${error.message}`);
  }
  if (pem === undefined) return undefined;
  try {
    return createPublicKey(pem);
  } catch {
    throw new CommandError('usage', `${stem}: the private key next to it cannot be read`);
  }
}
