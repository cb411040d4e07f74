/** CSRs that differ only in their keys, so that nothing cached for one can be used for another. */
import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { makeCsr } from '../client/node/csr/make-csr.ts';
import type { KeyKind } from '../lib/csr/public-key.ts';
import { readRequest } from '../lib/csr/read-request.ts';

const generateKeyPair = promisify(generate);

/** With the subject and the names of a CSR, and new keys of the same kind. */
export async function withNewKeys(csr: Uint8Array, count: number): Promise<string[]> {
  const { request } = readRequest(csr);
  if (!request) throw new Error('the CSR is not valid');
  const { kind } = request.key;
  const keys = await Promise.all(Array.from({ length: count }, () => newKey(kind)));
  return keys.map((key) => makeCsr(request, key));
}

async function newKey(kind: KeyKind): Promise<KeyObject> {
  const { privateKey } = kind.startsWith('RSA-')
    ? await generateKeyPair('rsa', { modulusLength: Number(kind.slice('RSA-'.length)) })
    : await generateKeyPair('ec', { namedCurve: kind === 'ECDSA-P384' ? 'P-384' : 'P-256' });
  return privateKey;
}
