/**
 * The CA files of the node that the forwarder runs on. They decide what it writes into the cluster: the
 * node accepted each certificate in them because someone, or a cross certificate, vouched for it.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import { caFileOf, type NodeFolders } from '../node/disk/places.ts';
import { readTextIfThere } from '../read-text.ts';

/** By CA; a file that does not exist has none. */
export type OurCas = ReadonlyMap<CaName, readonly X509Certificate[]>;

/** @throws Error with the path of a file that cannot be used */
export function readOurCas(folders: NodeFolders): OurCas {
  return new Map(CA_NAMES.map((ca) => [ca, readCas(caFileOf(ca, folders))]));
}

function readCas(file: string): X509Certificate[] {
  const blocks = certificatesIn(readTextIfThere(file) ?? '');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new Error(`${file}: has a certificate that cannot be read`);
  }
}

export const allOf = (ours: OurCas): X509Certificate[] => [...ours.values()].flat();
