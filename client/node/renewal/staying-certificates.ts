import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { StayingCertificate } from '../trust/ca-change.ts';

/**
 * Every certificate of this node that a run leaves as it is: those that were not selected, too, such as one that the
 * kubelet rotates. Without its CA, any of them disconnects its component.
 */
export function stayingCertificates(
  folders: NodeFolders,
  renewed: readonly string[],
): StayingCertificate[] {
  return CERTIFICATE_NAMES.filter((name) => !renewed.includes(name)).flatMap((name) => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present') return [];
    const leaves = [place.leaf, ...(place.configured ? [place.configured.leaf] : [])];
    return leaves.map((leaf) => ({ name, leaf }));
  });
}
