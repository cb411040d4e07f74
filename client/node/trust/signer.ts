/**
 * Whether a certificate chains to a trusted CA: directly, or through the intermediates in the file that contains it. A
 * CA below a corporate root, and a CA that an older one has cross-signed, leave such files.
 */
import { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';

/** A leaf, then the certificates that its file has after it, in any order. */
export type Chain = readonly [leaf: X509Certificate, ...others: X509Certificate[]];

/** A certificate alone, or with its intermediates. */
export type Presented = X509Certificate | Chain;

/** The CA certificates that vouch for a leaf, the one that signed it first, the trusted one last. */
export type Path = readonly X509Certificate[];

/** A certificate that cannot be parsed proves nothing. @returns undefined without a leaf */
export function chainOf(blocks: readonly string[]): Chain | undefined {
  const [leaf, ...others] = blocks.map(parseOne);
  return leaf && [leaf, ...others.flatMap((one) => one ?? [])];
}

function parseOne(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block);
  } catch {
    return undefined;
  }
}

/** What a certificate in place presents. */
export const presentedBy = ({
  leaf,
  chain,
}: Pick<CertificateInPlace, 'leaf' | 'chain'>): Presented => chainOf(chain) ?? leaf;

const isSignedBy = (certificate: X509Certificate, ca: X509Certificate) =>
  certificate.checkIssued(ca) && certificate.verify(ca.publicKey);

/**
 * The shortest path to one of the anchors; undefined if no path exists. Each intermediate is looked at once, so that a
 * file with many certificates of one name costs no more than their number squared.
 */
export function findPath(
  presented: Presented,
  anchors: readonly X509Certificate[],
): Path | undefined {
  const [leaf, ...others] = presented instanceof X509Certificate ? [presented] : presented;
  let unseen = others.filter(({ ca }) => ca);
  let ends: { readonly end: X509Certificate; readonly path: Path }[] = [{ end: leaf, path: [] }];
  while (ends.length > 0) {
    for (const { end, path } of ends) {
      const anchor = anchors.find((one) => isSignedBy(end, one));
      if (anchor) return [...path, anchor];
    }
    const reached = ends.flatMap(({ end, path }) =>
      unseen.filter((ca) => isSignedBy(end, ca)).map((ca) => ({ end: ca, path: [...path, ca] })),
    );
    ends = reached.filter(({ end }, i) => reached.findIndex((one) => one.end === end) === i);
    unseen = unseen.filter((ca) => !ends.some(({ end }) => end === ca));
  }
  return undefined;
}

/** The CA certificate of a PEM text that a certificate chains to; undefined if the text has no such CA. */
export const findAnchor = (presented: Presented, bundle: string): X509Certificate | undefined =>
  findPath(presented, parseCertificates(bundle))?.at(-1);

/** Whether it chains to one of the CA certificates of a PEM text. */
export const leadsTo = (presented: Presented, bundle: string): boolean =>
  findAnchor(presented, bundle) !== undefined;
