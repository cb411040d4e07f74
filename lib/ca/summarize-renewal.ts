/** What people are told about a renewed CA certificate. */
import { X509Certificate } from 'node:crypto';
import { isoDate } from '../certificate/iso-date.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { DescribedCertificate, RenewedCa } from './trust-domain-request.ts';
import { renewalsOf } from './write-renewed.ts';

export const describeRenewal = (
  name: { readonly trustDomain: string; readonly ca: CaName },
  before: CaVersion,
  after: CaVersion,
  changed: boolean,
): RenewedCa => ({
  trustDomain: name.trustDomain,
  ca: name.ca,
  version: after.version,
  renewals: renewalsOf(after),
  changed,
  before: describeCertificate(before.certificate),
  after: describeCertificate(after.certificate),
});

function describeCertificate(pem: string): DescribedCertificate {
  const { validTo, fingerprint256 } = new X509Certificate(pem);
  return { notAfter: isoDate(validTo), sha256: fingerprint256 };
}
