/** Writes CA certificates and certificates to their places on a node on which nothing runs yet. */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { serverUrlOf } from '../../kubeadm/server-url.ts';
import { CERTIFICATE_MODE, KEY_MODE } from '../disk/file-change.ts';
import { kubeconfigText } from '../disk/kubeconfig-text.ts';
import type { TrustedCa } from '../trust/first-trust.ts';
import type { ReadyRequest } from './keys-and-csrs.ts';
import { fileExists, writeFile } from './write-file.ts';

export async function writeCa({ file, bundle, chain }: TrustedCa): Promise<void> {
  if (!fileExists(file)) await writeFile(file, bundle, CERTIFICATE_MODE);
  if (chain && !fileExists(chain.file)) await writeFile(chain.file, chain.pem, CERTIFICATE_MODE);
}

/** @returns when the certificate expires */
export async function writeCertificate(
  item: ReadyRequest,
  certificate: string,
  caBundle: string,
  config: KubeadmConfig,
): Promise<Date> {
  const { place, name, contents, privateKey } = item;
  if (place.kind === 'pair') await writeFile(place.certificateFile, certificate, CERTIFICATE_MODE);
  else {
    const parts = {
      server: serverUrlOf(name, config),
      clusterName: config.clusterName,
      userName: contents.subject.commonName,
      certificateAuthority: caDataOf(caBundle, config),
      certificate,
      privateKey,
    };
    await writeFile(place.file, kubeconfigText(parts), KEY_MODE);
  }
  return new Date(new X509Certificate(certificate).validTo);
}

/** Up to 1.30 kubeadm init compares CA data with the first certificate of ca.crt, byte by byte (kubernetes#123102). */
function caDataOf(bundle: string, { version }: KubeadmConfig): string {
  const [first = ''] = certificatesIn(bundle);
  return version.minor < 31 ? `${first}\n` : bundle;
}
