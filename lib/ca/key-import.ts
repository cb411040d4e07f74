/** How a private key gets into KMS. Only an importer's own command has this port; functions never see such a key. */
export interface KeyImport {
  /**
   * A new wrapping key and its token, for one import. Both belong to this KMS key and to each other.
   * @param keyId ARN, or id; KMS takes no alias here
   * @throws Fault not-allowed if the key is not for import, or the caller may not import
   */
  parameters(keyId: string): Promise<ImportParameters>;
  /**
   * Imports a private key that does not expire. The same private key can be imported again, another cannot.
   * @param blob what `wrapPrivateKey` made with the wrapping key that belongs to the token
   * @throws Fault request-malformed if KMS refuses the token, or what it finds in the blob
   */
  import(keyId: string, token: Uint8Array, blob: Uint8Array): Promise<void>;
}

export interface ImportParameters {
  /** The wrapping key, as SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly token: Uint8Array;
  /** Until when KMS takes the token, 24 hours after it was given. */
  readonly validTo: Date;
}
