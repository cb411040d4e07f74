/** Puts CA certificates and certificates in their places on a node on which nothing runs yet. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import type { NodeConfig } from '../../kubeadm/node-config.ts';
import { serverUrlOf } from '../../kubeadm/server-url.ts';
import { kubeconfigText } from '../kubeconfig-text.ts';
import type { ReadyToAsk } from './keys-and-csrs.ts';
import type { TrustedCa } from './trust.ts';

/** As kubeadm writes certificates: everybody may read them. */
const CERTIFICATE_MODE = 0o644;

export async function installCa({ file, bundle }: TrustedCa): Promise<void> {
  if (existsSync(file)) return;
  await makeFolder(dirname(file));
  await writeDurably(file, bundle, CERTIFICATE_MODE);
}

/** @returns when the certificate expires */
export async function installCertificate(
  item: ReadyToAsk,
  certificate: string,
  caBundle: string,
  config: NodeConfig,
): Promise<Date> {
  const { place, name, contents, privateKey } = item;
  if (place.kind === 'pair')
    await writeDurably(place.certificateFile, certificate, CERTIFICATE_MODE);
  else {
    const parts = {
      server: serverUrlOf(name, config),
      clusterName: config.clusterName,
      userName: contents.subject.commonName,
      certificateAuthority: caDataOf(caBundle, config),
      certificate,
      privateKey,
    };
    await writeDurably(place.file, kubeconfigText(parts), 0o600);
  }
  return new Date(new X509Certificate(certificate).validTo);
}

/** Up to 1.30 kubeadm init compares CA data with the first certificate of ca.crt, octet by octet (kubernetes#123102). */
function caDataOf(bundle: string, { version }: NodeConfig): string {
  const [first = ''] = certificatesIn(bundle);
  return version.minor < 31 ? `${first}\n` : bundle;
}
