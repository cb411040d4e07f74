import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';

/** The CA certificate of a PEM text that signed a certificate; undefined if it has no such CA. */
export const findSigner = (leaf: X509Certificate, bundle: string): X509Certificate | undefined =>
  parseCertificates(bundle).find((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));

/** Whether one of the CA certificates of a PEM text signed it. */
export const leadsTo = (leaf: X509Certificate, bundle: string): boolean =>
  findSigner(leaf, bundle) !== undefined;
