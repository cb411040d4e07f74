/** Which components have to be restarted for new certificates. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { isChainFile } from '../disk/chain-files.ts';
import { COMPONENTS, type Component, componentsToRestart } from '../disk/components.ts';
import type { FileChange } from '../disk/file-change.ts';
import type { RestartDeps } from './deps.ts';
import { kubeletAuthorityFile } from './kubelet-authority.ts';
import { readManifest } from './manifest.ts';
import { rootCaFile } from './root-ca-file.ts';

/**
 * @param cas whose certificates are others than before
 * @param changes of files. An API server that verifies kubelets reads its file of CA certificates when it starts; since
 * 1.36 it looks at it again for some requests only (decision 0048). A controller manager reads what it publishes to pods
 * when it starts
 */
export function neededRestarts(
  { folders }: RestartDeps,
  names: readonly CertificateName[],
  cas: readonly CaName[],
  changes: readonly Pick<FileChange, 'path'>[],
): Component[] {
  const apiServer = readManifest('kube-apiserver', folders);
  const needed = componentsToRestart(names, cas, () => apiServer?.version);
  const ofKubelets = kubeletAuthorityFile(folders);
  const verifiesWithNew = changes.some(({ path }) => path === ofKubelets);
  const published = rootCaFile(folders);
  const publishesNew =
    published !== undefined &&
    isChainFile(published, folders) &&
    changes.some(({ path }) => path === published);
  return COMPONENTS.filter(
    (one) =>
      needed.includes(one) ||
      (one === 'kube-apiserver' && verifiesWithNew) ||
      (one === 'kube-controller-manager' && publishesNew),
  );
}

/** Whether a component runs as a static pod on this node. Only these can disturb other nodes when they restart. */
export const isStaticPod = (component: Component, { folders }: RestartDeps): boolean =>
  readManifest(component, folders) !== undefined;
