/** Private keys of a node, in kubeadm's forms. */

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import { isSameKey } from '../../../lib/csr/same-key.ts';

const generate = promisify(generateKeyPair);

/**
 * A new key as kubeadm writes it (client-go util/keyutil: MarshalPrivateKeyToPEM): PKCS#1 `RSA PRIVATE KEY` or SEC1
 * `EC PRIVATE KEY`. Generated as text: Node 20 can hang when it exports a key object that was just generated.
 */
export async function makePrivateKey(kind: KeyKind): Promise<string> {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  if (kind === 'ECDSA-P256' || kind === 'ECDSA-P384') {
    const { privateKey } = await generate('ec', {
      namedCurve: kind === 'ECDSA-P256' ? 'P-256' : 'P-384',
      publicKeyEncoding,
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
    });
    return privateKey;
  }
  const { privateKey } = await generate('rsa', {
    modulusLength: Number(kind.slice('RSA-'.length)),
    publicKeyEncoding,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  return privateKey;
}

/** The kind of a key, private or public; undefined for one that Cakeless does not certify (P-521, Ed25519, DSA …). */
export function kindOfKey(key: KeyObject): KeyKind | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa' && modulusLength) return `RSA-${modulusLength}`;
  if (key.asymmetricKeyType !== 'ec') return undefined;
  if (namedCurve === 'prime256v1') return 'ECDSA-P256';
  return namedCurve === 'secp384r1' ? 'ECDSA-P384' : undefined;
}

/** PKCS#1, SEC1 and PKCS#8 blocks, as kubeadm loads them; other blocks are ignored. */
const PRIVATE_KEY =
  /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \1-----/;

/**
 * Reads the first private key of a PEM text; undefined if there is no readable one (an encrypted key is not readable).
 */
export function readPrivateKey(text: string): KeyObject | undefined {
  const [block] = PRIVATE_KEY.exec(text) ?? [];
  if (block === undefined) return undefined;
  try {
    return createPrivateKey(block);
  } catch {
    return undefined;
  }
}

/** Every private key of a PEM text that can be read, with its block. */
export function privateKeyBlocksIn(
  text: string,
): { readonly pem: string; readonly key: KeyObject }[] {
  return [...text.matchAll(new RegExp(PRIVATE_KEY, 'g'))].flatMap(([pem]) => {
    const key = readPrivateKey(pem);
    return key ? [{ pem, key }] : [];
  });
}

/** Whether both have the same public key; kubeadm never checks this. */
export function areAPair(privateKey: KeyObject, publicKey: KeyObject): boolean {
  return isSameKey(createPublicKey(privateKey), publicKey);
}
