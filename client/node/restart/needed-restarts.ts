/** Which components have to be restarted for new certificates. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { COMPONENTS, type Component, componentsToRestart } from '../disk/components.ts';
import type { FileChange } from '../disk/file-change.ts';
import type { RestartDeps } from './deps.ts';
import { readManifest } from './manifest.ts';

/** @param changes of files; an API server that verifies kubelets reads its file of CA certificates when it starts */
export function neededRestarts(
  { folders }: RestartDeps,
  names: readonly CertificateName[],
  caChanged: boolean,
  changes: readonly Pick<FileChange, 'path'>[],
): Component[] {
  const apiServer = readManifest('kube-apiserver', folders);
  const needed = componentsToRestart(names, caChanged, () => apiServer?.version);
  const ofKubelets = apiServer?.flags.get('kubelet-certificate-authority');
  const verifiesWithNew =
    ofKubelets !== undefined && changes.some(({ path }) => path === pathOf(ofKubelets));
  return COMPONENTS.filter(
    (one) => needed.includes(one) || (one === 'kube-apiserver' && verifiesWithNew),
  );
}

/** Whether a component runs as a static pod on this node. Only these can disturb other nodes when they restart. */
export const isStaticPod = (component: Component, { folders }: RestartDeps): boolean =>
  readManifest(component, folders) !== undefined;

/** The path by which a change names a file. */
function pathOf(file: string): string {
  try {
    return existsSync(file)
      ? realpathSync(file)
      : join(realpathSync(dirname(file)), basename(file));
  } catch {
    return file; // its folder does not exist
  }
}
