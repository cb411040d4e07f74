/** Reads the CA certificates that the service publishes, as text that every program reads alike. */
import { X509Certificate } from 'node:crypto';
import {
  certificatesIn,
  certificateToPem,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { Exchange } from '../exchange/exchange.ts';

export const MAX_BUNDLE_BYTES = 256 * 1024;

/** PEM text written by us from the certificates that were parsed; or why there is none. */
export type PublishedBundle = { readonly pem: string } | { readonly problem: string };

/**
 * What is shown to people, compared and written must be the same certificates for every reader of PEM; so a bundle that
 * holds anything else than plainly written CA certificates is not taken at all (decision 0035).
 */
export async function readBundle(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
  ca: CaName,
): Promise<PublishedBundle> {
  if (!isSubdomain(trustDomain)) return { problem: 'the certificate names no trust domain' };
  const key = bundleKey(trustDomain, ca);
  const object = await exchange.get(key, MAX_BUNDLE_BYTES);
  if (!object || object.tooLarge) return { problem: `there is no trust bundle ${key}` };
  const text = Buffer.from(object.body).toString('latin1');
  if (!holdsPlainCertificates(text))
    return {
      problem: `the trust bundle ${key} is not a list of plainly written PEM certificates: other programs may read it otherwise`,
    };
  const certificates = certificatesIn(text).map((pem) => new X509Certificate(pem));
  if (!certificates.every((certificate) => certificate.ca))
    return { problem: `the trust bundle ${key} holds a certificate that is no CA` };
  return { pem: certificates.map(({ raw }) => certificateToPem(raw)).join('') };
}
