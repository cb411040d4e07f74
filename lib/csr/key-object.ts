/** OpenSSL's form of a public key. Making one takes as long as half a signature, and each key is used several times. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { toBase64, toPem } from '../bytes.ts';

/** More keys than one invocation uses at the same time. */
const MOST_KNOWN = 64;
const known = new Map<string, KeyObject>();

/**
 * OpenSSL parses the key, and rejects points that are not on their curve. Node.js reads PEM in a third
 * of the time that it needs for DER, for which it first tries other kinds of key and catches the errors.
 * @param spki SubjectPublicKeyInfo in DER
 * @throws Error if OpenSSL cannot read it
 */
export function keyObjectOf(spki: Uint8Array): KeyObject {
  const id = toBase64(spki);
  const earlier = known.get(id);
  if (earlier) return earlier;
  const made = createPublicKey(toPem('PUBLIC KEY', spki));
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(id, made);
  return made;
}
