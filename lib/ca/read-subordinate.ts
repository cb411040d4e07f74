/** The certificate of a subordinate CA and those above it, from PEM. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn, hidesNoCertificate } from '../certificate/pem.ts';
import type { CaToImport } from './trust-domain-request.ts';

export interface SubordinateCertificate {
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER of the certificates above it, in the order of the text. */
  readonly chain: readonly Uint8Array[];
}

/** @returns the certificates, or why they cannot be read: a sentence about the CA certificate without its subject */
export function readSubordinate({
  certificate,
  chain,
}: Pick<CaToImport, 'certificate' | 'chain'>): SubordinateCertificate | string {
  const own = readAll(certificate);
  if (typeof own === 'string') return own;
  const [der, ...others] = own;
  if (!der) return 'is not one certificate in PEM';
  if (others.length > 0)
    return `is one of ${own.length} in its file: give that of the CA alone, and those above it as its chain`;
  const above = readAll(chain);
  if (typeof above === 'string') return `has a chain that ${above}`;
  return { certificate: der, chain: above };
}

function readAll(text: string): Uint8Array[] | string {
  if (!hidesNoCertificate(text)) return 'contains something other than certificates in PEM';
  try {
    return certificatesIn(text).map((pem) => Uint8Array.from(new X509Certificate(pem).raw));
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
