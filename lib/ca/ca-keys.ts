import { createPublicKey } from 'node:crypto';
import type { CaRecord, CaVersionName } from '../contract/ca-record.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface CaKey {
  /** Key ARN. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

/** A key whose private key is made outside of KMS and imported. Only after that it has a public key, and signs. */
export type ImportableKey =
  | (Omit<CaKey, 'publicKey'> & { readonly state: 'pending-import' })
  | (CaKey & { readonly state: 'imported' });

/** Creates and finds the keys of CAs. Only `create-ca` has this port; signing goes through `SigningKeys`. */
export interface CaKeys {
  /**
   * The key of one version of a CA: the existing one, or a new one. Repeated and concurrent calls return the same key.
   * @throws Fault request-malformed as `findMade`
   */
  ensure(name: CaVersionName, keySpec: CaKeySpec): Promise<CaKey>;
  /** The key of one version of a CA, by its alias; undefined if it does not exist. @throws Fault as `findMade` */
  existing(name: CaVersionName): Promise<CaKey | undefined>;
  /**
   * A key that was created elsewhere, by ARN or alias, for a CA whose certificate is to be made.
   * @throws Fault request-malformed if it does not exist, or is not a signing key with an algorithm that CAs can use; if
   * its private key is, or will be, imported, so that someone may know it; or if it was made for another CA
   */
  findMade(keyId: string, name: CaVersionName): Promise<CaKey>;
  /**
   * The key of one version of a CA, into which its private key can be imported: the existing one, or a new one. Repeated
   * and concurrent calls return the same key.
   * @throws Fault request-malformed as `importState`, and if the existing key has another key spec
   */
  ensureImportable(name: CaVersionName, keySpec: CaKeySpec): Promise<ImportableKey>;
  /**
   * A key that was created elsewhere, by ARN or alias. @throws Fault request-malformed if it does not exist, is not for
   * import, was made for another CA, cannot be used, or if what was imported expires
   */
  importState(keyId: string, name: CaVersionName): Promise<ImportableKey>;
}

/** The key that a CA record names. */
export function keyOf({
  keyId,
  keySpec,
  publicKey,
}: Pick<CaRecord, 'keyId' | 'keySpec' | 'publicKey'>): CaKey {
  return { keyId, keySpec, publicKey: Buffer.from(publicKey, 'base64') };
}

/** For node:crypto, to verify a signature before anything is published. */
export function caKeyObject(key: CaKey) {
  return createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' });
}
