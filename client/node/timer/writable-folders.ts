/** Folders other than kubeadm's that a renewal writes to: the hardening of the unit must leave them writable. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { NodeSettings } from '../state/settings.ts';

/** Writable in every unit. */
const ALWAYS_WRITABLE = ['/etc/kubernetes', '/var/lib/kubelet/pki', '/root/.kube'];

/** Without folders inside other writable ones. Links are resolved: the hardening applies to their targets. */
export function writableFolders({ folders, also }: NodeSettings): string[] {
  const { kubeconfigDir, certDir, kubeletDir } = folders;
  const copies = also.map((file) => dirname(file));
  const named = [kubeconfigDir, certDir, ...(kubeletDir ? [kubeletDir] : []), ...copies];
  const all = [...new Set(named.map(realPath))].sort();
  return all
    .filter(
      (folder) =>
        ![...ALWAYS_WRITABLE, ...all].some(
          (outer) => outer !== folder && folder.startsWith(`${outer}/`),
        ),
    )
    .filter((folder) => !ALWAYS_WRITABLE.includes(folder));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // does not exist yet
  }
}
