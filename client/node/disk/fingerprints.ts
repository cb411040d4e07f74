/** The certificates of a PEM text, their fingerprints and their keys. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';

export const parseCertificates = (pem: string): X509Certificate[] =>
  certificatesIn(pem).map((block) => new X509Certificate(block));

export const fingerprintsOf = (pem: string): string[] =>
  parseCertificates(pem).map(({ fingerprint256 }) => fingerprint256);

/** Whether two texts have the same certificates, in whatever order. */
export const haveSameCertificates = (one: string, other: string): boolean =>
  fingerprintsOf(one).sort().join() === fingerprintsOf(other).sort().join();

/** SHA-256 in hex, as documents have it. */
export const sha256Of = ({ fingerprint256 }: Pick<X509Certificate, 'fingerprint256'>): string =>
  fingerprint256.replaceAll(':', '').toLowerCase();

/** The fingerprint of the first certificate; undefined if there is no certificate that can be read. */
export const fingerprintOfFirst = (pem: string): string | undefined =>
  certificatesIn(pem).slice(0, 1).flatMap(readOne)[0]?.fingerprint256;

/** The keys of the certificates that can be read, and whose keys OpenSSL knows. */
export const publicKeysIn = (pem: string): KeyObject[] =>
  certificatesIn(pem)
    .flatMap(readOne)
    .flatMap((certificate) => attempt(() => certificate.publicKey));

const readOne = (block: string) => attempt(() => new X509Certificate(block));

function attempt<T>(read: () => T): T[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}
