/**
 * Whether two public keys are the same. `KeyObject.equals` leaves an error in OpenSSL's queue if their types differ, and
 * then the next private key that is read in this process, whichever it is, seems unreadable (Node.js 20 to 24).
 */
import type { KeyObject } from 'node:crypto';

export const isSameKey = (one: KeyObject, other: KeyObject): boolean =>
  one.asymmetricKeyType === other.asymmetricKeyType && one.equals(other);
