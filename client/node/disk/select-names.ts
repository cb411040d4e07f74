/** Which certificates of a node a command is about: kubeadm's names, or `all`. */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  isCertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { KUBELET_PEM, type NodeFolders, placeOf } from './places.ts';
import { type CertificateInPlace, type PlaceState, readPlace } from './read-place.ts';

export interface Selection {
  readonly present: readonly CertificateInPlace[];
  /** Left out, each with the reason; the second kind keeps the exit code from being 0. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly name: CertificateName;
  readonly reason: string;
  readonly isError: boolean;
  /** Not on this node, and `all` was asked for: such as a worker's apiserver. */
  readonly isAbsent?: boolean;
}

/** For people: what is not on this node is told in one line. */
export function describeLeftOut(
  leftOut: readonly { readonly name: string; reason?: string; isAbsent?: boolean }[],
): string[] {
  const absent = leftOut.filter(({ isAbsent }) => isAbsent).map(({ name }) => name);
  return [
    ...leftOut.flatMap(({ name, reason, isAbsent }) =>
      isAbsent || reason === undefined ? [] : [`${name}: ${reason}`],
    ),
    ...(absent.length === 0 ? [] : [`not on this node: ${absent.join(', ')}`]),
  ];
}

export interface SelectionRule {
  /** Names or `all`. */
  readonly names: readonly string[];
  /** Only certificates that end within this time. */
  readonly expiresWithinSeconds?: number | undefined;
  readonly now: Date;
}

/**
 * `all` is what is on the node. kubelet.conf belongs to it where a certificate is embedded, whether the kubelet uses that
 * one or has a file of its own beside it: both become new. Where the kubelet's own rotation alone keeps it (kubelet-client-current.pem), `all` leaves it to the kubelet, which starts at 70 to 90 % of the
 * lifetime, and takes it in the last tenth: then rotation does not work, as in external-CA mode without a signer.
 * @throws CommandError for a name that kubeadm does not have
 */
export function selectCertificates(folders: NodeFolders, rule: SelectionRule): Selection {
  const all = rule.names.includes('all');
  const names = all ? CERTIFICATE_NAMES : checkNames(rule.names);
  const present: CertificateInPlace[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const place = readPlace(placeOf(name, folders));
    const reason = whyNot(place, all, rule);
    if (reason) leftOut.push({ name, ...reason });
    else if (place.state === 'present') present.push(place);
  }
  return { present, leftOut };
}

function checkNames(names: readonly string[]): CertificateName[] {
  const unknown = names.filter((name) => !isCertificateName(name));
  if (unknown.length === 0) return [...new Set(names.filter(isCertificateName))];
  throw new CommandError(
    'usage',
    `kubeadm has no certificate ${unknown.join(', ')}`,
    `the names are: all, ${CERTIFICATE_NAMES.join(', ')}`,
  );
}

function whyNot(place: PlaceState, all: boolean, rule: SelectionRule) {
  if (place.state === 'missing') {
    const reason = `${place.file} is not there`;
    if (all) return { reason, isError: false, isAbsent: true };
    // kubeadm says MISSING! and goes on; super-admin.conf may be deleted for good
    if (place.name === 'super-admin.conf') return { reason, isError: false };
    return { reason: `${reason}; cakeless prepare makes what is missing`, isError: true };
  }
  if (place.state === 'broken') return { reason: `${place.file}: ${place.problem}`, isError: true };
  if (place.embedded && place.embedded.leaf.subject !== place.leaf.subject)
    return {
      reason: `the kubelet uses ${place.certificateFile} (${oneLine(place.leaf.subject)}), and kubelet.conf is for ${oneLine(place.embedded.leaf.subject)}: move the wrong one away`,
      isError: true,
    };
  const left = remaining(place, rule.now);
  const limit = rule.expiresWithinSeconds;
  if (limit !== undefined && left.seconds > limit)
    return { reason: `good until ${new Date(place.leaf.validTo).toISOString()}`, isError: false };
  if (
    all &&
    place.name === 'kubelet.conf' &&
    !place.embedded &&
    isKubeletsOwn(place) &&
    left.share > 0.1
  )
    return {
      reason: `the kubelet rotates it (${place.certificateFile}); name it to renew it all the same`,
      isError: false,
    };
  return undefined;
}

const oneLine = (subject: string) => subject.replaceAll('\n', ', ');

/** Of both, where there are two: without the one in kubelet.conf the kubelet does not start either. */
function remaining(place: CertificateInPlace, now: Date) {
  const lefts = [place.leaf, place.embedded?.leaf].flatMap((leaf) => {
    if (!leaf) return [];
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    return [{ seconds: (to - now.getTime()) / 1000, share: (to - now.getTime()) / (to - from) }];
  });
  return {
    seconds: Math.min(...lefts.map(({ seconds }) => seconds)),
    share: Math.min(...lefts.map(({ share }) => share)),
  };
}

/** A link that the kubelet turns when it gets a new certificate. */
export function isKubeletsOwn({ certificateFile }: CertificateInPlace): boolean {
  return basename(certificateFile) === KUBELET_PEM && lstatSync(certificateFile).isSymbolicLink();
}
