/** Which versions of a CA the certificates of a node are of. A version is identified by its key, which a renewal keeps. */
import type { X509Certificate } from 'node:crypto';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { currentContent } from '../disk/file-change.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { hashOf } from '../trust/ca-cert-hash.ts';
import type { FollowedRotation } from './follow.ts';

/** undefined if the file does not exist, or cannot be read: then the node does not have the CA. */
export function readCaFile(ca: CaName, folders: NodeFolders): X509Certificate[] | undefined {
  try {
    const text = currentContent(caFileOf(ca, folders), false);
    return text === undefined ? undefined : parseCertificates(text);
  } catch {
    return undefined;
  }
}

/** undefined for a key that OpenSSL does not know. */
export function keyOf(certificate: X509Certificate): string | undefined {
  try {
    return hashOf(certificate);
  } catch {
    return undefined;
  }
}

export const hasKey =
  (keys: readonly string[]) =>
  (certificate: X509Certificate): boolean =>
    keys.includes(keyOf(certificate) ?? '');

/** Keys of the versions that no node is to trust any more: those that have ended, and the one that is being retired. */
export const goneKeys = (ca: CaName, { memory }: FollowedRotation): string[] =>
  memory.gone.filter((one) => one.ca === ca).map(({ key }) => key);

/** Keys of the versions whose leaf certificates are to be replaced. */
export function replacedKeys(ca: CaName, followed: FollowedRotation): string[] {
  const { rotation } = followed.published;
  if (rotation?.ca !== ca) return goneKeys(ca, followed);
  const { from, to, phase } = rotation;
  const replaced = phase === 'trust' ? to : from;
  return [...new Set([...goneKeys(ca, followed), replaced.publicKeySha256])];
}
