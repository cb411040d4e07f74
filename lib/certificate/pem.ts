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
