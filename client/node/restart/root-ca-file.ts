/** What the controller manager of a node publishes to pods, as the CA of the API server (ConfigMap kube-root-ca.crt). */
import { ROOT_CA_FILE } from '../disk/chain-files.ts';
import type { NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { readManifest } from './manifest.ts';

/** With links resolved; undefined without a controller manager on this node, or if it publishes nothing. */
export function rootCaFile(folders: NodeFolders): string | undefined {
  const file = readManifest('kube-controller-manager', folders)?.flags.get(ROOT_CA_FILE);
  return file ? resolvedPath(file) : undefined;
}
