/** Polls the exchange until requests have outcomes, or time is up. */
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import {
  type AwaitedRequest,
  describeApproval,
  describeOpen,
  describeStillWaiting,
  describeWaiting,
} from '../../wording/waiting.ts';
import type { Exchange } from './exchange.ts';
import { type Outcome, type RequestPlace, readOutcomes } from './outcomes.ts';
import { OUTCOME_SECONDS } from './wait-seconds.ts';

/** Most outcomes take less than a second, and some need an approver. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1000;

/** After a longer silence, the command would seem to hang. */
const SIGN_OF_LIFE_MS = 60_000;

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
  readonly requestKey: string;
}

interface Deps {
  readonly clock: Clock;
  readonly terminal: Terminal;
}

/** @returns what `read` returned last */
export async function pollOutcomes<T extends Polled>(
  deps: Deps,
  wait: Wait,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const { clock } = deps;
  const deadline = clock.monotonic() + wait.seconds * 1000;
  const say = announcer(deps, deadline);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const polled = await read();
    const open = polled.filter((one) => isAwaited(one, wait));
    const leftMs = deadline - clock.monotonic();
    if (open.length === 0 || leftMs <= 0) return polled;
    say(open);
    await clock.sleep(Math.min(pause, leftMs));
  }
}

/**
 * Says what is awaited when that changes, and otherwise once a minute. An approver is needed from the first moment, so
 * the command for each approval is printed at once, and not only when the wait has failed.
 */
function announcer({ clock, terminal }: Deps, deadline: number): (open: readonly Polled[]) => void {
  let said = { what: '', at: 0 };
  const known = new Set<string>();
  return (polled) => {
    const now = clock.monotonic();
    const what = describeOpen(polled.flatMap(asAwaited));
    const isNew = what !== said.what;
    if (!isNew && now - said.at < SIGN_OF_LIFE_MS) return;
    const describe = isNew ? describeWaiting : describeStillWaiting;
    terminal.progress(describe(what, (deadline - now) / 1000));
    for (const { state, requestKey } of polled) {
      if (state !== 'pending' || known.has(requestKey)) continue;
      known.add(requestKey);
      terminal.progress(describeApproval(requestKey));
    }
    said = { what, at: now };
  };
}

const isAwaited = ({ state }: Polled, { forApprovals }: Wait): boolean =>
  state === 'no-outcome' || (state === 'pending' && forApprovals);

const asAwaited = ({ name, state }: Polled): AwaitedRequest[] =>
  state === 'no-outcome' || state === 'pending' ? [{ name, state }] : [];

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
