/** A wrong kubeletDir: then Cakeless does not see the certificate that the kubelet uses, and does not renew it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KUBELET_PEM, type NodeFolders } from './places.ts';

interface WrongFolder {
  readonly file: string;
  readonly warning: string;
}

/** The kubelet keeps its certificates in `pki` below its root folder, and it is easy to name the root folder instead. */
export function findWrongKubeletDir({ kubeletDir }: NodeFolders): WrongFolder[] {
  if (kubeletDir === undefined || existsSync(join(kubeletDir, KUBELET_PEM))) return [];
  const below = join(kubeletDir, 'pki');
  if (!existsSync(join(below, KUBELET_PEM))) return [];
  return [
    {
      file: kubeletDir,
      warning: `the kubelet's certificate is not in this folder but in ${below}, and is neither checked nor renewed; set kubeletDir or --kubelet-dir to ${below}`,
    },
  ];
}
