/** The certificates of a PEM text, and their fingerprints. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';

export const parseCertificates = (pem: string): X509Certificate[] =>
  certificatesIn(pem).map((block) => new X509Certificate(block));

export const fingerprintsOf = (pem: string): string[] =>
  parseCertificates(pem).map(({ fingerprint256 }) => fingerprint256);
