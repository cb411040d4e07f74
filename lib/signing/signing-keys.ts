import type { SigningAlgorithm } from './signing-algorithm.ts';

/** The CA keys, which never leave KMS. */
export interface SigningKeys {
  /**
   * Signs a digest (KMS Sign, MessageType DIGEST). Returns the signature in the form that certificates use: DER for
   * ECDSA, plain octets for RSA.
   * @param recordKey key of the record (authority bucket) that the signature is for, for auditing the use of CA keys
   */
  sign(
    keyId: string,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    recordKey: string,
  ): Promise<Uint8Array>;
}
