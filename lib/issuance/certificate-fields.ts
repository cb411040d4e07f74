/** The contents of a leaf certificate as values, from which the draft is written and against which it is linted. */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import type { KeyUsage } from '../certificate/write-tbs.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import type { Subject } from '../csr/subject.ts';
import type { IssuancePlan } from '../policy/issuance-plan.ts';
import type { ExtendedKeyUsage } from '../profiles/profiles.ts';

export interface CertificateFields {
  /** Octets of a positive INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject: Subject;
  readonly names: readonly AlternativeName[];
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly keyAlgorithm: 'RSA' | 'EC';
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** kubeadm and kube-controller-manager backdate certificates by the same time, for clocks that are behind. */
const BACKDATE_SECONDS = 5 * 60;
const RANDOM_SERIAL_BYTES = 16;

/**
 * Adds what the plan does not have: serial number and dates.
 * @param randomBytes cryptographically strong random octets
 */
export function certificateFields(
  plan: IssuancePlan,
  ca: IssuingCa,
  now: Date,
  randomBytes: (count: number) => Uint8Array,
): CertificateFields {
  return {
    // 128 random bits after a first octet that keeps the INTEGER positive and of constant length (RFC 5280 4.1.2.2)
    serialNumber: Uint8Array.of(1, ...randomBytes(RANDOM_SERIAL_BYTES)),
    ...validityFrom(now, plan.validitySeconds, ca),
    subject: plan.subject,
    names: plan.names,
    publicKey: plan.key.spki,
    keyAlgorithm: plan.key.algorithm,
    extendedKeyUsages: plan.profile.extendedKeyUsages,
  };
}

/** The dates of a certificate that is decided on now. */
export function validityFrom(now: Date, validitySeconds: number, ca: Validity): Validity {
  const start = Math.floor(now.getTime() / 1000) * 1000;
  return {
    notBefore: new Date(Math.max(start - BACKDATE_SECONDS * 1000, ca.notBefore.getTime())),
    // kubeadm does not clamp, but a leaf certificate is not valid after its CA has expired (RFC 5280 section 6.1.3)
    notAfter: new Date(Math.min(start + validitySeconds * 1000, ca.notAfter.getTime())),
  };
}

/**
 * keyEncipherment is for RSA keys (RFC 8813 section 3 forbids it for EC keys) of servers (RFC 5280 section 4.2.1.12
 * lists it for serverAuth, not for clientAuth). kubeadm always sets it, and verifiers accept that; see
 * docs/decisions/0005-key-encipherment.md.
 */
export function keyUsagesOf({
  keyAlgorithm,
  extendedKeyUsages,
}: Pick<CertificateFields, 'keyAlgorithm' | 'extendedKeyUsages'>): KeyUsage[] {
  return keyAlgorithm === 'RSA' && extendedKeyUsages.includes('serverAuth')
    ? ['digitalSignature', 'keyEncipherment']
    : ['digitalSignature'];
}
