/** Creates missing keys and CSRs, at the paths of `kubeadm certs generate-csr`. */
import { createPrivateKey } from 'node:crypto';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { serverUrlOf } from '../../kubeadm/server-url.ts';
import { makeCsr } from '../csr/make-csr.ts';
import { KEY_MODE } from '../disk/file-change.ts';
import { kubeconfigText } from '../disk/kubeconfig-text.ts';
import { makePrivateKey } from '../disk/private-key.ts';
import type { PlannedCertificate } from './plan.ts';
import { writeFile } from './write-file.ts';

/** Everything that an upload needs. */
export interface ReadyRequest extends PlannedCertificate {
  readonly privateKey: string;
  readonly csr: Uint8Array;
  /** Whether the CSR existed before. */
  readonly isFound: boolean;
}

/** The key is written before its CSR: if the run is killed between the two, the next one uses the same key. */
export async function completeRequest(
  planned: PlannedCertificate,
  config: KubeadmConfig,
): Promise<ReadyRequest> {
  const privateKey = planned.privateKey ?? (await createKey(planned, config));
  if (planned.csr) return { ...planned, privateKey, csr: planned.csr, isFound: true };
  const csr = Buffer.from(makeCsr(planned.contents, createPrivateKey(privateKey)));
  await writeFile(planned.csrFile, csr, KEY_MODE);
  return { ...planned, privateKey, csr, isFound: false };
}

async function createKey(
  { name, place, keyKind, contents }: PlannedCertificate,
  config: KubeadmConfig,
): Promise<string> {
  const privateKey = await makePrivateKey(keyKind);
  const file = place.kind === 'pair' ? place.keyFile : place.file;
  const text =
    place.kind === 'pair'
      ? privateKey
      : kubeconfigText({
          server: serverUrlOf(name, config),
          clusterName: config.clusterName,
          userName: contents.subject.commonName,
          privateKey,
        });
  await writeFile(file, text, KEY_MODE);
  return privateKey;
}
