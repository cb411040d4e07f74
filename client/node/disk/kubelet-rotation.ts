/**
 * Which kubelets rotate their client certificate themselves, which works if someone signs the CertificateSigningRequests
 * of the cluster: then a renewal leaves it to them (decision 0030).
 */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { KUBELET_PEM } from './places.ts';
import type { CertificateInPlace } from './read-place.ts';

/** The link that the kubelet redirects when it gets a new certificate. */
export function isKubeletsOwn({
  certificateFile,
}: Pick<CertificateInPlace, 'certificateFile'>): boolean {
  return basename(certificateFile) === KUBELET_PEM && lstatSync(certificateFile).isSymbolicLink();
}

/**
 * Whether only the kubelet replaces the certificate: kubelet.conf names the kubelet's own file, or the kubelet has
 * rotated the one that an installation of Cakeless wrote both there and into kubelet.conf.
 */
export function isKubeletsJob(place: CertificateInPlace): boolean {
  const { name, configured, leaf } = place;
  if (name !== 'kubelet.conf' || !isKubeletsOwn(place)) return false;
  return !configured || Date.parse(leaf.validFrom) > Date.parse(configured.leaf.validFrom);
}

/** Rotation starts at 70 to 90 % of the lifetime (client-go util/certificate): by the last tenth it has failed. */
const ROTATED_BEFORE = 0.1;

/** Whether rotation may still happen. Counts from the earlier expiry: without a valid kubelet.conf no kubelet starts. */
export const mayStillRotate = (place: CertificateInPlace, now: Date): boolean =>
  remaining(place, now).share > ROTATED_BEFORE;

/** The shorter of both, if there are two: without a valid one in kubelet.conf the kubelet does not start either. */
export function remaining(place: CertificateInPlace, now: Date) {
  const lefts = [place.leaf, place.configured?.leaf].flatMap((leaf) => {
    if (!leaf) return [];
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    return [{ seconds: (to - now.getTime()) / 1000, share: (to - now.getTime()) / (to - from) }];
  });
  return {
    seconds: Math.min(...lefts.map(({ seconds }) => seconds)),
    share: Math.min(...lefts.map(({ share }) => share)),
  };
}
