/**
 * Files that kubeadm's configuration names. It names them where kubeadm will look for them, but `prepare` may write into
 * other folders, such as a copy that is moved there later.
 */
import { join, resolve } from 'node:path';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { KUBEADM_FOLDERS } from '../disk/kubeadm-folders.ts';
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';

/** Where this run has, or would write, what the configuration names. */
export function namedFile(
  value: string,
  { certDir: configured = KUBEADM_FOLDERS.certDir }: Pick<KubeadmConfig, 'certDir'>,
  { certDir }: Pick<NodeFolders, 'certDir'>,
): string {
  if (!value.startsWith('/')) return value;
  const [file, folder] = [resolve(value), resolve(configured)];
  const isOurs = resolvedPath(file).startsWith(`${resolvedPath(certDir)}/`);
  return !isOurs && file.startsWith(`${folder}/`)
    ? join(certDir, file.slice(folder.length + 1))
    : file;
}
