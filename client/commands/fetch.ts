/** `cakeless fetch`: reads what a request came to, checks each certificate, and writes it. */
import type { Command } from 'commander';
import { printable } from '../../lib/printable.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { approveCommand } from '../node/exchange/approve-command.ts';
import { findWay, type WayOptions } from '../node/exchange/transport.ts';
import { ANSWER_SECONDS, fetchCertificates } from '../node/fetch/fetch.ts';
import type { Received } from '../node/fetch/receive.ts';
import { durationSeconds, outputOption } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { addNodeOptions } from './node-options.ts';
import { invitationOption, requestOption } from './place-options.ts';

interface FetchOptions extends WayOptions {
  out: string;
  wait?: number;
  output: OutputFormat;
}

export function addFetchCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('fetch')
    .description('read the outcomes of a request, check each certificate, and write it');
  addNodeOptions(command)
    .addOption(
      requestOption('the request id that submit printed; required without --invitation or --from'),
    )
    .addOption(invitationOption())
    .option('--from <file>', 'read the answers from this file of `cakeless relay`')
    .requiredOption('--out <dir>', 'where certificates go, at the paths of their CSRs')
    .option(
      '--wait <duration>',
      `how long to wait for outcomes, approvals too (default: ${ANSWER_SECONDS}s, not for approvals)`,
      durationSeconds,
    )
    .addOption(outputOption())
    .action(async (options: FetchOptions) => {
      const { exchange, place } = await findWay(connection, options, systemClock.now());
      const { request } = place;
      if (request === undefined)
        throw new CommandError('usage', "required option '--request <id>' not specified");
      const from = { exchange: async () => exchange };
      const wish = { ...options, ...place, request };
      const results = await fetchCertificates(from, terminal, wish, systemClock);
      printResult(terminal, options.output, results, () => describe(results));
      exit(exitCodeOf(results));
    });
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
    ...(r.requestKey === undefined ? [] : [approveCommand(r.requestKey)]),
    ...(r.outcome === 'unanswered' ? [`${r.path}: no answer yet; run the same command again`] : []),
  ]);
  // what a bucket says is printed in plain characters only
  return [...table, ...details].map(printable);
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
