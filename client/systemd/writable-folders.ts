/** Folders of a node outside of kubeadm's own that a renewal writes to: the unit's hardening has to leave them open. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NodeSettings } from '../node/state/settings.ts';

/** What the unit opens in any case. */
const OPEN = ['/etc/kubernetes', '/var/lib/kubelet/pki', '/root/.kube'];

/** Without those inside of open ones. A link is followed: the hardening looks at where it leads. */
export function writableFolders({ folders, also }: NodeSettings): string[] {
  const { kubeconfigDir, certDir, kubeletDir } = folders;
  const ofKubelet = kubeletDir === undefined ? [] : [kubeletDir];
  const named = [kubeconfigDir, certDir, ...ofKubelet, ...also.map((file) => dirname(file))];
  const all = [...new Set(named.map(realPath))].sort();
  return all
    .filter(
      (folder) =>
        ![...OPEN, ...all].some((open) => open !== folder && folder.startsWith(`${open}/`)),
    )
    .filter((folder) => !OPEN.includes(folder));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet
  }
}
