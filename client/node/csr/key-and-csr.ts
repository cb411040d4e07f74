/** A private key and the CSR that was signed with it, next to each other: `apiserver.key` and `apiserver.csr`. */
import type { KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import { type CheckedRequest, readRequest } from '../../../lib/csr/read-request.ts';
import { makeFolder, writeAllDurably } from '../../../lib/files/durable-file.ts';
import { currentBytes } from '../disk/file-change.ts';
import { readKeyBeside } from '../disk/key-beside.ts';
import { KubeconfigError } from '../disk/kubeconfig.ts';
import { areAPair, readPrivateKey } from '../disk/private-key.ts';

/** Anyone may read a CSR; kubeadm writes it 0600 anyway. */
const PRIVATE = 0o600;

export interface KeyAndCsr {
  readonly keyPem: string;
  readonly key: KeyObject;
  readonly csr: Uint8Array;
  readonly request: CheckedRequest;
}

/**
 * Both files; undefined if one is missing or cannot be read, or if they do not match.
 * @param stem path without `.csr`
 */
export function readKeyAndCsr(stem: string): KeyAndCsr | undefined {
  const csr = currentBytes(`${stem}.csr`, false);
  if (csr === undefined) return undefined;
  const keyPem = keyTextBeside(stem);
  const key = keyPem === undefined ? undefined : readPrivateKey(keyPem);
  const { request } = readRequest(csr);
  if (keyPem === undefined || !key || !request) return undefined;
  return areAPair(key, request.key.keyObject) ? { keyPem, key, csr, request } : undefined;
}

export interface NewKeyAndCsr {
  /** Path without `.csr`. */
  readonly stem: string;
  readonly keyPem: string;
  readonly csr: string | Uint8Array;
}

/** Keys are written first: a CSR without its key could be submitted, and its certificate would be useless. */
export async function writeKeysAndCsrs(pairs: readonly NewKeyAndCsr[]): Promise<void> {
  for (const folder of new Set(pairs.map(({ stem }) => dirname(stem)))) await makeFolder(folder);
  const keys = pairs.map(({ stem, keyPem }) => ({ path: `${stem}.key`, content: keyPem }));
  await writeAllDurably(keys, PRIVATE);
  const csrs = pairs.map(({ stem, csr }) => ({ path: `${stem}.csr`, content: csr }));
  await writeAllDurably(csrs, PRIVATE);
}

export const writeKeyAndCsr = (
  stem: string,
  keyPem: string,
  csr: string | Uint8Array,
): Promise<void> => writeKeysAndCsrs([{ stem, keyPem, csr }]);

/** A kubeconfig that cannot be read has no key to reuse. */
function keyTextBeside(stem: string): string | undefined {
  try {
    return readKeyBeside(stem);
  } catch (error) {
    if (error instanceof KubeconfigError) return undefined;
    throw error;
  }
}
