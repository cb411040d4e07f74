/**
 * What KMS signs to prove that it has the key of a CA certificate from outside: a statement in ASCII with NUL between its
 * parts. It is not DER, so nobody can take the signature for that of a certificate, a CSR, a CRL or anything else that a CA signs.
 */
import { createHash } from 'node:crypto';
import { toHex, toLatin1 } from '../bytes.ts';
import type { CaVersionName } from '../contract/ca-record.ts';

const STATEMENT = 'cakeless key proof';
export const PROOF_RANDOM_BYTES = 32;

/** @param certificate DER */
export function writeProof(
  name: CaVersionName,
  certificate: Uint8Array,
  random: Uint8Array,
): Uint8Array {
  return Buffer.from(`${beginning(name, certificate)}${toHex(random)}`, 'latin1');
}

/** Whether bytes are the proof of this CA version and certificate. Nothing else is signed for a certificate from outside. */
export function isProofOf(
  proof: Uint8Array,
  name: CaVersionName,
  certificate: Uint8Array,
): boolean {
  const text = toLatin1(proof);
  const start = beginning(name, certificate);
  const random = text.slice(start.length);
  return (
    text.startsWith(start) && /^[0-9a-f]+$/.test(random) && random.length === 2 * PROOF_RANDOM_BYTES
  );
}

function beginning({ trustDomain, ca, version }: CaVersionName, certificate: Uint8Array): string {
  const sha256 = createHash('sha256').update(certificate).digest('hex');
  return [STATEMENT, `${trustDomain}/${ca}/${version}`, sha256, ''].join('\0');
}
