import { X509Certificate } from 'node:crypto';
import { toPem } from '../bytes.ts';

export const certificateToPem = (der: Uint8Array) => toPem('CERTIFICATE', der);

const CERTIFICATE = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in order; text between them is skipped. */
export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

/**
 * Programs differ in what they skip between blocks; if there is nothing between the blocks, all programs read the same
 * first certificate.
 */
export function holdsCertificatesOnly(text: string): boolean {
  return text.replace(CERTIFICATE, '').trim() === '';
}

/** A certificate between its own lines: spaces after `-----END` are accepted as Go and OpenSSL accept them. */
const WHOLE_LINES = new RegExp(`^${CERTIFICATE.source}[ \\t]*\\r?$`, 'gm');

/**
 * Whether every PEM reader sees the same certificates in a text that may have other text around them, as `openssl x509
 * -text` writes it, and line endings of Windows: nothing else looks like the beginning of a block.
 */
export function hidesNoCertificate(text: string): boolean {
  return !text.replace(WHOLE_LINES, '').includes('-----');
}

/**
 * Whether a text is certificates exactly as `toPem` writes them, and nothing else: then all PEM readers read the same
 * certificates. Otherwise they may differ: Go may skip what OpenSSL accepts (a lone CR, no line ending before the next
 * block), and accept what the pattern above skips (a space at the end of a line).
 */
export function holdsPlainCertificates(text: string): boolean {
  try {
    const again = certificatesIn(text).map((pem) => certificateToPem(new X509Certificate(pem).raw));
    return again.length > 0 && again.join('') === text;
  } catch {
    return false; // a certificate that cannot be read
  }
}
