/**
 * Keeps the CA certificates of the trust domain in kube-public/cluster-info during a rotation: the new CA is added in
 * `trust`, and the old one is removed in `retire`. Nothing is added that the CA file of this node does not have.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn, certificateToPem } from '../../lib/certificate/pem.ts';
import type { PublishedRotation } from '../../lib/contract/published-rotation.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { parseCertificates, sha256Of } from '../node/disk/fingerprints.ts';
import type { ApiConfigMap } from './api-objects.ts';
import { CLUSTER_INFO, caOfClusterInfo, withCaOfClusterInfo } from './cluster-info.ts';
import type { OurCas } from './our-cas.ts';
import { patchData } from './patch-data.ts';
import type { Published } from './published.ts';

const { object, path } = CLUSTER_INFO;

/** @returns what changed; undefined if it is as it should be, or is not about this trust domain */
export async function keepClusterInfo(
  client: Pick<KubeClient, 'get' | 'patch'>,
  published: Published,
  ours: OurCas,
): Promise<string | undefined> {
  const map = await client.get<ApiConfigMap>(path);
  const kubeconfig = map?.data?.kubeconfig;
  if (map === undefined || kubeconfig === undefined) return undefined;
  const next = nextCas(caOfClusterInfo(kubeconfig) ?? '', published, ours.get('ca') ?? []);
  const text = next && withCaOfClusterInfo(kubeconfig, next.map(pemOf).join(''));
  if (!next || text === undefined) return undefined;
  const isDone = await patchData(client, path, map, { kubeconfig: text });
  return isDone ? `${object} has the CA certificates ${next.map(sha256Of).join(', ')}` : undefined;
}

const pemOf = ({ raw }: X509Certificate) => certificateToPem(raw);

/**
 * In the order in which they are published; those of others stay after them.
 * @returns undefined if nothing has to change
 */
function nextCas(
  pem: string,
  { rotation, ca }: Published,
  ours: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const now = readable(pem);
  const named = namedBy(rotation);
  const isOurs = (one: X509Certificate) => isAmong(one, ours);
  const isKnown = (one: X509Certificate) => isOurs(one) || named.includes(sha256Of(one));
  // an address with a certificate of another CA, such as a load balancer's
  if (named.length === 0 || !now.some(isKnown)) return undefined;
  const published = parseCertificates(ca);
  const kept = published.filter(isOurs);
  if (kept.length === 0) return undefined;
  const mayDrop = rotation.rotation === undefined || rotation.rotation.phase === 'retire';
  const rest = now.filter((one) => !isAmong(one, kept) && (!mayDrop || !isKnown(one)));
  const next = [...kept, ...rest];
  return next.map(sha256Of).join() === now.map(sha256Of).join() ? undefined : next;
}

/** Digests of all versions of `ca` that the rotation names. */
function namedBy({ rotation, ended }: PublishedRotation): string[] {
  const running = rotation?.ca === 'ca' ? [rotation.from, rotation.to] : [];
  return [...running, ...ended.filter((one) => one.ca === 'ca')].map(({ sha256 }) => sha256);
}

const isAmong = (one: X509Certificate, others: readonly X509Certificate[]): boolean =>
  others.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);

/** A certificate that cannot be read helps no client, so the next change removes it. */
function readable(pem: string): X509Certificate[] {
  return certificatesIn(pem).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}
