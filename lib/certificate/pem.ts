import { X509Certificate } from 'node:crypto';

/** DER as PEM: lines of 64 characters (RFC 7468 section 2). */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export const certificateToPem = (der: Uint8Array) => toPem('CERTIFICATE', der);

const CERTIFICATE = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, in their order; whatever stands between them is passed over. */
export function certificatesIn(text: string): string[] {
  return text.match(CERTIFICATE) ?? [];
}

/** Programs differ in what they skip between blocks: with nothing there, all of them read the same first certificate. */
export function holdsCertificatesOnly(text: string): boolean {
  return text.replace(CERTIFICATE, '').trim() === '';
}

/**
 * Whether a text is certificates in the one way that `toPem` writes them, and nothing else. Readers of PEM differ: what
 * OpenSSL takes, Go may pass over (a lone CR, no line end before the next block), and what the pattern above passes over,
 * Go may take (a space at the end of a line). Of such a text all of them read the same certificates.
 */
export function holdsPlainCertificates(text: string): boolean {
  try {
    const again = certificatesIn(text).map((pem) => certificateToPem(new X509Certificate(pem).raw));
    return again.length > 0 && again.join('') === text;
  } catch {
    return false; // one of them can't be read
  }
}
