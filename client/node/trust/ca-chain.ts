/**
 * Whether a node takes a published chain: its CA, and everything above that. The CA itself is trusted by the CA file, and
 * its signatures lead to the root. But nothing in them says which root is meant: an intermediate CA may have been
 * certified by several. So there must be a reason for the root, too, as there is for a CA (`pins.ts`).
 */

import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';
import { isSelfSigned, subjectOf, subjectUntil, whyTooMany } from './above.ts';
import { formatCaCertHash, hashOf } from './ca-cert-hash.ts';
import { isSignedBy } from './path.ts';

/** The certificates of a chain that nothing is above. */
export const rootsOf = (chain: readonly X509Certificate[]): X509Certificate[] =>
  chain.filter(isSelfSigned);

const isSame = (one: X509Certificate) => (other: X509Certificate) =>
  one.fingerprint256 === other.fingerprint256;

/**
 * What is wrong with a chain, apart from its root being unknown: undefined if nothing is.
 * @param bundle the CA file that the node has, or will have
 */
export function findChainProblem(chainPem: string, bundle: string): string | undefined {
  const [chain, cas] = [parseCertificates(chainPem), parseCertificates(bundle)];
  const isOwn = (one: X509Certificate) => cas.some(isSame(one));
  const [first] = chain;
  if (!first || !isOwn(first)) return 'it does not begin with a certificate of the CA file';
  const tooMany = whyTooMany(chain);
  if (tooMany !== undefined) return `it ${tooMany}`;
  const above = growing(chain.filter(isOwn), chain, (one, below) => isSignedBy(below, one));
  const unrelated = chain.find((one) => !above.has(one));
  if (unrelated) return `${subjectOf(unrelated)} has signed neither the CA nor one above it`;
  const rooted = growing(rootsOf(chain), chain, (one, issuer) => isSignedBy(one, issuer));
  const lost = chain.findLast((one) => !rooted.has(one));
  return lost && `it lacks the certificate of the CA that signed ${subjectOf(lost)}`;
}

/**
 * Some certificates of a list, with all those that lead to them. It is not enough that each has a neighbor: two that
 * certify each other have one, and anybody can make such a pair.
 */
function growing(
  first: readonly X509Certificate[],
  list: readonly X509Certificate[],
  isNext: (one: X509Certificate, known: X509Certificate) => boolean,
): ReadonlySet<X509Certificate> {
  const found = new Set(first);
  // a Set also visits what is added during the loop
  for (const known of found)
    for (const one of list) if (!found.has(one) && isNext(one, known)) found.add(one);
  return found;
}

/**
 * The roots that no hash vouches for, and that the node does not have already: in its chain, or in its CA file, whose CA a
 * rotation may replace by one below a root.
 */
export function findUnknownRoots(
  chainPem: string,
  hashes: readonly string[],
  known: string,
): X509Certificate[] {
  const ours = parseCertificates(known);
  return rootsOf(parseCertificates(chainPem)).filter(
    (root) => !hashes.includes(hashOf(root)) && !ours.some(isSame(root)),
  );
}

export const describeRoot = (root: X509Certificate): string =>
  `${subjectUntil(root)} (${formatCaCertHash('root', root)})`;
