/** How a certificate is found in the ledger. */
import { X509Certificate } from 'node:crypto';

export function serialOf(pem: string): { readonly serial: string; readonly issuer: string } {
  const { serialNumber, issuer } = new X509Certificate(pem);
  return { serial: serialNumber.toLowerCase(), issuer };
}
