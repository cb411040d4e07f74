/** Changes the data of a ConfigMap, unless someone else has changed it since it was read: three forwarders do this. */
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';
import type { ApiConfigMap } from './api-objects.ts';

/** @param data with null for a key to remove @returns false if it was changed in the meantime, and has to be read again */
export async function patchData(
  client: Pick<KubeClient, 'patch'>,
  path: string,
  { metadata }: ApiConfigMap,
  data: Readonly<Record<string, string | null>>,
): Promise<boolean> {
  try {
    await client.patch(path, { metadata: { resourceVersion: metadata?.resourceVersion }, data });
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 409) return false;
    throw error;
  }
}
