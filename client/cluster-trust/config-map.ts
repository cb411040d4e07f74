/**
 * ConfigMap kube-public/cakeless-trust: what the bucket publishes of a rotation, for nodes without AWS credentials. Like the
 * bucket, this copy proves nothing: a node accepts a new CA from it only because the cross certificate vouches for it.
 */
import {
  MAX_PUBLISHED_ROTATION_BYTES,
  type PublishedRotation,
} from '../../lib/contract/published-rotation.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import type { ClusterTrust } from '../node/renewal/cluster-rotation.ts';
import { parseRotation } from '../node/rotation/read-rotation.ts';
import type { ApiConfigMap } from './api-objects.ts';
import { patchData } from './patch-data.ts';
import type { Published } from './published.ts';

export const TRUST_CONFIG_MAP = {
  name: 'cakeless-trust',
  namespace: 'kube-public',
  object: 'configmap/kube-public/cakeless-trust',
  path: '/api/v1/namespaces/kube-public/configmaps/cakeless-trust',
} as const;

const KEYS = { ca: 'ca.crt', kubeletCa: 'kubelet-ca.crt', rotation: 'rotation.json' } as const;

/** @returns what changed; undefined if it is up to date @throws Error if it does not exist */
export async function keepConfigMap(
  client: Pick<KubeClient, 'get' | 'patch'>,
  { rotation, ca, kubeletCa }: Published,
): Promise<string | undefined> {
  const { object, path } = TRUST_CONFIG_MAP;
  const map = await client.get<ApiConfigMap>(path);
  if (map === undefined)
    throw new Error(
      `${object} does not exist, so nodes without AWS credentials cannot follow the rotation; create it with kubectl apply from what cakeless csrsigning --rbac prints`,
    );
  const had = rotationIn(map, rotation.trustDomain)?.sequence ?? 0;
  if (had > rotation.sequence)
    throw new Error(
      `the bucket publishes change ${rotation.sequence} of the rotation, but ${object} already has change ${had}, and was left as it is; ask an operator to compare both with cakeless trust-domain rotation`,
    );
  const data: Record<string, string | null> = {
    [KEYS.ca]: ca,
    [KEYS.kubeletCa]: kubeletCa ?? null,
    [KEYS.rotation]: `${JSON.stringify(rotation, null, 1)}\n`,
  };
  if (Object.entries(data).every(([key, text]) => (map.data?.[key] ?? null) === text))
    return undefined;
  const isDone = await patchData(client, path, map, data);
  return isDone ? `${object} has change ${rotation.sequence} of the rotation` : undefined;
}

/** @returns undefined if it has no rotation, or none that this release can read */
export function trustIn(map: ApiConfigMap): ClusterTrust | undefined {
  const [ca, rotation] = [map.data?.[KEYS.ca], rotationIn(map)];
  return ca === undefined || rotation === undefined ? undefined : { ca, rotation };
}

/** @param trustDomain that it must be of; a node without AWS does not know it */
function rotationIn({ data }: ApiConfigMap, trustDomain?: string): PublishedRotation | undefined {
  const text = data?.[KEYS.rotation];
  if (text === undefined || text.length > MAX_PUBLISHED_ROTATION_BYTES) return undefined;
  try {
    return parseRotation(text, trustDomain);
  } catch {
    return undefined;
  }
}
