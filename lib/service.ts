import type { SigningKeys } from './signing/signing-keys.ts';
import type { ObjectStore } from './store/object-store.ts';
import type { TrustDomainRules } from './trust-domain-rules.ts';

/** Everything that issuance needs from outside. */
export interface Service {
  /** The bucket that nodes reach. */
  readonly exchange: ObjectStore;
  /** The bucket that nodes never reach. */
  readonly authority: ObjectStore;
  readonly keys: SigningKeys;
  /** What the deployment requires of each trust domain. */
  readonly rules: TrustDomainRules;
  readonly now: () => Date;
  /** Cryptographically strong random octets. */
  readonly randomBytes: (count: number) => Uint8Array;
}
