/** Waits for what a request comes to, and receives all of it. */
import { Fault } from '../../../lib/fault.ts';
import type { Clock } from '../../clock.ts';
import { CommandError } from '../../errors.ts';
import type { Terminal } from '../../terminal.ts';
import { askUntil } from '../exchange/ask-until.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { type Outcome, type RequestPlace, readOutcomes } from '../exchange/outcomes.ts';
import { type Received, receive } from './receive.ts';

export interface FetchWish extends RequestPlace {
  /** Folder for the certificates. */
  readonly out: string;
  /** How long to wait for outcomes, in seconds; undefined waits a little for answers, and not for approvers. */
  readonly wait?: number;
}

/** An answer takes a second or two; a lost event is found again within minutes. */
export const ANSWER_SECONDS = 30;

export async function fetchCertificates(
  connection: { exchange(): Promise<Exchange> },
  terminal: Terminal,
  options: FetchWish,
  clock: Clock,
): Promise<Received[]> {
  const exchange = await connection.exchange();
  const outcomes = await waitForOutcomes(exchange, terminal, options, options.wait, clock);
  const results: Received[] = [];
  for (const outcome of outcomes) {
    const result = await receiveOne(exchange, outcome, options.out, clock.now());
    terminal.progress(`${result.outcome} ${result.path}`);
    results.push(result);
  }
  return results;
}

/** Asks until every request has its outcome, or the time is over. @param wait seconds, see `FetchWish` */
export async function waitForOutcomes(
  exchange: Exchange,
  terminal: Terminal,
  place: RequestPlace,
  wait: number | undefined,
  clock: Clock,
): Promise<Outcome[]> {
  return askUntil({
    ...{ clock, terminal, seconds: wait ?? ANSWER_SECONDS },
    ask: () => readOutcomes(exchange, place),
    openIn: (outcomes) =>
      outcomes
        .filter(
          ({ state }) => state === 'unanswered' || (state === 'pending' && wait !== undefined),
        )
        .map(({ path }) => path),
  });
}

/** What can't be understood is one outcome that failed; the others are received all the same. */
async function receiveOne(...args: Parameters<typeof receive>): Promise<Received> {
  try {
    return await receive(...args);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof Fault && error.code !== 'document-malformed') throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return { path: args[1].path, outcome: 'check-failed', problems: [problem] };
  }
}
