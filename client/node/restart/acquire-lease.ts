import { CommandError } from '../../errors.ts';
import type { HeldLease } from './lease.ts';

/** @throws CommandError if other nodes held the restart lease all the time; call it before anything is changed */
export async function acquireLease(
  take: () => Promise<HeldLease | undefined>,
  hint: string,
): Promise<HeldLease> {
  const lease = await take();
  if (lease) return lease;
  throw new CommandError(
    'pending',
    'the restart lease of the cluster did not become free; nothing was changed on this node',
    hint,
  );
}
