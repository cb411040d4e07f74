import type { CaRecord, CaVersionName } from '../contract/ca-record.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface CaKey {
  /** Key ARN. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

/** A key into which a CA key is imported. */
export interface ImportableKey {
  /** Key ARN. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** `pending-import`: the key has no key material yet, so it has no public key and cannot sign. */
  readonly state: 'pending-import' | 'imported';
}

/** Creates and finds the keys of CAs. Only `create-ca` has this port; signing goes through `SigningKeys`. */
export interface CaKeys {
  /**
   * The key of one version of a CA: the existing one, or a new one. Repeated and concurrent calls return the same key.
   */
  ensure(name: CaVersionName, keySpec: CaKeySpec): Promise<CaKey>;
  /**
   * A key that was created elsewhere. @throws Fault request-malformed if it is not a signing key with an algorithm that
   * CAs can use
   */
  find(keyId: string): Promise<CaKey>;
  /**
   * The key for the import of a CA key: the one with the alias of the CA version, or a new one of Origin EXTERNAL.
   * Repeated and concurrent calls return the same key. @throws Fault request-malformed as `importState`
   */
  ensureImportable(name: CaVersionName, keySpec: CaKeySpec): Promise<ImportableKey>;
  /**
   * A key that was created elsewhere, with or without its key material.
   * @param keyId ARN or alias
   * @throws Fault request-malformed if it is not a signing key with an algorithm that CAs can use, or cannot be used
   */
  importState(keyId: string): Promise<ImportableKey>;
}

/** The key that a CA record names. */
export function keyOf({ keyId, keySpec, publicKey }: CaRecord): CaKey {
  return { keyId, keySpec, publicKey: Buffer.from(publicKey, 'base64') };
}
