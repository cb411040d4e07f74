/** `cakeless fetch`: reads what a request came to, checks each certificate, and writes it. */
import type { Command } from 'commander';
import { Fault } from '../../lib/fault.ts';
import { printable } from '../../lib/policy/violation.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import type { Exchange } from '../node/exchange.ts';
import { type Outcome, type RequestPlace, readOutcomes } from '../node/outcomes.ts';
import { type Received, receive } from '../node/receive.ts';
import { findWay, type WayOptions } from '../node/way.ts';
import { durationSeconds, outputOption, subdomain } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';

export interface FetchOptions extends RequestPlace {
  out: string;
  /** How long to wait for outcomes; undefined waits a little for answers, and not for approvers. */
  wait?: number;
  output: OutputFormat;
}

/** An answer takes a second or two; a lost event is found again within minutes. */
const ANSWER_SECONDS = 30;
const POLL_MS = 1000;

export function addFetchCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  program
    .command('fetch')
    .description('read the outcomes of a request, check each certificate, and write it')
    .option('--cluster <name>', 'the cluster; required without --invitation or --from', subdomain)
    .option('--node <name>', 'this node; required without --invitation or --from', subdomain)
    .option(
      '--request <id>',
      'the request id that submit printed; required without --invitation or --from',
      subdomain,
    )
    .option('--invitation <file>', 'go by this file of `cakeless invite`, without AWS credentials')
    .option('--from <file>', 'read the answers from this file of `cakeless relay`')
    .requiredOption('--out <dir>', 'where certificates go, at the paths of their CSRs')
    .option(
      '--wait <duration>',
      `how long to wait for outcomes, approvals too (default: ${ANSWER_SECONDS}s, not for approvals)`,
      durationSeconds,
    )
    .addOption(outputOption())
    .action(async (options: WayOptions & Pick<FetchOptions, 'out' | 'wait' | 'output'>) => {
      const { exchange, place } = await findWay(connection, options, systemClock.now());
      const { request } = place;
      if (request === undefined)
        throw new CommandError(EXIT.usage, "required option '--request <id>' not specified");
      const from = { exchange: async () => exchange };
      const wish = { ...options, ...place, request };
      const results = await fetchCertificates(from, terminal, wish, systemClock);
      printResult(terminal, options.output, results, () => describe(results));
      exit(exitCodeOf(results));
    });
}

export async function fetchCertificates(
  connection: { exchange(): Promise<Exchange> },
  terminal: Terminal,
  options: Omit<FetchOptions, 'output'>,
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

/** Asks until every request has its outcome, or the time is over. @param wait seconds, see `FetchOptions` */
export async function waitForOutcomes(
  exchange: Exchange,
  terminal: Terminal,
  place: RequestPlace,
  wait: number | undefined,
  clock: Clock,
): Promise<Outcome[]> {
  const deadline = clock.now().getTime() + (wait ?? ANSWER_SECONDS) * 1000;
  let outcomes = await readOutcomes(exchange, place);
  const open = () =>
    outcomes.filter(
      ({ state }) => state === 'unanswered' || (state === 'pending' && wait !== undefined),
    );
  while (open().length > 0 && clock.now().getTime() < deadline) {
    terminal.progress(
      `waiting for ${open()
        .map(({ path }) => path)
        .join(', ')} ...`,
    );
    await clock.sleep(Math.min(POLL_MS, Math.max(1, deadline - clock.now().getTime())));
    outcomes = await readOutcomes(exchange, place);
  }
  return outcomes;
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

/** The worst of what came: a wrong certificate before a refusal before waiting. */
export function exitCodeOf(results: readonly Received[]): ExitCode {
  const has = (...outcomes: Received['outcome'][]) =>
    results.some((r) => outcomes.includes(r.outcome));
  if (has('check-failed')) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  return has('pending', 'unanswered') ? EXIT.pending : EXIT.done;
}

export function describe(results: readonly Received[]): string[] {
  const table = formatTable(
    ['CERTIFICATE', 'OUTCOME', 'EXPIRES', 'FILE'],
    results.map((r) => [r.certificateName ?? r.path, r.outcome, r.notAfter ?? '', r.file ?? '']),
  );
  const details = results.flatMap((r) => [
    ...(r.violations ?? []).map(
      (v) =>
        `${r.path}: ${v.code}: ${v.field} is ${v.got}; allowed: ${v.allowed}. ${capital(v.fix)}.`,
    ),
    ...(r.problems ?? []).map((problem) => `${r.path}: not written: ${problem}`),
    ...(r.waitingFor === undefined ? [] : [`${r.path}: waits for ${r.waitingFor}`]),
    ...(r.outcome === 'unanswered' ? [`${r.path}: no answer yet; run the same command again`] : []),
  ]);
  // what a bucket says is printed in plain characters only
  return [...table, ...details].map(printable);
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
