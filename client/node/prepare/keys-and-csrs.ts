/** Makes the keys and CSRs that are not there yet, in place and in the layout of `kubeadm certs generate-csr`. */
import { createPrivateKey } from 'node:crypto';
import { dirname } from 'node:path';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import type { NodeConfig } from '../../kubeadm/node-config.ts';
import { serverUrlOf } from '../../kubeadm/server-url.ts';
import { kubeconfigText } from '../kubeconfig-text.ts';
import { makeCsr } from '../make-csr.ts';
import { makePrivateKey } from '../private-key.ts';
import type { PlannedCertificate } from './plan.ts';

export interface ReadyToAsk extends PlannedCertificate {
  readonly privateKey: string;
  readonly csr: Uint8Array;
}

/** The key is on disk before its CSR is: killed between, the next run goes on with the same key. */
export async function completeRequest(
  planned: PlannedCertificate,
  config: NodeConfig,
): Promise<ReadyToAsk> {
  const privateKey = planned.privateKey ?? (await makeKey(planned, config));
  if (planned.csr) return { ...planned, privateKey, csr: planned.csr };
  const csr = Buffer.from(makeCsr(planned.contents, createPrivateKey(privateKey)));
  await writeDurably(planned.csrFile, csr, 0o600);
  return { ...planned, privateKey, csr };
}

async function makeKey(
  { name, place, keyKind, contents }: PlannedCertificate,
  config: NodeConfig,
): Promise<string> {
  const privateKey = await makePrivateKey(keyKind);
  const file = place.kind === 'pair' ? place.keyFile : place.file;
  await makeFolder(dirname(file));
  const text =
    place.kind === 'pair'
      ? privateKey
      : kubeconfigText({
          server: serverUrlOf(name, config),
          clusterName: config.clusterName,
          userName: contents.subject.commonName,
          privateKey,
        });
  await writeDurably(file, text, 0o600);
  return privateKey;
}
