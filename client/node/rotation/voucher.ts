/**
 * The cross certificate: the key of a new CA, certified by the one that this node trusts. Anyone who has
 * the old key can already impersonate everything to this node, so the cross certificate vouches for a new CA without a
 * person, wherever it was read (decision 0061).
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf } from '../../../lib/bytes.ts';
import { nameOfCertificate } from '../../../lib/ca/certificate-name.ts';
import { basicConstraintsOf } from '../../../lib/ca/lint-parts.ts';
import { certificatesIn, holdsCertificatesOnly } from '../../../lib/certificate/pem.ts';
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../../../lib/certificate/read-certificate.ts';
import { OID } from '../../../lib/der/oids.ts';
import { readDer, TAG } from '../../../lib/der/read.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { isSelfSigned } from '../trust/above.ts';
import { caOfSubject } from '../trust/another-ca.ts';
import { hashOf } from '../trust/ca-cert-hash.ts';
import { isSignedBy } from '../trust/path.ts';

export const REFUSALS = {
  compromised: 'the key of the old CA may have been stolen, so it cannot vouch for the new CA',
  'not-one-certificate': 'the cross certificate is not exactly one certificate in PEM',
  'not-a-ca': 'the cross certificate is not a CA certificate (basicConstraints without CA:TRUE)',
  'no-cert-sign': 'the cross certificate may not sign certificates (keyUsage without keyCertSign)',
  'path-length':
    'the old CA must not have a CA below it (pathLenConstraint), so its cross certificate is not valid',
  'not-valid-now': 'the cross certificate is not valid at this time (check the clock)',
  'other-key': 'the cross certificate is not for the key of the new CA',
  'not-signed-by-ours': 'no certificate in the file of this CA has signed the cross certificate',
  'other-role': 'the cross certificate has the name of another CA',
} as const;

export type Refusal = keyof typeof REFUSALS;

/** A CA whose key is vouched for; its certificate is the cross, which is enough to verify what that key has signed. */
export interface Voucher {
  readonly key: string;
  readonly cross: X509Certificate;
}

/**
 * Whether it vouches for a certificate. That must be signed by its own key, or be the one that the cross certificate names:
 * otherwise anyone could choose everything that the cross certificate does not determine, such as how long the new CA is valid.
 */
export const vouchesFor = ({ key, cross }: Voucher, one: X509Certificate): boolean =>
  key === hashOf(one) &&
  cross.subject === one.subject &&
  (isSelfSigned(one) || namesCertificate(cross, one));

function namesCertificate(cross: X509Certificate, { raw }: X509Certificate): boolean {
  const names = extensionOf(readCertificate(cross.raw), OID.subjectAltName);
  return names !== undefined && bufferOf(names.value).equals(nameOfCertificate(raw));
}

export interface VoucherInput {
  readonly ca: CaName;
  /** PEM, as published. */
  readonly cross: string;
  /** SHA-256 of the key that it must be for, in hex; undefined if its own key is the one that counts. */
  readonly key: string | undefined;
  /** CA certificates that may vouch: those in the file of this CA, and cross certificates that they vouch for. */
  readonly trusted: readonly X509Certificate[];
  /** Keys that may have been stolen. */
  readonly compromised: readonly string[];
  readonly now: Date;
}

export function judgeCross(input: VoucherInput): Voucher | { readonly refusal: Refusal } {
  try {
    const refusal = findRefusal(input);
    const cross = new X509Certificate(input.cross);
    return refusal === undefined ? { key: hashOf(cross), cross } : { refusal };
  } catch {
    return { refusal: 'not-one-certificate' }; // it cannot be read
  }
}

function findRefusal({ ca, cross: pem, key, trusted, compromised, now }: VoucherInput) {
  if (certificatesIn(pem).length !== 1 || !holdsCertificatesOnly(pem)) return 'not-one-certificate';
  const cross = new X509Certificate(pem);
  const elements = readCertificate(cross.raw);
  if (basicConstraintsOf(elements)?.isCa !== true) return 'not-a-ca';
  if (!maySign(elements)) return 'no-cert-sign';
  if (key !== undefined && hashOf(cross) !== key) return 'other-key';
  const signers = trusted.filter((one) => isSignedBy(cross, one));
  if (signers.length === 0) return 'not-signed-by-ours';
  const signer = signers.find((one) => !compromised.includes(hashOf(one)));
  if (!signer) return 'compromised';
  if (allowsNoneBelow(signer)) return 'path-length';
  const named = caOfSubject(cross);
  if (named !== ca && (named !== undefined || cross.subject !== signer.subject))
    return 'other-role';
  return isValid(cross, now) && isValid(signer, now) ? undefined : 'not-valid-now';
}

/** RFC 5280 section 4.2.1.9: 0 means that only leaves may follow. A negative one is not valid. */
function allowsNoneBelow(signer: X509Certificate): boolean {
  const length = basicConstraintsOf(readCertificate(signer.raw))?.pathLength;
  return length !== undefined && (length.every((octet) => octet === 0) || isNegative(length));
}

const isNegative = ([first = 0x80]: Uint8Array) => (first & 0x80) !== 0;

/** Bit of keyCertSign in the first octet of KeyUsage (RFC 5280 section 4.2.1.3). */
const KEY_CERT_SIGN = 0x04;

function maySign(elements: CertificateElements): boolean {
  const extension = extensionOf(elements, OID.keyUsage);
  if (!extension) return false;
  const [, bits = 0] = readDer(extension.value, 'keyUsage').expect(TAG.bitString).content;
  return (bits & KEY_CERT_SIGN) !== 0;
}

const isValid = ({ validFrom, validTo }: X509Certificate, now: Date) =>
  Date.parse(validFrom) <= now.getTime() && now.getTime() < Date.parse(validTo);
