import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { openTransport, type TransportOptions } from '../node/exchange/transport.ts';
import { fetchCertificates } from '../node/fetch/fetch.ts';
import type { Received } from '../node/fetch/receive.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeOutcomes } from '../wording/outcomes.ts';

export interface FetchCommandOptions extends TransportOptions {
  out: string;
  wait?: number;
  output: OutputFormat;
}

export async function runFetch(
  connection: Connection,
  terminal: Terminal,
  options: FetchCommandOptions,
): Promise<ExitCode> {
  const { exchange, place } = await openTransport(connection, options, systemClock.now());
  const { cluster, node, request } = place;
  if (request === undefined)
    throw new CommandError('usage', "required option '--request <id>' not specified");
  const { out, wait } = options;
  const results = await fetchCertificates(
    { exchange: async () => exchange },
    terminal,
    { cluster, node, request, out, ...(wait !== undefined && { wait }) },
    systemClock,
  );
  printResult(terminal, options.output, results, () => describe(results, submitAgain(options)));
  return exitCodeOf(results);
}

/** The worst result: a failed check before a rejection before waiting. */
export function exitCodeOf(results: readonly Received[]): ExitCode {
  const has = (...outcomes: Received['outcome'][]) =>
    results.some((r) => outcomes.includes(r.outcome));
  if (has('check-failed')) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  return has('pending', 'no-outcome') ? EXIT.pending : EXIT.done;
}

function submitAgain({ invitation, from }: TransportOptions): string {
  if (from !== undefined) return 'run cakeless pack again, and have the new file relayed';
  return invitation === undefined
    ? 'run cakeless submit again, with a new request id'
    : 'run cakeless submit again, with a new invitation';
}

/** @param tryAgain how to request a rejected certificate again */
export function describe(results: readonly Received[], tryAgain: string): Line[] {
  const table = {
    columns: ['CERTIFICATE', 'OUTCOME', 'EXPIRES', { title: 'FILE', drop: 1 }],
    rows: results.map((r) => [
      r.certificateName ?? r.path,
      r.outcome,
      r.notAfter ?? '',
      r.file ?? '',
    ]),
  };
  const details = describeOutcomes(
    results.map(({ path: name, outcome: state, ...received }) => ({ ...received, name, state })),
    { notDone: 'not written', tryAgain },
  );
  return [table, ...details];
}
