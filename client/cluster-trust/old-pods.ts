/**
 * Pods that may not trust the newest CA yet. Programs read the CA file when they start, and few read it again: client-go
 * does since 0.36, but which client a pod has is not visible from outside. So what counts is when its containers started.
 */
import type { ClusterReport } from '../../lib/contract/cluster-report.ts';
import type { ApiContainer, ApiContainerStatus, ApiPod, ApiVolume } from './api-objects.ts';
import { ROOT_CA, type RootCa } from './root-ca.ts';

export type OldPod = ClusterReport['oldPods'][number];

/**
 * The kubelet writes a changed ConfigMap into the volumes of running pods within a minute or two (syncFrequency and the
 * TTL of its cache): a container that restarts sooner may read the old file.
 */
const WRITTEN_AFTER_MS = 150_000;

/** client-go reads the API server's CA from these, too (ClusterTrustBundle kubernetes.io:kube-apiserver-serving). */
const API_SERVER_SIGNER = 'kubernetes.io/kube-apiserver-serving';
const MIRROR = 'kubernetes.io/config.mirror';

/**
 * @param rootCa of the namespace; undefined if it has none
 * @param isTokenSecret whether a Secret of the namespace is that of a service account
 * @returns undefined if it has started since, or does not verify the API server with what changed
 */
export function judgePod(
  pod: ApiPod,
  rootCa: RootCa | undefined,
  isTokenSecret: (name: string) => boolean,
): OldPod | undefined {
  const { metadata = {}, spec = {}, status = {} } = pod;
  const { name = '', namespace = '' } = metadata;
  if (!rootCa || MIRROR in (metadata.annotations ?? {})) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const volumes = (spec.volumes ?? []).filter((one) => bringsCa(one, isTokenSecret));
  const mounted = new Set(volumes.map((one) => one.name));
  const reading = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
    .filter((container) => mounts(container, mounted))
    .map((container) => container.name);
  const starts = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
    .filter((one) => reading.includes(one.name))
    .flatMap(startOf);
  const startedMs = Math.min(...starts);
  const podMs = Date.parse(status.startTime ?? metadata.creationTimestamp ?? '') || 0;
  const freshAfterMs = podMs > rootCa.sinceMs ? rootCa.sinceMs : rootCa.sinceMs + WRITTEN_AFTER_MS;
  if (starts.length === 0 || startedMs > freshAfterMs) return undefined;
  return {
    namespace,
    pod: name,
    owner: ownerOf(pod),
    startedAt: new Date(startedMs).toISOString(),
  };
}

const bringsCa = (
  { configMap, clusterTrustBundle, projected, secret }: ApiVolume,
  isTokenSecret: (name: string) => boolean,
): boolean =>
  [{ configMap, clusterTrustBundle }, ...(projected?.sources ?? [])].some(
    (source) =>
      source.configMap?.name === ROOT_CA ||
      source.clusterTrustBundle?.signerName === API_SERVER_SIGNER ||
      source.clusterTrustBundle?.name?.startsWith('kubernetes.io:kube-apiserver-serving:'),
  ) || isTokenSecret(secret?.secretName ?? '');

const mounts = ({ volumeMounts = [] }: ApiContainer, volumes: ReadonlySet<string | undefined>) =>
  volumeMounts.some(({ name }) => volumes.has(name));

/** A container that does not run reads the file when it starts. */
function startOf({ state }: ApiContainerStatus): number[] {
  const startedMs = Date.parse(state?.running?.startedAt ?? '');
  return Number.isNaN(startedMs) ? [] : [startedMs];
}

/** What a person restarts: a ReplicaSet belongs to the Deployment whose name it has before the hash of the template. */
function ownerOf({ metadata = {} }: ApiPod): string {
  const { name = '', labels = {}, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner === undefined) return `Pod/${name}`;
  const { kind = '', name: ownerName = '' } = owner;
  const hash = labels['pod-template-hash'];
  return kind === 'ReplicaSet' && hash && ownerName.endsWith(`-${hash}`)
    ? `Deployment/${ownerName.slice(0, -hash.length - 1)}`
    : `${kind}/${ownerName}`;
}
