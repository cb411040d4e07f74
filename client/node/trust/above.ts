/**
 * CA certificates above the CA of a cluster, such as a corporate root. Clients outside verify with them; a CA file of a
 * node must never contain one, because the cluster would then trust every certificate below it, such as that of a Kubernetes user.
 */
import type { X509Certificate } from 'node:crypto';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { caOfSubject } from './another-ca.ts';
import { isSignedBy, type Path } from './path.ts';

/**
 * Enough for two versions of a CA, each with the longest chain that the service imports (`lib/ca/lint-chain.ts`). Each
 * certificate of a list is compared with every other, so a longer list from the bucket is refused first.
 */
const MOST_CAS = 32;

/** Why a list of CA certificates is not examined, as the end of a sentence; undefined if it is. */
export const whyTooMany = ({ length }: { readonly length: number }): string | undefined =>
  length > MOST_CAS ? `has ${length} certificates; at most ${MOST_CAS} are examined` : undefined;

/** On one line. */
export const subjectOf = ({ subject }: X509Certificate): string => subject.replaceAll('\n', ', ');

/** How a message tells CA certificates of one name apart. */
export const subjectUntil = (one: X509Certificate): string =>
  `${subjectOf(one)} until ${isoDate(one.validTo)}`;

export const isSelfSigned = (certificate: X509Certificate): boolean =>
  isSignedBy(certificate, certificate);

/**
 * Whether a certificate names itself as its issuer, and its key has not signed it. No program verifies the signature of a
 * certificate that it trusts, so anyone could have chosen its dates and constraints.
 */
export function isFalselySelfIssued(certificate: X509Certificate): boolean {
  if (certificate.issuer !== certificate.subject) return false;
  try {
    return !certificate.verify(certificate.publicKey);
  } catch {
    return true; // a key that cannot be read
  }
}

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

/**
 * The certificates of a list that are above another one of it, or may be: as in `findAbove`, a list that has a CA below
 * another one, and a root, may lack those between. An old CA that has signed the new one under the same name, as in a
 * rotation, is not: both are the CA of the cluster.
 * @param others further CA certificates of the cluster: what is above them is above the CA, too
 */
export const findIssuersAmong = (
  certificates: readonly X509Certificate[],
  others: readonly X509Certificate[] = [],
): X509Certificate[] =>
  certificates.filter((one) =>
    [...certificates, ...others].some(
      (other) =>
        other.ca && // a leaf that got into the list is another problem
        other.subject !== one.subject &&
        (isSignedBy(other, one) || (isSelfSigned(one) && !isSelfSigned(other))),
    ),
  );

/**
 * The certificate to which a path leads, if it is above the CA that has signed the leaf. A cross certificate of that CA is
 * a step of a path, too, and has its name; and an anchor with kubeadm's name is the cluster's own, whatever is below it.
 */
export function findAnchorAbove(path: Path): X509Certificate | undefined {
  const [ca, anchor] = [path[0], path.at(-1)];
  if (!ca || !anchor || ca.subject === anchor.subject) return undefined;
  return caOfSubject(anchor) === undefined ? anchor : undefined;
}

/** Why such a certificate must not be in a CA file. */
export const WHY_NOT_ABOVE = 'the cluster would trust every certificate below it';
