/**
 * CA certificates above the CA of a cluster, such as a corporate root. Clients outside verify with them; a CA file of a
 * node must never contain one, because every certificate below it would then be that of a Kubernetes user.
 */
import type { X509Certificate } from 'node:crypto';
import { isSignedBy } from './path.ts';

const isSelfSigned = (certificate: X509Certificate) => isSignedBy(certificate, certificate);

/**
 * Which certificates of a published list are above the CA of a node, or may be: all new ones that have signed another
 * one of the list, and below a corporate root all new ones that are self-signed, because the list need not be complete.
 * @param ours the CA certificates of the node
 */
export function findAbove(
  published: readonly X509Certificate[],
  ours: readonly X509Certificate[],
): X509Certificate[] {
  const known = ours.map(({ fingerprint256 }) => fingerprint256);
  const isBelow = ours.some((one) => !isSelfSigned(one));
  return published
    .filter(({ fingerprint256 }) => !known.includes(fingerprint256))
    .filter((one) => {
      const others = published.filter((other) => other.fingerprint256 !== one.fingerprint256);
      return (isBelow && isSelfSigned(one)) || others.some((other) => isSignedBy(other, one));
    });
}
