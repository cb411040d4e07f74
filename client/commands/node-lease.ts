/** The restart lease, for the commands that may restart components of the control plane. */
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { systemClock } from '../clock.ts';
import { type HeldLease, MAX_LEASE_SECONDS, takeLease } from '../node/restart/lease.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Enough for two other control planes to restart all their components, and for an object that is not a lease to lose
 * its effect.
 */
const LEASE_WAIT_SECONDS = MAX_LEASE_SECONDS + 60;

/** @returns undefined if another node held it for too long */
export async function leaseOf(
  exchange: () => Promise<ObjectStore>,
  terminal: Terminal,
  { cluster, node }: { readonly cluster: string; readonly node: string },
): Promise<HeldLease | undefined> {
  const store = await exchange();
  const waitSeconds = LEASE_WAIT_SECONDS;
  return takeLease({ store, clock: systemClock, terminal }, { cluster, node, waitSeconds });
}
