/** Reads the CA certificates that the service publishes, as text that every program reads the same way. */
import { X509Certificate } from 'node:crypto';
import {
  certificatesIn,
  certificateToPem,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import { bundleKey, chainKey } from '../../../lib/contract/trust-domain.ts';
import { isSubdomain } from '../../../lib/names.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { isFalselySelfIssued, isSelfSigned, whyTooMany } from './above.ts';
import { type Gets, getIfThere } from './get-if-there.ts';
import { type RenewalVouchers, readVouchers } from './renewal-voucher.ts';

export const MAX_BUNDLE_BYTES = 256 * 1024;

/** PEM text that was written from the parsed certificates; or the reason why there is no usable one. */
export type PublishedCertificates =
  | { readonly pem: string }
  /** `isAbsent`: the service publishes none, as for a CA that the trust domain does not have. */
  | { readonly problem: string; readonly isAbsent?: boolean };

/** The CA certificates that nodes trust for a CA. */
export type PublishedBundle =
  | {
      readonly pem: string;
      /** Only of a CA below another one, and only if it was read (`readBundleWithChain`). */
      readonly chain?: PublishedCertificates;
      /** As the chain: what vouches for its renewed certificates. */
      readonly vouchers?: RenewalVouchers;
    }
  | Exclude<PublishedCertificates, { readonly pem: string }>;

/**
 * The object of a bundle; undefined if the trust domain has no such CA. Nodes may read every bundle, and `ca` always exists,
 * so that a refusal of its bundle is a refusal.
 */
export function getBundle<Found>(
  exchange: Gets<Found>,
  trustDomain: string,
  ca: CaName,
): Promise<Found | undefined> {
  const key = bundleKey(trustDomain, ca);
  return ca === 'ca'
    ? exchange.get(key, MAX_BUNDLE_BYTES)
    : getIfThere(exchange, key, MAX_BUNDLE_BYTES);
}

/** The object of a CA's chain; undefined if the CA is not below another one. */
const getChain = <Found>(
  exchange: Gets<Found>,
  trustDomain: string,
  ca: CaName,
): Promise<Found | undefined> => getIfThere(exchange, chainKey(trustDomain, ca), MAX_BUNDLE_BYTES);

export async function readBundle(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
  ca: CaName,
): Promise<PublishedCertificates> {
  if (!isSubdomain(trustDomain)) return { problem: 'the certificate names no trust domain' };
  const what = `the trust bundle ${bundleKey(trustDomain, ca)}`;
  return examine(what, 'any bundle', await getBundle(exchange, trustDomain, ca));
}

/** Whether a CA file has a CA that is below another one. */
export const hasSubordinate = (pem: string): boolean =>
  parseCertificates(pem).some((one) => !isSelfSigned(one));

/** As `readBundle`; if the CA is below another one, with what is above it, and what vouches for its renewals. */
export async function readBundleWithChain(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
  ca: CaName,
): Promise<PublishedBundle> {
  const bundle = await readBundle(exchange, trustDomain, ca);
  if ('problem' in bundle || !hasSubordinate(bundle.pem)) return bundle;
  const what = `the chain ${chainKey(trustDomain, ca)}`;
  const [chain, vouchers] = await Promise.all([
    getChain(exchange, trustDomain, ca),
    readVouchers(exchange, trustDomain, ca),
  ]);
  return { ...bundle, chain: examine(what, 'any chain', chain), vouchers };
}

/**
 * Every PEM reader must see the certificates that were shown, compared and written; so an object that contains anything
 * except canonical CA certificates in PEM is refused (decision 0035).
 */
function examine(
  what: string,
  any: string,
  object: Awaited<ReturnType<Exchange['get']>>,
): PublishedCertificates {
  if (!object) return { problem: `${what} does not exist`, isAbsent: true };
  if (object.tooLarge) return { problem: `${what} is larger than ${any}` };
  const text = Buffer.from(object.body).toString('latin1');
  if (!holdsPlainCertificates(text))
    return {
      problem: `${what} is not a list of canonical PEM certificates: other programs may read it differently`,
    };
  const blocks = certificatesIn(text);
  const tooMany = whyTooMany(blocks);
  if (tooMany !== undefined) return { problem: `${what} ${tooMany}` };
  const certificates = blocks.map((pem) => new X509Certificate(pem));
  if (!certificates.every((certificate) => certificate.ca))
    return { problem: `${what} contains a certificate that is not a CA` };
  if (certificates.some(isFalselySelfIssued))
    return { problem: `${what} contains a certificate that its own key has not signed` };
  return { pem: certificates.map(({ raw }) => certificateToPem(raw)).join('') };
}

/** As `readBundle`, but reads each bundle only once, even if several callers need it at the same time. */
export function bundlesOf(exchange: Pick<Exchange, 'get'>) {
  const read = new Map<string, Promise<PublishedCertificates>>();
  return (trustDomain: string, ca: CaName): Promise<PublishedCertificates> => {
    const key = `${trustDomain}/${ca}`;
    const bundle = read.get(key) ?? readBundle(exchange, trustDomain, ca);
    read.set(key, bundle);
    return bundle;
  };
}
