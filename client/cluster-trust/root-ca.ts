/**
 * kube-root-ca.crt of each namespace, with which pods verify the API server. kube-controller-manager publishes the file that
 * it read when it started (pkg/controller/certificates/rootcacertpublisher).
 */
import type { ClusterReport } from '../../lib/contract/cluster-report.ts';
import type { ApiConfigMap, ApiMetadata, ApiObject } from './api-objects.ts';
import type { CaDigests } from './ca-digests.ts';
import type { Lists } from './lists.ts';

export const ROOT_CA = 'kube-root-ca.crt';

export interface RootCa {
  readonly sha256: readonly string[];
  /** Since when it has all of these certificates, as far as that is known: in milliseconds. */
  readonly sinceMs: number;
}

export interface RootCas {
  readonly byNamespace: ReadonlyMap<string, RootCa>;
  /** Namespaces that have none. */
  readonly without: readonly string[];
}

export const rootCaObject = (namespace: string) => `configmap/${namespace}/${ROOT_CA}`;

/** Instead of a namespace: all that the report does not name. */
export const OTHER_NAMESPACES = '*';

/** @param before the previous report, which has the time at which a certificate was added: later changes hide it */
export async function readRootCas(
  lists: Lists,
  digests: CaDigests,
  before: Pick<ClusterReport, 'holders'> | undefined,
): Promise<RootCas> {
  const known = new Map((before?.holders ?? []).map((holder) => [holder.object, holder]));
  const byNamespace = new Map<string, RootCa>();
  const named = { fieldSelector: `metadata.name=${ROOT_CA}` };
  const maps = lists.each<ApiConfigMap>(ROOT_CA, '/api/v1/configmaps', named);
  for await (const { metadata = {}, data } of maps) {
    const { namespace = '' } = metadata;
    const sha256 = digests.of(data?.['ca.crt']);
    const holder = known.get(rootCaObject(namespace)) ?? known.get(rootCaObject(OTHER_NAMESPACES));
    const had = holder?.since !== undefined && sha256.every((one) => holder.sha256.includes(one));
    const sinceMs = had ? Date.parse(holder.since ?? '') : changedAt(metadata);
    byNamespace.set(namespace, { sha256, sinceMs });
  }
  const without: string[] = [];
  const isKnown = !lists.unseen.includes(ROOT_CA);
  for await (const { metadata } of lists.each<ApiObject>('namespaces', '/api/v1/namespaces'))
    if (isKnown && !byNamespace.has(metadata?.name ?? '')) without.push(metadata?.name ?? '');
  return { byNamespace, without };
}

/** When its data was last changed, by the newest of those who wrote them; otherwise when it was created. */
function changedAt({ managedFields = [], creationTimestamp = '' }: ApiMetadata): number {
  const times = managedFields
    .filter(({ fieldsV1 }) => fieldsV1 !== undefined && 'f:data' in fieldsV1)
    .map(({ time = '' }) => Date.parse(time))
    .filter((time) => !Number.isNaN(time));
  return times.length > 0 ? Math.max(...times) : Date.parse(creationTimestamp) || 0;
}
