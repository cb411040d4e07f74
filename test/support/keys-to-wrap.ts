/** Private keys that kubeadm's CAs have, and wrapping keys as those of KMS, with what unwraps them. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { readFileSync } from 'node:fs';

/** RSA keys take seconds to make; these are the committed ones (make-ca-keys.ts). */
const committed: Record<string, string[]> = JSON.parse(
  readFileSync('test/support/ca-keys.json', 'utf8'),
);

const rsa = (bits: number, which: number): KeyObject =>
  createPrivateKey(committed[`RSA_${bits}`]?.[which] ?? '');
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;

export const KEYS_TO_WRAP: readonly { readonly spec: string; readonly key: KeyObject }[] = [
  { spec: 'RSA_2048', key: rsa(2048, 0) },
  { spec: 'RSA_3072', key: rsa(3072, 0) },
  { spec: 'RSA_4096', key: rsa(4096, 0) },
  { spec: 'ECC_NIST_P256', key: ec('P-256') },
  { spec: 'ECC_NIST_P384', key: ec('P-384') },
];

export const WRAPPING_KEYS = [2048, 3072, 4096].map((bits) => ({ bits, key: rsa(bits, 1) }));

/** Every key under every wrapping key. */
export const WRAPPINGS = KEYS_TO_WRAP.flatMap(({ spec, key }) =>
  WRAPPING_KEYS.map(({ bits, key: wrapping }) => ({ spec, key, bits, wrapping })),
);

export const pkcs8Of = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' });

export const spkiOf = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' });
