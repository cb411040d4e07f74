/** Which certificates of this node the service has issued: compared with its outcomes in the exchange bucket. */
import type { X509Certificate } from 'node:crypto';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { OUTCOME_SUFFIXES } from '../../../lib/contract/prefixes.ts';
import { outcomesPrefix } from '../../../lib/contract/request-key.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { fingerprintOfFirst } from '../disk/fingerprints.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { newestCertificates, readIssued } from '../exchange/newest-certificates.ts';

export interface ServiceLeaf {
  readonly name: CertificateName;
  readonly leaf: X509Certificate;
  readonly trustDomain: string;
  /** Its key in the exchange bucket. */
  readonly key: string;
}

/** Of each certificate name; a node that renews often has many, and the last ones are in place. */
const MAX_OUTCOMES = 5;

/** The certificates in place that are outcomes of the service. */
export async function findServiceLeaves(
  exchange: Pick<ObjectStore, 'get' | 'list'>,
  { cluster, node }: { readonly cluster: string; readonly node: string },
  folders: NodeFolders,
): Promise<ServiceLeaf[]> {
  const outcomes = await newestOutcomes(exchange, outcomesPrefix(cluster, node));
  const found = CERTIFICATE_NAMES.map(async (name): Promise<ServiceLeaf[]> => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present') return [];
    for (const key of outcomes.get(name) ?? []) {
      const { pem = '', metadata } = await readIssued(exchange, key);
      if (fingerprintOfFirst(pem) !== place.leaf.fingerprint256) continue;
      return [{ name, leaf: place.leaf, trustDomain: trustDomainOfCertificate(metadata), key }];
    }
    return [];
  });
  return (await Promise.all(found)).flat();
}

async function newestOutcomes(
  exchange: Pick<ObjectStore, 'list'>,
  prefix: string,
): Promise<ReadonlyMap<CertificateName, readonly string[]>> {
  const all = (await newestCertificates(exchange, prefix)).map(({ key }) => ({
    key,
    name: nameOf(key.slice(prefix.length)),
  }));
  return new Map(
    CERTIFICATE_NAMES.map((name) => {
      const own = all.filter((one) => one.name === name).map(({ key }) => key);
      return [name, own.slice(0, MAX_OUTCOMES)] as const;
    }),
  );
}

/** @param below `<request id>/pki/apiserver.crt` */
function nameOf(below: string): CertificateName | undefined {
  const path = below.slice(below.indexOf('/') + 1);
  return certificateNameOf(`${path.slice(0, -OUTCOME_SUFFIXES.certificate.length)}.csr`);
}
