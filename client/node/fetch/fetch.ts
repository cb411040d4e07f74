/** Waits for the outcomes of a request, and receives all of them. */
import { Fault } from '../../../lib/fault.ts';
import type { Clock } from '../../clock.ts';
import { CommandError } from '../../errors.ts';
import type { Terminal } from '../../terminal.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { RequestPlace } from '../exchange/outcomes.ts';
import { waitForOutcomes } from '../exchange/poll-outcomes.ts';
import { type Received, receive } from './receive.ts';

export interface FetchOptions extends RequestPlace {
  /** Folder for the certificates. */
  readonly out: string;
  /** Seconds; if undefined, waits briefly for outcomes, but not for approvers. */
  readonly wait?: number;
}

export async function fetchCertificates(
  connection: { exchange(): Promise<Exchange> },
  terminal: Terminal,
  options: FetchOptions,
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

/** An outcome that cannot be understood fails alone; a folder that cannot be written to fails the command. */
async function receiveOne(...args: Parameters<typeof receive>): Promise<Received> {
  const [, { path }, folder] = args;
  try {
    return await receive(...args);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof Fault && error.code !== 'document-malformed') throw error;
    if ((error as Partial<NodeJS.ErrnoException>).errno !== undefined)
      throw explainFolder(error as NodeJS.ErrnoException, folder);
    const problem = error instanceof Error ? error.message : String(error);
    return { path, outcome: 'check-failed', problems: [problem] };
  }
}

/** A file where a folder has to be, or the reverse. */
const WRONG_TYPE = ['ENOTDIR', 'EEXIST', 'EISDIR'];

function explainFolder(error: NodeJS.ErrnoException, folder: string): Error {
  if (!WRONG_TYPE.includes(error.code ?? '')) return error;
  return new CommandError(
    'usage',
    `${folder}: not usable as the output folder: ${error.message}`,
    'use another folder for --out',
  );
}
