/** `cakeless renew`: a whole renewal of this node in one command. */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { printable } from '../../lib/policy/violation.ts';
import { systemClock } from '../clock.ts';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';
import { type DesiredCsr, describeNames, describeSubject } from '../node/csr/desired.ts';
import { takeLease } from '../node/lease.ts';
import { connectNode } from '../node/node-connection.ts';
import { placeOf } from '../node/places.ts';
import { renew } from '../node/renewal/renew.ts';
import type { CertificateReport, RenewReport } from '../node/renewal/report.ts';
import { splay } from '../node/renewal/splay.ts';
import { neededRestarts } from '../node/renewal/turn.ts';
import { desired, type RenewWish, type RenewWorld, selectWanted } from '../node/renewal/wish.ts';
import { checkProcessesAreSeen } from '../node/restart/processes.ts';
import type { RestartResult, RestartWorld } from '../node/restart/restart.ts';
import { withRunLock } from '../node/run-lock.ts';
import {
  type NodeOptions,
  type NodeSettings,
  resolveSettings,
  whoIsThis,
} from '../node/settings.ts';
import {
  durationSeconds,
  keyAlgorithmOption,
  outputOption,
  restartTimeoutOption,
  timeAhead,
} from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import {
  addAlsoOption,
  addFolderOptions,
  addKubeletOption,
  addNodeOptions,
} from './node-options.ts';
import { newRequestOption } from './place-options.ts';

interface RenewOptions extends NodeOptions {
  request?: string;
  newRequest?: boolean;
  csrDir?: string;
  wait?: number;
  ifExpiresWithin?: number;
  splay?: number;
  restart: boolean;
  restartTimeout: number;
  acceptCaChange?: boolean;
  keyAlgorithm?: DesiredCsr['keyKind'];
  reuseKey?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

/** An answer takes a second or two; a lost event is found again within minutes. */
const ANSWER_SECONDS = 60;
/** Other control planes get their turn first: two of them, each with its components. */
const LEASE_WAIT_SECONDS = 15 * 60;

export function addRenewCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('renew <names...>')
    .description(
      'renew certificates of this node and restart what uses them; kubeadm’s names, or all',
    );
  addAlsoOption(addKubeletOption(addFolderOptions(addNodeOptions(command))))
    .addOption(newRequestOption())
    .option('--new-request', 'ask anew, and forget what an earlier run asked for and did not get')
    .option('--csr-dir <dir>', 'use keys and CSRs that kubeadm left in this folder')
    .option(
      '--if-expires-within <duration>',
      'only certificates that end within this time, such as 60d',
      timeAhead,
    )
    .option('--splay <duration>', 'wait a random time up to this first, such as 12h', timeAhead)
    .option(
      '--wait <duration>',
      `how long to wait for outcomes, approvals too (default: ${ANSWER_SECONDS}s, not for approvals)`,
      durationSeconds,
    )
    .option('--no-restart', 'install only; restart nothing')
    .addOption(restartTimeoutOption())
    .option('--accept-ca-change', 'take over the CA certificates that the service publishes')
    .addOption(keyAlgorithmOption())
    .option('--reuse-key', 'keep the keys')
    .option('--dry-run', 'show what would be asked, changed and restarted; do nothing')
    .addOption(outputOption())
    .action(async (names: string[], options: RenewOptions) => {
      exit(await runRenew(terminal, names, options));
    });
}

async function runRenew(
  terminal: Terminal,
  names: string[],
  options: RenewOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  const { folders, stateDir } = settings;
  if (!existsSync(folders.kubeconfigDir))
    throw new CommandError(EXIT.usage, `${folders.kubeconfigDir} is not there: is this a node?`);
  const wish = wishOf(names, options, settings);
  const restartWorld: RestartWorld = {
    ...{ folders, stateDir, terminal, clock: systemClock, timeoutSeconds: options.restartTimeout },
  };
  if (options.dryRun) return preview(terminal, restartWorld, wish, options.output);
  if (wish.restart) checkProcessesAreSeen(folders);
  await splay(restartWorld, wish, options.splay, { randomInt });
  const connection = connectNode(process.env, settings.config);
  const world: RenewWorld = {
    ...restartWorld,
    exchange: () => connection.exchange(),
    lease: async () =>
      takeLease(
        await connection.lease(wish.cluster),
        wish.node,
        LEASE_WAIT_SECONDS,
        systemClock,
        terminal,
      ),
  };
  const report = await withRunLock(folders, () => renew(world, wish));
  printResult(terminal, options.output, report, () => describe(report));
  return exitCodeOf(report);
}

function wishOf(names: string[], options: RenewOptions, settings: NodeSettings): RenewWish {
  return {
    ...whoIsThis(settings),
    names,
    request: options.request,
    newRequest: options.newRequest === true,
    expiresWithinSeconds: options.ifExpiresWithin,
    waitSeconds: options.wait ?? ANSWER_SECONDS,
    waitForApprovals: options.wait !== undefined,
    acceptCaChange: options.acceptCaChange === true,
    restart: options.restart,
    key: options,
    csrDir: options.csrDir,
    also: settings.also,
  };
}

function preview(
  terminal: Terminal,
  world: RestartWorld,
  wish: RenewWish,
  output: OutputFormat,
): ExitCode {
  const { present, leftOut } = selectWanted(world, wish);
  const certificates = present.map((place) => {
    const { contents, keyKind } = desired(place, wish);
    const file = placeFile(placeOf(place.name, world.folders));
    const [subject, altNames] = [describeSubject(contents), describeNames(contents.names)];
    return {
      name: place.name,
      expires: place.leaf.validTo,
      subject,
      names: altNames,
      key: keyKind,
      file,
    };
  });
  const names = present.map(({ name }) => name);
  const restarts = wish.restart ? neededRestarts(world, names, wish.acceptCaChange) : [];
  printResult(terminal, output, { dryRun: true, certificates, leftOut, restarts }, () => [
    ...formatTable(
      ['CERTIFICATE', 'EXPIRES', 'SUBJECT', 'NAMES', 'KEY'],
      certificates.map((c) => [c.name, c.expires, c.subject, c.names, c.key]),
    ),
    ...leftOut.map(({ name, reason }) => `left out ${name}: ${reason}`),
    `would restart: ${restarts.join(', ') || 'nothing'}`,
    '(dry run: nothing was asked, changed or restarted)',
  ]);
  return EXIT.done;
}

const placeFile = (place: ReturnType<typeof placeOf>) =>
  place.kind === 'pair' ? place.certificateFile : place.file;

/** The worst of what came: a failed check before a refusal before a broken file before waiting. */
export function exitCodeOf({ certificates }: RenewReport): ExitCode {
  const has = (...outcomes: CertificateReport['outcome'][]) =>
    certificates.some(({ outcome }) => outcomes.includes(outcome));
  if (has('check-failed')) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (certificates.some(({ isError }) => isError)) return EXIT.usage;
  return has('pending', 'unanswered') ? EXIT.pending : EXIT.done;
}

export function describe(report: RenewReport): string[] {
  const { certificates, restarts, notes, backup, caDifferences } = report;
  const shown = certificates.filter(({ outcome, isError }) => outcome !== 'left-out' || isError);
  const table = formatTable(
    ['CERTIFICATE', 'OUTCOME', 'EXPIRES'],
    shown.map(({ name, outcome, notAfter = '' }) => [name, outcome, notAfter]),
  );
  const details = certificates.flatMap((c) => [
    ...(c.violations ?? []).map(
      (v) =>
        `${c.name}: ${v.code}: ${v.field} is ${v.got}; allowed: ${v.allowed}. To do: ${v.fix}.`,
    ),
    ...(c.problems ?? []).map((problem) => `${c.name}: not installed: ${problem}`),
    ...(c.waitingFor === undefined ? [] : [`${c.name}: waits for ${c.waitingFor}`]),
    ...(c.outcome === 'unanswered' ? [`${c.name}: no answer yet; run the same command again`] : []),
    ...(c.reason === undefined ? [] : [`${c.name}: ${c.reason}`]),
  ]);
  const more = [
    ...caDifferences.map((difference) => `CA: ${difference}`),
    ...notes,
    ...restarts.map(describeRestart),
    ...(backup === undefined
      ? []
      : [`the old files are in ${backup}; cakeless rollback puts them back`]),
  ];
  const lines = shown.length === 0 ? ['nothing to renew'] : table;
  return [...lines, ...details, ...more].map(printable);
}

export function describeRestart({ component, state, ...rest }: RestartResult): string {
  if (state === 'restarted') return `${component} was restarted and is healthy`;
  if (state === 'not-here')
    return `${component} is no static pod of this node; restart it yourself if it runs here`;
  if (state === 'by-hand') return `restart ${component} by hand: there is no systemd here`;
  return `${component}: ${'reason' in rest ? rest.reason : state}`;
}
