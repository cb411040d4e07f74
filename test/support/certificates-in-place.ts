/** The certificates of a node's folder as the client finds them: for comparing two moments. */
import { join } from 'node:path';
import { placeOf } from '../../client/node/disk/places.ts';
import { type CertificateInPlace, readPlace } from '../../client/node/disk/read-place.ts';
import { type CertificateName, KUBEADM_NAMES } from '../../lib/profiles/certificate-names.ts';

/** @param folder the node's /etc/kubernetes @throws Error if the certificate is missing, or the client finds a problem */
export function certificateInPlace(folder: string, name: CertificateName): CertificateInPlace {
  const folders = { kubeconfigDir: folder, certDir: join(folder, 'pki') };
  const place = readPlace(placeOf(name, folders));
  if (place.state === 'present' && place.problems.length === 0) return place;
  throw new Error(`${name}: ${JSON.stringify(place)}`);
}

export const serialInPlace = (folder: string, name: CertificateName): string =>
  certificateInPlace(folder, name).leaf.serialNumber;

/** The names whose certificates differ between the two folders. */
export const namesThatDiffer = (folder: string, other: string): CertificateName[] =>
  KUBEADM_NAMES.filter((name) => serialInPlace(folder, name) !== serialInPlace(other, name));
