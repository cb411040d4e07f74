/** Whether a certificate chains to a CA of a PEM text: what `path.ts` finds, for the certificates of a node. */
import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { chainOf, findPath, type Presented } from './path.ts';

/** What a certificate in place presents. */
export const presentedBy = ({
  leaf,
  chain,
}: Pick<CertificateInPlace, 'leaf' | 'chain'>): Presented => chainOf(chain) ?? leaf;

/** The CA certificate of a PEM text that a certificate chains to; undefined if the text has no such CA. */
export const findAnchor = (presented: Presented, bundle: string): X509Certificate | undefined =>
  findPath(presented, parseCertificates(bundle))?.at(-1);

/** Whether it chains to one of the CA certificates of a PEM text. */
export const leadsTo = (presented: Presented, bundle: string): boolean =>
  findAnchor(presented, bundle) !== undefined;
