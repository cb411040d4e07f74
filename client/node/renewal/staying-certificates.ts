import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import type { StayingCertificate } from '../trust/ca-change.ts';
import { findPath, type Presented } from '../trust/path.ts';
import { presentedBy } from '../trust/signer.ts';
import type { NodeCertificate } from '../trust/turn-bundles.ts';

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
    const presented = [place, ...(place.configured ? [place.configured] : [])].map(presentedBy);
    return presented.map((chain) => ({ name, chain }));
  });
}

/** A certificate that the node will have after the run. */
export const onNode = (name: CertificateName, chain: Presented): NodeCertificate => ({
  ca: profileOf(name).ca,
  chainsTo: (ca) => findPath(chain, [ca]) !== undefined,
});

export const stayingOnNode = ({ name, chain }: StayingCertificate): NodeCertificate =>
  onNode(name, chain);
