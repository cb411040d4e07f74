/**
 * Whether a node takes a published chain: its CA, and everything above that. The CA itself is trusted by the CA file, and
 * its signatures lead to the root. But nothing in them says which root is meant: an intermediate CA may have been
 * certified by several. So there must be a reason for the root, too, as there is for a CA (`pins.ts`).
 */
import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../disk/fingerprints.ts';
import { isSelfSigned, subjectOf } from './above.ts';
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
  const others = (one: X509Certificate) => chain.filter((other) => !isSame(one)(other));
  const unrelated = chain.find(
    (one) => !isOwn(one) && !others(one).some((below) => isSignedBy(below, one)),
  );
  if (unrelated) return `${subjectOf(unrelated)} signed none of its other certificates`;
  const lost = chain.find(
    (one) => !isSelfSigned(one) && !others(one).some((above) => isSignedBy(one, above)),
  );
  return lost && `it lacks the certificate of the CA that signed ${subjectOf(lost)}`;
}

/** The roots that no hash vouches for, and that are not in a chain that the node has already. */
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
  `${subjectOf(root)} until ${new Date(root.validTo).toISOString()} (${formatCaCertHash('root', root)})`;
