/** The CA certificates that certificates must chain to: files, read again for each certificate, because CAs change. */
import { join } from 'node:path';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { readTextIfThere } from '../read-text.ts';
import type { TrustSource } from './steps.ts';

/**
 * Of serving certificates of kubelets, `kubelet-ca.crt` if it exists: then the trust domain has a CA for them, and one of
 * `ca` would be wrong.
 * @param folder as kubeadm's `pki`
 */
export const trustIn =
  (folder: string): TrustSource =>
  (certificateName) => {
    const ca = join(folder, 'ca.crt');
    const kubeletCa = join(folder, 'kubelet-ca.crt');
    try {
      const ofKubelets = certificateName === 'kubelet-serving' ? readCas(kubeletCa) : undefined;
      const pem = ofKubelets ?? readCas(ca);
      return pem === undefined ? { problem: `${ca}: does not exist` } : { pem };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  };

/** @throws Error with the path if it cannot be read, or has no certificate */
function readCas(file: string): string | undefined {
  const pem = readTextIfThere(file);
  if (pem !== undefined && certificatesIn(pem).length === 0)
    throw new Error(`${file}: no PEM certificate`);
  return pem;
}
