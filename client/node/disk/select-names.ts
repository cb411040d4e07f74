/** Which certificates of a node a command works on: kubeadm's names, or `all`. */
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  CSRSIGNING_CONF,
  isCertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { usesExternalEtcd, whyItBelongsHere } from './belongs-here.ts';
import type { ExpiresWithin } from './expires-within.ts';
import { isKubeletsJob, mayStillRotate, remaining } from './kubelet-rotation.ts';
import { type NodeFolders, placeOf } from './places.ts';
import { type CertificateInPlace, type PlaceState, readPlace } from './read-place.ts';

export interface Selection {
  readonly present: readonly CertificateInPlace[];
  /** The names without a certificate to work on, each with its reason. */
  readonly skipped: readonly SkippedCertificate[];
}

export interface SkippedCertificate {
  readonly name: CertificateName;
  readonly reason: string;
  /** Whether the command exits with an error because of it. */
  readonly isError: boolean;
  /** Not on this node, and `all` was requested: such as apiserver on a worker. */
  readonly isAbsent?: boolean;
}

/** Text output: certificates that this node does not have are listed on one line. */
export function describeSkipped(
  skipped: readonly { readonly name: string; reason?: string; isAbsent?: boolean }[],
): string[] {
  const absent = skipped.filter(({ isAbsent }) => isAbsent).map(({ name }) => name);
  return [
    ...skipped.flatMap(({ name, reason, isAbsent }) =>
      isAbsent || reason === undefined ? [] : [`${name}: ${reason}`],
    ),
    ...(absent.length === 0 ? [] : [`not on this node: ${absent.join(', ')}`]),
  ];
}

export interface SelectionRule {
  /** Names or `all`. */
  readonly names: readonly string[];
  /** Only certificates that are due. */
  readonly expiresWithin?: ExpiresWithin | undefined;
  /** Certificates that are due although they do not expire. */
  readonly isDue?: (place: CertificateInPlace) => boolean;
  /** `all` includes the certificate that the kubelet rotates. */
  readonly includesKubelets?: boolean;
  readonly now: Date;
}

/**
 * `all` is every certificate on the node. It includes kubelet.conf if that contains the certificate that the kubelet
 * uses, or names a file other than the kubelet's own: both are renewed. If only the kubelet's store contains the
 * certificate (kubelet-client-current.pem), or if the kubelet has rotated it since, `all` leaves it to the kubelet's
 * rotation, and renews it in the last tenth: by then rotation does not work, as in external-CA mode without a signer. A
 * rotation of the CA does not wait for the kubelet either.
 * @throws CommandError for a name that kubeadm does not know, and for `all` on a machine without any certificate
 */
export function selectCertificates(folders: NodeFolders, rule: SelectionRule): Selection {
  const all = rule.names.includes('all');
  const names = all ? CERTIFICATE_NAMES : checkNames(rule.names);
  const places = names
    .map((name) => readPlace(placeOf(name, folders)))
    // few nodes have it, and kubeadm does not know it: its absence is not worth a word
    .filter(({ name, state }) => !(all && name === CSRSIGNING_CONF && state === 'missing'));
  if (all && places.every(({ state }) => state === 'missing')) throw nothingFound(folders);
  const present: CertificateInPlace[] = [];
  const skipped: SkippedCertificate[] = [];
  for (const place of places) {
    const reason = whyNot(place, all, rule, folders);
    if (reason) skipped.push({ name: place.name, ...reason });
    else if (place.state === 'present') present.push(place);
  }
  return { present, skipped };
}

const nothingFound = ({ certDir, kubeconfigDir }: NodeFolders) =>
  new CommandError(
    'usage',
    `no certificate of kubeadm is in ${certDir} or ${kubeconfigDir}`,
    'check --cert-dir and --kubeconfig-dir, or certDir and kubeconfigDir in the configuration file of this node; cakeless prepare creates the certificates of a new node',
  );

/** @throws CommandError for a name that kubeadm does not know */
export function checkNames(names: readonly string[]): CertificateName[] {
  const unknown = names.filter((name) => name !== 'all' && !isCertificateName(name));
  if (unknown.length === 0) return [...new Set(names.filter(isCertificateName))];
  throw new CommandError(
    'usage',
    `kubeadm has no certificate ${unknown.join(', ')}`,
    `the names are: all, ${CERTIFICATE_NAMES.join(', ')}`,
  );
}

type Missing = Extract<PlaceState, { state: 'missing' }>;

function whyMissing({ name, file }: Missing, all: boolean, folders: NodeFolders) {
  const reason = `${file} does not exist`;
  const mayBelong = all && !isOfExternalEtcd(name, folders);
  const evidence = mayBelong ? whyItBelongsHere(name, folders) : undefined;
  if (all && evidence === undefined) return { reason, isError: false, isAbsent: true };
  // kubeadm prints MISSING! and continues; administrators may have deleted super-admin.conf deliberately
  if (name === 'super-admin.conf') return { reason, isError: false };
  if (name === CSRSIGNING_CONF)
    return { reason: `${reason}; cakeless install-csrsigning creates it`, isError: true };
  const although = evidence === undefined ? '' : `, although ${evidence}`;
  return {
    reason: `${reason}${although}; cakeless prepare creates missing certificates`,
    isError: true,
  };
}

function whyNot(place: PlaceState, all: boolean, rule: SelectionRule, folders: NodeFolders) {
  if (all && place.state !== 'missing' && isOfExternalEtcd(place.name, folders))
    return { reason: OF_EXTERNAL_ETCD, isError: false };
  if (place.state === 'missing') return whyMissing(place, all, folders);
  if (place.state === 'broken') return { reason: `${place.file}: ${place.problem}`, isError: true };
  if (place.configured && place.configured.leaf.subject !== place.leaf.subject)
    return {
      reason: `the kubelet uses ${place.certificateFile} (${oneLine(place.leaf.subject)}), but kubelet.conf is for ${oneLine(place.configured.leaf.subject)}: move the wrong one away`,
      isError: true,
    };
  const left = remaining(place, rule.now);
  if (rule.expiresWithin && !expiresWithin(left, rule.expiresWithin) && !rule.isDue?.(place))
    return { reason: `valid until ${isoDate(place.leaf.validTo)}`, isError: false };
  if (all && !mayRenewKubelets(place, rule) && isKubeletsJob(place))
    return {
      reason: `the kubelet rotates it (${place.certificateFile}); to renew it anyway, give its name`,
      isError: false,
    };
  return undefined;
}

/** The kubelet would rotate its certificate in months only, and does not know that a rotation of its CA waits for it. */
const mayRenewKubelets = (place: CertificateInPlace, rule: SelectionRule): boolean =>
  rule.includesKubelets || rule.isDue?.(place) === true || !mayStillRotate(place, rule.now);

/** Whether a certificate is one that the service does not issue, because the etcd is not the cluster's own. */
const isOfExternalEtcd = (name: CertificateName, folders: NodeFolders): boolean =>
  profileOf(name).ca === 'etcd-ca' && usesExternalEtcd(folders);

const OF_EXTERNAL_ETCD =
  'kube-apiserver uses an external etcd, whose CA is not that of the service; to request it anyway, give its name';

const expiresWithin = (left: { seconds: number; share: number }, rule: ExpiresWithin) =>
  'share' in rule ? left.share <= rule.share : left.seconds <= rule.seconds;

const oneLine = (subject: string) => subject.replaceAll('\n', ', ');
