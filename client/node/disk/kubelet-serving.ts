/** The kubelet's serving certificate, which kubeadm never checks (kubelet's --cert-dir). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface KubeletServing {
  readonly name: 'kubelet-server-current.pem' | 'kubelet.crt';
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Signed by `ca` at the kubelet's request (serverTLSBootstrap); if not, it is self-signed and cannot be checked. */
  readonly isIssued: boolean;
}

/** What the kubelet would serve with; undefined if it has no serving certificate yet. */
export function findKubeletServing(folder: string): KubeletServing | undefined {
  const current = join(folder, 'kubelet-server-current.pem');
  if (existsSync(current))
    return {
      name: 'kubelet-server-current.pem',
      certificateFile: current,
      keyFile: current,
      isIssued: true,
    };
  const certificateFile = join(folder, 'kubelet.crt');
  if (!existsSync(certificateFile)) return undefined;
  const keyFile = join(folder, 'kubelet.key');
  return { name: 'kubelet.crt', certificateFile, keyFile, isIssued: false };
}
