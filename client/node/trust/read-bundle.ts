/** Reads the CA certificates that the service publishes, as text that every program reads the same way. */
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

/** PEM text that was written from the parsed certificates; or the reason why there is no usable bundle. */
export type PublishedBundle = { readonly pem: string } | { readonly problem: string };

/**
 * Every PEM reader must see the certificates that were shown, compared and written; so a bundle that contains anything
 * except canonical CA certificates in PEM is refused (decision 0035).
 */
export async function readBundle(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
  ca: CaName,
): Promise<PublishedBundle> {
  if (!isSubdomain(trustDomain)) return { problem: 'the certificate names no trust domain' };
  const key = bundleKey(trustDomain, ca);
  const object = await exchange.get(key, MAX_BUNDLE_BYTES);
  if (!object || object.tooLarge) return { problem: `the trust bundle ${key} does not exist` };
  const text = Buffer.from(object.body).toString('latin1');
  if (!holdsPlainCertificates(text))
    return {
      problem: `the trust bundle ${key} is not a list of canonical PEM certificates: other programs may read it differently`,
    };
  const certificates = certificatesIn(text).map((pem) => new X509Certificate(pem));
  if (!certificates.every((certificate) => certificate.ca))
    return { problem: `the trust bundle ${key} contains a certificate that is not a CA` };
  return { pem: certificates.map(({ raw }) => certificateToPem(raw)).join('') };
}

/** As `readBundle`, but reads each bundle only once, even if several callers need it at the same time. */
export function bundlesOf(exchange: Pick<Exchange, 'get'>) {
  const read = new Map<string, Promise<PublishedBundle>>();
  return (trustDomain: string, ca: CaName): Promise<PublishedBundle> => {
    const key = `${trustDomain}/${ca}`;
    const bundle = read.get(key) ?? readBundle(exchange, trustDomain, ca);
    read.set(key, bundle);
    return bundle;
  };
}
