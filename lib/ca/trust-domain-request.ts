import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';

export interface TrustDomainRequest {
  readonly trustDomain: string;
  /** Key spec of new keys. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec;
  /** Existing keys, by ARN; the others are created. */
  readonly keys?: Partial<Record<CaName, string>>;
  /** Lifetime of the CA certificates in days; kubeadm's caCertificateValidityPeriod is 3650. */
  readonly validityDays: number;
}
