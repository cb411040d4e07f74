/** Which components have to be restarted for new certificates. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { type Component, componentsToRestart } from '../disk/components.ts';
import type { RestartDeps } from './deps.ts';
import { readManifest } from './manifest.ts';

export function neededRestarts(
  { folders }: RestartDeps,
  names: readonly CertificateName[],
  caChanged: boolean,
): Component[] {
  const version = readManifest('kube-apiserver', folders)?.version;
  return componentsToRestart(names, caChanged, () => version);
}

/** Whether a component runs as a static pod on this node. Only these can disturb other nodes when they restart. */
export const isStaticPod = (component: Component, { folders }: RestartDeps): boolean =>
  readManifest(component, folders) !== undefined;
