/** What a record says is to be signed, as far as an audit needs it. */
export interface SigningOrder {
  /** Which function has to sign: `sign` signs leaf certificates, `create-ca` for certificates of CAs. */
  readonly by: 'sign' | 'createCa';
  /** Key ARN. */
  readonly keyId: string;
  /** When the signed certificate or CSR was stored; undefined if it does not exist. */
  readonly storedAt: Date | undefined;
  /** When the version of the CA stopped signing leaf certificates. @default it has not */
  readonly endedAt?: Date | undefined;
}
