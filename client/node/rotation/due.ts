/** Which certificates of a node a rotation replaces, even if they are valid for a long time. */
import type { X509Certificate } from 'node:crypto';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { isSignedBy } from '../trust/path.ts';
import type { FollowedRotation } from './follow.ts';
import { hasKey, keyOf, readCaFile, replacedKeys } from './versions.ts';
import { vouchersOf } from './vouchers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Whether a certificate is of a version whose certificates are replaced, and the node can trust another version. A
 * certificate of that version that was signed after the phase began is not due for a day: the service should not have
 * signed it, so something is wrong, and one request a day is enough to find out when that is over.
 */
export function dueBy(
  followed: FollowedRotation | undefined,
  folders: NodeFolders,
  now: Date,
): (place: CertificateInPlace) => boolean {
  if (!followed) return () => false;
  const { rotation, at } = followed.published;
  const began = Date.parse(rotation?.since ?? at);
  const isReplaced = replacedBy(followed, folders, now);
  const isFresh = ({ validFrom }: X509Certificate) =>
    Date.parse(validFrom) > began && now.getTime() - Date.parse(validFrom) < DAY_MS;
  return (place) =>
    leavesOf(place).some((leaf) => isReplaced(profileOf(place.name).ca, leaf) && !isFresh(leaf));
}

const leavesOf = ({ leaf, configured }: CertificateInPlace) => [
  leaf,
  ...(configured ? [configured.leaf] : []),
];

/** Whether a place has a certificate that a rotation replaces, whenever it was signed. */
export function isOfReplaced(
  followed: FollowedRotation,
  folders: NodeFolders,
  now: Date,
): (place: CertificateInPlace) => boolean {
  const isReplaced = replacedBy(followed, folders, now);
  return (place) => leavesOf(place).some((leaf) => isReplaced(profileOf(place.name).ca, leaf));
}

function replacedBy(followed: FollowedRotation, folders: NodeFolders, now: Date) {
  const signers = new Map<CaName, readonly X509Certificate[]>();
  const find = (ca: CaName) => {
    const found = signers.get(ca) ?? findReplaced(ca, followed, folders, now);
    signers.set(ca, found);
    return found;
  };
  return (ca: CaName, leaf: X509Certificate): boolean =>
    find(ca).some((signer) => isSignedBy(leaf, signer));
}

/** Certificates of the versions that are replaced; an empty list if the node could trust no other. */
function findReplaced(
  ca: CaName,
  followed: FollowedRotation,
  folders: NodeFolders,
  now: Date,
): readonly X509Certificate[] {
  const keys = replacedKeys(ca, followed);
  const ours = readCaFile(ca, folders) ?? [];
  if (keys.length === 0 || ours.length === 0) return [];
  const crosses = vouchersOf(ca, ours, followed, now).accepted.map(({ cross }) => cross);
  const known = [...ours, ...crosses];
  const canFollow = known.some((one) => keyOf(one) !== undefined && !hasKey(keys)(one));
  return canFollow ? known.filter(hasKey(keys)) : [];
}
