/** Which components a change restarts, and this node's turn to do so. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { type Component, componentsToRestart } from '../disk/components.ts';
import type { HeldLease } from '../restart/lease.ts';
import { readManifest } from '../restart/manifest.ts';
import type { RestartWorld } from '../restart/restart.ts';
import type { RenewWorld } from './options.ts';

export function neededRestarts(
  { folders }: RestartWorld,
  names: readonly CertificateName[],
  caChanged: boolean,
) {
  const version = readManifest('kube-apiserver', folders)?.version;
  return componentsToRestart(names, caChanged, () => version);
}

/** A kubelet disturbs no other node when it restarts; a static pod might. */
export const isHere = (component: Component, { folders }: RestartWorld) =>
  readManifest(component, folders) !== undefined;

/** @throws CommandError if other nodes had the lease all the time; nothing was changed then */
export async function takeTurn(world: RenewWorld): Promise<HeldLease> {
  const lease = await world.lease();
  if (lease) return lease;
  throw new CommandError(
    'pending',
    'another node of the cluster restarts its components; nothing was changed here',
    'run the same command again: what was asked for is kept',
  );
}
