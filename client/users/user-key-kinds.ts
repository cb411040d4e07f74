/** The algorithms of a user's key. Separate from what creates the key, because `--help` lists them. */
export const USER_KEY_KINDS = [
  'ECDSA-P256',
  'ECDSA-P384',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
] as const;
export type UserKeyKind = (typeof USER_KEY_KINDS)[number];
