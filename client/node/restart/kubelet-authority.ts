/** Whether the API server of a node verifies kubelets, and with which CA certificates. */
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { readManifest } from './manifest.ts';

/** kube-apiserver's flag; kubeadm does not set it. Without it, an API server does not verify kubelets. */
export const KUBELET_AUTHORITY = 'kubelet-certificate-authority';

/** With links resolved; undefined without an API server on this node, or if it does not verify kubelets. */
export function kubeletAuthorityFile(folders: NodeFolders): string | undefined {
  const file = readManifest('kube-apiserver', folders)?.flags.get(KUBELET_AUTHORITY);
  return file ? resolvedPath(file) : undefined;
}
