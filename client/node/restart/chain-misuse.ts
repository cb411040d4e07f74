/** Flags of the components of a node that name the file of a chain, other than the one that may. */
import { describeMisuse, isChainMisused } from '../disk/chain-files.ts';
import { COMPONENTS } from '../disk/components.ts';
import type { NodeFolders } from '../disk/places.ts';
import { readManifest } from './manifest.ts';

export function findChainMisuse(folders: NodeFolders) {
  return COMPONENTS.flatMap((component) => {
    const manifest = readManifest(component, folders);
    return [...(manifest?.flags ?? [])]
      .filter(([flag, value]) => isChainMisused(component, flag, value, folders))
      .map(([flag, value]) => ({
        file: manifest?.file ?? '',
        warning: describeMisuse(flag, value),
      }));
  });
}
