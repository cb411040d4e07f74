/** What leaf and CA certificates have in common. */
import { hash } from 'node:crypto';
import { type Element, readFields, readOctetAlignedBits, TAG } from '../der/read.ts';
import { bitString, sequence } from '../der/write.ts';
import type { SigningAlgorithm } from '../signing/signing-algorithm.ts';

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } */
export function assembleCertificate(
  tbs: Uint8Array,
  { algorithm }: { algorithm: SigningAlgorithm },
  signature: Uint8Array,
): Uint8Array {
  return sequence(tbs, algorithm.identifier, bitString(signature));
}

/** RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 over the key, as Go does since 1.25. */
export function keyIdentifierOf(spki: Element): Uint8Array {
  return hash('sha256', keyBitsOf(spki), 'buffer').subarray(0, 20);
}

/** RFC 5280 section 4.2.1.2, method 1: SHA-1 over the key, as Go did up to 1.24. It identifies, and protects nothing. */
export function sha1KeyIdentifierOf(spki: Element): Uint8Array {
  return hash('sha1', keyBitsOf(spki), 'buffer');
}

function keyBitsOf(spki: Element): Uint8Array {
  const [, bits] = readFields(spki, TAG.sequence, 'algorithm', 'subjectPublicKey');
  if (!bits) throw new Error('no subjectPublicKey');
  return readOctetAlignedBits(bits);
}
