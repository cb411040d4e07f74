import type { KeyObject } from 'node:crypto';

/**
 * Whether two public keys are the same. `KeyObject.equals` of keys of different types leaves an error in OpenSSL's queue
 * (Node.js 20, 22 and 24), and the next `createPrivateKey`, of whatever key, fails with it.
 */
export const isSamePublicKey = (one: KeyObject, other: KeyObject): boolean =>
  one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
