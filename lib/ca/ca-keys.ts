import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface CaKey {
  /** Key ARN. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

/** Makes and finds the keys of CAs. Only `create-ca` has it; signing goes through `SigningKeys`. */
export interface CaKeys {
  /**
   * The key of a CA of a trust domain: the one that is there, or a new one. Called twice, or at the same time, it
   * gives the same key.
   */
  ensure(trustDomain: string, ca: CaName, keySpec: CaKeySpec): Promise<CaKey>;
  /** A key that somebody else made. @throws Fault request-malformed if it is no signing key of a kind that a CA can have */
  find(keyId: string): Promise<CaKey>;
}
