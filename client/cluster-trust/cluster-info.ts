/**
 * The kubeconfig in ConfigMap kube-public/cluster-info, by which nodes join: `kubeadm join` accepts it if its hash is that
 * of any CA certificate in it (cmd/kubeadm/app/discovery/token).
 */
import * as z from 'zod/mini';
import { parseYaml, YamlError } from '../parse-yaml.ts';

export const CLUSTER_INFO = {
  object: 'configmap/kube-public/cluster-info',
  path: '/api/v1/namespaces/kube-public/configmaps/cluster-info',
} as const;

/** An object of the API has 1.5 MB at most; kubeadm's has 2 KB. */
const MAX_TEXT = 256 * 1024;

const DATA = 'certificate-authority-data';

const schema = z.object({
  clusters: z.array(z.object({ cluster: z.object({ [DATA]: z.string() }) })).check(z.length(1)),
});

/** The CA data in base64, as the text has it. @returns undefined if it is not a kubeconfig as kubeadm writes it */
function caDataOf(kubeconfig: unknown): string | undefined {
  if (typeof kubeconfig !== 'string' || kubeconfig.length > MAX_TEXT) return undefined;
  try {
    return schema.safeParse(parseYaml(kubeconfig)).data?.clusters[0]?.cluster[DATA];
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** The CA certificates in PEM; undefined if the text is not such a kubeconfig. */
export function caOfClusterInfo(kubeconfig: unknown): string | undefined {
  const data = caDataOf(kubeconfig);
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString('latin1');
}

/** The same text with other CA certificates; undefined if they are not in it as one word. */
export function withCaOfClusterInfo(kubeconfig: string, pem: string): string | undefined {
  const data = caDataOf(kubeconfig);
  const parts = data ? kubeconfig.split(data) : [];
  return parts.length === 2 ? parts.join(Buffer.from(pem).toString('base64')) : undefined;
}
