/** The kubelet's serving certificate, which kubeadm never looks at (kubelet's --cert-dir). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface KubeletServing {
  readonly name: 'kubelet-server-current.pem' | 'kubelet.crt';
  readonly certificateFile: string;
  readonly keyFile: string;
  /** By `ca`, on request of the kubelet (serverTLSBootstrap); else it is the kubelet's own, which nothing can check. */
  readonly isIssued: boolean;
}

/** What the kubelet would serve with; undefined if it has made nothing yet. */
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
