/** Polls the exchange until requests have outcomes, or time is up. */
import { randomInt as systemRandomInt } from 'node:crypto';
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
import { firstPauseMs, pauseMs, type RandomInt } from './rhythm.ts';
import { OUTCOME_SECONDS } from './wait-seconds.ts';

/** After a longer silence, the command would seem to hang. */
const SIGN_OF_LIFE_MS = 60_000;

export interface Wait {
  readonly seconds: number;
  /** Whether to wait for approvers as well. */
  readonly forApprovals: boolean;
  /** Whether requests were uploaded just now: then it is too early to look. */
  readonly afterUpload?: boolean;
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
  /** By default that of `node:crypto`. */
  readonly randomInt?: RandomInt;
}

/** @returns what `read` returned last */
export async function pollOutcomes<T extends Polled>(
  deps: Deps,
  wait: Wait,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const { clock, randomInt = systemRandomInt } = deps;
  const start = clock.monotonic();
  const deadline = start + wait.seconds * 1000;
  const announce = announcer(deps, deadline);
  const sleep = async (ms: number) => {
    if (ms > 0) await clock.sleep(Math.min(ms, deadline - clock.monotonic()));
  };
  if (wait.afterUpload && wait.seconds > 0) await sleep(firstPauseMs(randomInt));
  for (;;) {
    const polled = await read();
    const open = polled.filter((one) => isAwaited(one, wait));
    const waitedMs = clock.monotonic() - start;
    if (open.length === 0 || start + waitedMs >= deadline) return polled;
    const silenceMs = announce(open);
    const onlyApprovals = open.every(({ state }) => state === 'pending');
    await sleep(Math.min(pauseMs(waitedMs, onlyApprovals, randomInt), silenceMs));
  }
}

/**
 * Says what is awaited when that changes, and otherwise once a minute. An approver is needed from the first moment, so
 * the command for each approval is printed at once, and not only when the wait has failed.
 * @returns a function that returns after how many milliseconds it should be called again
 */
function announcer(
  { clock, terminal }: Deps,
  deadline: number,
): (open: readonly Polled[]) => number {
  let said = { what: '', at: 0 };
  const known = new Set<string>();
  return (polled) => {
    const now = clock.monotonic();
    const what = describeOpen(polled.flatMap(asAwaited));
    const isNew = what !== said.what;
    if (!isNew && now - said.at < SIGN_OF_LIFE_MS) return said.at + SIGN_OF_LIFE_MS - now;
    const describe = isNew ? describeWaiting : describeStillWaiting;
    terminal.progress(describe(what, (deadline - now) / 1000));
    for (const { state, requestKey } of polled) {
      if (state !== 'pending' || known.has(requestKey)) continue;
      known.add(requestKey);
      terminal.progress(describeApproval(requestKey));
    }
    said = { what, at: now };
    return SIGN_OF_LIFE_MS;
  };
}

const isAwaited = ({ state }: Polled, { forApprovals }: Wait): boolean =>
  state === 'no-outcome' || (state === 'pending' && forApprovals);

const asAwaited = ({ name, state }: Polled): AwaitedRequest[] =>
  state === 'no-outcome' || state === 'pending' ? [{ name, state }] : [];

/** Polls all requests under one request id. */
export async function waitForOutcomes(
  exchange: Exchange,
  deps: Deps,
  place: RequestPlace,
  wait: Wait,
): Promise<readonly Outcome[]> {
  return pollOutcomes(deps, wait, async () =>
    (await readOutcomes(exchange, place)).map((outcome) => ({ ...outcome, name: outcome.path })),
  );
}
