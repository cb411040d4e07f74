/**
 * Whether a certificate chains to a trusted CA: directly, or through the intermediates in the file that contains it. A
 * CA below a corporate root, and a CA that an older one has cross-signed, leave such files.
 */
import { X509Certificate } from 'node:crypto';

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

export const isSignedBy = (certificate: X509Certificate, ca: X509Certificate) =>
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
  const paths: [X509Certificate, ...X509Certificate[]][] = [[leaf]];
  const seen = new Set<X509Certificate>();
  for (const path of paths) {
    const end = path.at(-1) ?? leaf;
    const anchor = anchors.find((one) => isSignedBy(end, one));
    if (anchor) return [...path.slice(1), anchor];
    for (const ca of others)
      if (ca.ca && !seen.has(ca) && isSignedBy(end, ca)) {
        seen.add(ca);
        paths.push([...path, ca]); // looked at later in this loop
      }
  }
  return undefined;
}
