/** Reads the CA certificates that the service publishes, as text that every program reads the same way. */
import { X509Certificate } from 'node:crypto';
import {
  certificatesIn,
  certificateToPem,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { Fault } from '../../../lib/fault.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { Exchange } from '../exchange/exchange.ts';

export const MAX_BUNDLE_BYTES = 256 * 1024;

/** PEM text that was written from the parsed certificates; or the reason why there is no usable bundle. */
export type PublishedBundle =
  | { readonly pem: string }
  /** `isAbsent`: the service publishes none, as for a CA that the trust domain does not have. */
  | { readonly problem: string; readonly isAbsent?: boolean };

/**
 * The object of a bundle; undefined if the trust domain has no such CA. S3 denies a missing object to those who may not
 * list it (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html), such as nodes, which may read every
 * bundle. `ca` always exists, so that a refusal of its bundle is a refusal.
 */
export async function getBundle<Found>(
  exchange: { get(key: string, maxBytes: number): Promise<Found | undefined> },
  trustDomain: string,
  ca: CaName,
): Promise<Found | undefined> {
  try {
    return await exchange.get(bundleKey(trustDomain, ca), MAX_BUNDLE_BYTES);
  } catch (error) {
    if (ca !== 'ca' && error instanceof Fault && error.code === 'not-allowed') return undefined;
    throw error;
  }
}

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
  const object = await getBundle(exchange, trustDomain, ca);
  if (!object) return { problem: `the trust bundle ${key} does not exist`, isAbsent: true };
  if (object.tooLarge) return { problem: `the trust bundle ${key} is larger than any bundle` };
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
