/** Which certificates of this node the service has issued: compared with its outcomes in the exchange bucket. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { OUTCOME_SUFFIXES } from '../../../lib/contract/prefixes.ts';
import { outcomesPrefix } from '../../../lib/contract/request-key.ts';
import { LIMITS } from '../../../lib/limits.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';

export interface ServiceLeaf {
  readonly name: CertificateName;
  readonly leaf: X509Certificate;
  readonly trustDomain: string;
  /** Its key in the exchange bucket. */
  readonly key: string;
}

/** Of each certificate name; a node that renews often has many, and the last ones are in place. */
const MAX_OUTCOMES = 5;
const MAX_LISTED = 100_000;

/** The certificates in place that are outcomes of the service. The bucket keeps outcomes for a time. */
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
      const object = await exchange.get(key, LIMITS.maxOutcomeBytes);
      const [pem] = certificatesIn(Buffer.from(object?.body ?? '').toString('latin1'));
      if (pem === undefined || fingerprintOf(pem) !== place.leaf.fingerprint256) continue;
      const trustDomain = trustDomainOfCertificate(object?.metadata ?? {});
      return [{ name, leaf: place.leaf, trustDomain, key }];
    }
    return [];
  });
  return (await Promise.all(found)).flat();
}

async function newestOutcomes(
  exchange: Pick<ObjectStore, 'list'>,
  prefix: string,
): Promise<ReadonlyMap<CertificateName, readonly string[]>> {
  const all: { name: CertificateName; key: string; at: number }[] = [];
  let listed = 0;
  for await (const { key, lastModified } of exchange.list(prefix)) {
    listed += 1;
    if (listed > MAX_LISTED) break;
    const name = key.endsWith(OUTCOME_SUFFIXES.certificate)
      ? nameOf(key.slice(prefix.length))
      : undefined;
    if (name) all.push({ name, key, at: lastModified.getTime() });
  }
  all.sort((a, b) => b.at - a.at);
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

function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return undefined;
  }
}
