/** Which key specs of KMS can have the key of a CA certificate. */

import { bufferOf } from '../bytes.ts';
import { judgePublicKey, type KeyKind } from '../csr/public-key.ts';
import type { Element } from '../der/read.ts';
import { CA_KEY_SPECS, type CaKeySpec } from '../signing/signing-algorithm.ts';

const KIND_OF: Readonly<Record<CaKeySpec, KeyKind>> = {
  ECC_NIST_P256: 'ECDSA-P256',
  ECC_NIST_P384: 'ECDSA-P384',
  RSA_2048: 'RSA-2048',
  RSA_3072: 'RSA-3072',
  RSA_4096: 'RSA-4096',
};

export type AdoptedKey =
  | { readonly keySpec: CaKeySpec }
  /** What the key has that no key of a CA can have. */
  | { readonly problems: readonly string[] };

/** @param spki SubjectPublicKeyInfo. @throws DerError if it is not one */
export function judgeAdoptedKey(spki: Element): AdoptedKey {
  const { key, violations } = judgePublicKey(spki);
  if (violations.length > 0 || !key) return { problems: violations.map(({ got }) => got) };
  const keySpec = CA_KEY_SPECS.find((spec) => KIND_OF[spec] === key.kind);
  if (keySpec === undefined) return { problems: [key.kind] };
  // KMS returns the public key in this form, and it is compared with the certificate's byte for byte
  if (!bufferOf(spki.raw).equals(key.spki)) return { problems: ['an unusual encoding'] };
  return { keySpec };
}
