import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface TrustDomainRequest {
  readonly trustDomain: string;
  /**
   * The CAs that the trust domain has to have, besides those in `keys`.
   * @default all for a new trust domain; an existing one stays as it is
   */
  readonly cas?: readonly CaName[];
  /** Key spec of new keys. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec;
  /** Existing keys, by ARN; the others are created. */
  readonly keys?: Partial<Record<CaName, string>>;
  /** Lifetime of the CA certificates in days; kubeadm's caCertificateValidityPeriod is 3650. */
  readonly validityDays: number;
}
