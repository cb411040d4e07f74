/** Polls the exchange until requests have outcomes, or time is up. */
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import { type AwaitedRequest, describeOpen, describeWaiting } from '../../wording/waiting.ts';
import type { Exchange } from './exchange.ts';
import { type Outcome, type RequestPlace, readOutcomes } from './outcomes.ts';

/** Most outcomes take less than a second, and some need an approver. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1000;

/** An outcome takes a second or two; a lost event is found again within minutes. */
export const OUTCOME_SECONDS = 30;

export interface Wait {
  readonly seconds: number;
  /** Whether to wait for approvers as well. */
  readonly forApprovals: boolean;
}

/** @param seconds of `--wait`; if undefined, waits briefly for outcomes, but not for approvers */
export const waitOf = (seconds: number | undefined): Wait => ({
  seconds: seconds ?? OUTCOME_SECONDS,
  forApprovals: seconds !== undefined,
});

export interface Polled {
  readonly name: string;
  readonly state: Outcome['state'];
}

/** @returns what `read` returned last */
export async function pollOutcomes<T extends Polled>(
  { clock, terminal }: { readonly clock: Clock; readonly terminal: Terminal },
  wait: Wait,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const deadline = clock.now().getTime() + wait.seconds * 1000;
  let announced = '';
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const polled = await read();
    const open = describeOpen(polled.flatMap((one) => awaited(one, wait)));
    const leftMs = deadline - clock.now().getTime();
    if (open === '' || leftMs <= 0) return polled;
    if (open !== announced) terminal.progress(describeWaiting(open, leftMs / 1000));
    announced = open;
    await clock.sleep(Math.min(pause, leftMs));
  }
}

function awaited({ name, state }: Polled, { forApprovals }: Wait): AwaitedRequest[] {
  if (state === 'no-outcome' || (state === 'pending' && forApprovals)) return [{ name, state }];
  return [];
}

/** Polls all requests under one request id. @param seconds of `--wait` */
export async function waitForOutcomes(
  exchange: Exchange,
  terminal: Terminal,
  place: RequestPlace,
  seconds: number | undefined,
  clock: Clock,
): Promise<readonly Outcome[]> {
  return pollOutcomes({ clock, terminal }, waitOf(seconds), async () =>
    (await readOutcomes(exchange, place)).map((outcome) => ({ ...outcome, name: outcome.path })),
  );
}
