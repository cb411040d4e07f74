/**
 * First trust: whether a new node trusts a CA certificate. CA files on disk are trusted already; otherwise the reason
 * is a hash of the CA's public key, in the format of kubeadm's --discovery-token-ca-cert-hash
 * (cmd/kubeadm/app/util/pubkeypin), or a file of CA certificates that did not come from the bucket.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn, holdsCertificatesOnly } from '../../../lib/certificate/pem.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { fingerprintsOf, parseCertificates } from '../disk/fingerprints.ts';
import { findIssuersAmong, subjectOf, WHY_NOT_ABOVE, whyTooMany } from './above.ts';
import { caOfSubject } from './another-ca.ts';
import { type CaHashes, hashOf } from './ca-cert-hash.ts';
import { isOptional } from './optional-ca.ts';
import type { TrustReason } from './reasons.ts';

export interface Pins {
  readonly hashes: CaHashes;
  /** PEM text with CA certificates. */
  readonly trustBundle: string | undefined;
  readonly onFirstUse: boolean;
}

export type TrustDecision =
  | { readonly trustedBy: TrustReason }
  | { readonly problem: string; readonly isUnpinned?: boolean };

/**
 * There must be a reason for every certificate of a bundle, not only for the first one, which is all that kubeadm
 * reads. Given hashes and files must match even if a CA file already exists on disk: that file may have been trusted
 * too early.
 */
export function judgeBundle(
  ca: CaName,
  bundle: string,
  onDisk: string | undefined,
  pins: Pins,
): TrustDecision {
  try {
    return judge(evidenceFor(ca, bundle, onDisk, pins));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `a certificate of ${ca} cannot be parsed: ${reason}` };
  }
}

interface Evidence {
  readonly ca: CaName;
  readonly bundle: string;
  /** The certificates of the bundle, in PEM. */
  readonly certificates: readonly string[];
  readonly onDisk: string | undefined;
  readonly hashes: readonly string[];
  readonly trustBundle: string | undefined;
  readonly onFirstUse: boolean;
}

function evidenceFor(
  ca: CaName,
  bundle: string,
  onDisk: string | undefined,
  { hashes, trustBundle, onFirstUse }: Pins,
): Evidence {
  const certificates = certificatesIn(bundle);
  return { ca, bundle, certificates, onDisk, hashes: hashes[ca], trustBundle, onFirstUse };
}

function judge(evidence: Evidence): TrustDecision {
  for (const findProblem of PROBLEMS) {
    const problem = findProblem(evidence);
    if (problem !== undefined) return { problem };
  }
  const reason = REASONS.find(([, holds]) => holds(evidence))?.[0];
  if (reason) return { trustedBy: reason };
  const { ca } = evidence;
  return {
    problem: `nothing vouches for the service's ${ca} (${seen(evidence)})`,
    isUnpinned: true,
  };
}

/** In order: the first one is reported. */
const PROBLEMS: readonly ((evidence: Evidence) => string | undefined)[] = [
  ({ ca, bundle, certificates }) =>
    certificates.length === 0 || !holdsCertificatesOnly(bundle)
      ? `the trust bundle of ${ca} is not a list of PEM certificates`
      : undefined,
  ({ ca, certificates }) => {
    const tooMany = whyTooMany(certificates);
    return tooMany && `the trust bundle of ${ca} ${tooMany}`;
  },
  ({ ca, certificates }) =>
    certificates.some((pem) => !new X509Certificate(pem).ca)
      ? `the trust bundle of ${ca} contains a certificate that is not a CA`
      : undefined,
  ({ ca, bundle }) => {
    const [above] = findIssuersAmong(parseCertificates(bundle));
    return (
      above &&
      `the trust bundle of ${ca} contains ${subjectOf(above)}, which is above the CA: ${WHY_NOT_ABOVE}`
    );
  },
  ({ ca, bundle, trustBundle }) => {
    const above = findIssuersAmong(parseCertificates(trustBundle ?? '')).map(
      ({ fingerprint256 }) => fingerprint256,
    );
    const found = fingerprintsOf(bundle).some((one) => above.includes(one));
    return found
      ? `the service's ${ca} is above another CA of the given trust bundle: ${WHY_NOT_ABOVE}`
      : undefined;
  },
  (evidence) =>
    evidence.hashes.length > 0 &&
    !evidence.certificates.every((pem) => evidence.hashes.includes(hashOf(pem)))
      ? `the public key of ${evidence.ca} (${seen(evidence)}) is not the pinned one`
      : undefined,
  (evidence) =>
    isOutside(evidence) && mustKnow(evidence)
      ? `${evidence.ca} (${seen(evidence)}) is not in the given trust bundle`
      : undefined,
  (evidence) => {
    const other = evidence.trustBundle === undefined ? undefined : findOtherCa(evidence);
    return other && `${evidence.ca} (${seen(evidence)}) is ${other} in the given trust bundle`;
  },
  (evidence) => {
    // no certificate of the node shows that it is not another CA
    const other = isOptional(evidence.ca) ? findOtherCa(evidence) : undefined;
    return other && `${evidence.ca} (${seen(evidence)}) has the name of ${other}`;
  },
  (evidence) =>
    evidence.onDisk !== undefined &&
    fingerprintsOf(evidence.onDisk).join() !== fingerprintsOf(evidence.bundle).join()
      ? `the CA certificates of ${evidence.ca} on disk differ from those that the service publishes (${seen(evidence)})`
      : undefined,
];

/** The strongest first, because the first one that holds is shown. */
const REASONS: readonly [TrustReason, (evidence: Evidence) => boolean][] = [
  ['hash', ({ hashes }) => hashes.length > 0],
  ['trust-bundle', (evidence) => evidence.trustBundle !== undefined && !isOutside(evidence)],
  ['disk', ({ onDisk }) => onDisk !== undefined],
  ['first-use', ({ onFirstUse }) => onFirstUse],
];

const seen = ({ certificates }: Evidence) =>
  certificates.map((pem) => `sha256:${hashOf(pem)}`).join(', ');

/** A file of CA certificates may be older than a CA that a node need not have. */
function mustKnow({ ca, trustBundle = '' }: Evidence): boolean {
  return !isOptional(ca) || certificatesIn(trustBundle).some((pem) => caOfSubject(pem) === ca);
}

function isOutside({ bundle, trustBundle }: Evidence): boolean {
  if (trustBundle === undefined) return false;
  const given = fingerprintsOf(trustBundle);
  return !fingerprintsOf(bundle).every((fingerprint) => given.includes(fingerprint));
}

/**
 * The CA whose subject a certificate has, if that is a different CA: a hash names its CA, a trust bundle contains all
 * of them.
 */
function findOtherCa({ ca, certificates }: Evidence): CaName | undefined {
  return certificates
    .map((pem) => caOfSubject(pem))
    .find((named) => named !== undefined && named !== ca);
}
