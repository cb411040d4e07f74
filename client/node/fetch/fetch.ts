/** Waits for the outcomes of a request, and receives all of them. */
import { Fault } from '../../../lib/fault.ts';
import { UnreadableFileError } from '../../../lib/files/read-file.ts';
import { UnsafePathError } from '../../../lib/files/trust.ts';
import type { Clock } from '../../clock.ts';
import { CommandError } from '../../errors.ts';
import { mapSideBySide } from '../../side-by-side.ts';
import type { Terminal } from '../../terminal.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { RequestPlace } from '../exchange/outcomes.ts';
import { waitForOutcomes, waitOf } from '../exchange/poll-outcomes.ts';
import { bundlesOf } from '../trust/read-bundle.ts';
import { checkOutput, type Received, receive } from './receive.ts';

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
  checkOutput(options.out);
  const exchange = await connection.exchange();
  const deps = { clock, terminal };
  const outcomes = await waitForOutcomes(exchange, deps, options, waitOf(options.wait));
  const source = { exchange, bundle: bundlesOf(exchange) };
  const results = await mapSideBySide(outcomes, (outcome) =>
    receiveOne(source, outcome, options.out, clock.now()),
  );
  for (const { outcome, path } of results) terminal.progress(`${outcome} ${path}`);
  return results;
}

/**
 * An outcome that cannot be understood fails alone. A file or folder of this machine that cannot be used fails the command:
 * it says nothing about the certificate.
 */
async function receiveOne(...args: Parameters<typeof receive>): Promise<Received> {
  const [, { path }] = args;
  try {
    return await receive(...args);
  } catch (error) {
    if (error instanceof CommandError || isOfThisMachine(error)) throw error;
    if (error instanceof Fault && error.code !== 'document-malformed') throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return { path, outcome: 'check-failed', problems: [problem] };
  }
}

const isOfThisMachine = (error: unknown): boolean =>
  error instanceof UnsafePathError ||
  error instanceof UnreadableFileError ||
  (error as Partial<NodeJS.ErrnoException>).errno !== undefined;
