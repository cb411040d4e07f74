import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';

/** The certificate of a PEM text whose key signed another one; undefined if there is none. */
export const findSigner = (leaf: X509Certificate, bundle: string): X509Certificate | undefined =>
  parseCertificates(bundle).find((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));

/** Whether one of the CA certificates of a PEM text signed it. */
export const leadsTo = (leaf: X509Certificate, bundle: string): boolean =>
  findSigner(leaf, bundle) !== undefined;
