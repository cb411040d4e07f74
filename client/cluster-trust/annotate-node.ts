/** Says on the Node of a worker without AWS credentials how far it has followed a rotation: its kubelet may write that. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { sha256Of } from '../node/disk/fingerprints.ts';
import { annotationPatch } from '../node/report/rotation-annotation.ts';
import type { ApiNode } from './api-objects.ts';
import { readAnnotation } from './node-annotation.ts';

export interface Followed {
  /** The Node. */
  readonly name: string;
  readonly sequence: number;
  /** PEM of the CA file, and of the CA data of kubelet.conf. */
  readonly caFile: string;
  readonly kubeconfig: string;
  /** Whether this run restarted the kubelet. */
  readonly restarted: boolean;
  /** Whether this run changed the files. */
  readonly isChanged: boolean;
}

/** @throws KubeError, or KubeUnreachable */
export async function annotateNode(
  client: Pick<KubeClient, 'get' | 'patch'>,
  { name, sequence, caFile, kubeconfig, restarted, isChanged }: Followed,
): Promise<void> {
  const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
  const said = readAnnotation((await client.get<ApiNode>(path)) ?? {});
  const now = { caFile: digestsOf(caFile), kubeconfig: digestsOf(kubeconfig) };
  const isSame =
    said.caFile?.join() === now.caFile.join() && said.kubeconfig?.join() === now.kubeconfig.join();
  // what an earlier run said stays true as long as the files are the same
  const isSince = restarted || (!isChanged && isSame && said.restarted === true);
  await client.patch(path, annotationPatch({ sequence, ...now, restarted: isSince }));
}

const digestsOf = (pem: string) =>
  certificatesIn(pem).map((block) => sha256Of(new X509Certificate(block)));
