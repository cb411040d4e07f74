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
  const [, bits] = readFields(spki, TAG.sequence, 'algorithm', 'subjectPublicKey');
  if (!bits) throw new Error('no subjectPublicKey');
  return hash('sha256', readOctetAlignedBits(bits), 'buffer').subarray(0, 20);
}
