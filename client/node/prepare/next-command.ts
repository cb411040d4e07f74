/** The kubeadm command to run when all files exist. */
import { basename, join } from 'node:path';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { NodeFolders } from '../disk/places.ts';

/**
 * `kubeadm join` refuses an existing kubelet.conf, and on a worker ca.crt as well; its own end-to-end tests of external
 * CAs ignore these two checks.
 */
export function nextCommand(
  config: KubeadmConfig,
  { certDir, kubeconfigDir }: NodeFolders,
): string {
  const file = quoted(config.file);
  if (!config.joins) return `kubeadm init --config ${file}`;
  const ignored = [
    join(kubeconfigDir, 'kubelet.conf'),
    ...(config.role === 'worker' ? [join(certDir, 'ca.crt')] : []),
  ].map((path) => `FileAvailable-${path.replaceAll('/', '-')}`);
  return `kubeadm join --config ${file} --ignore-preflight-errors=${ignored.join(',')}`;
}

const quoted = (text: string) =>
  /^[\w./-]+$/.test(text) && basename(text) !== '' ? text : `'${text.replaceAll("'", "'\\''")}'`;
