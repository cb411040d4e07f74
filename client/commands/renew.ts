/** `cakeless renew`: a whole renewal of this node in one command. */
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { printable } from '../../lib/printable.ts';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { DesiredCsr } from '../node/csr/desired.ts';
import { describeLeftOut } from '../node/disk/select-names.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { checkCopies } from '../node/install/others-folders.ts';
import type { RenewWish, RenewWorld } from '../node/renewal/options.ts';
import { renew } from '../node/renewal/renew.ts';
import type { CertificateReport, RenewReport } from '../node/renewal/report.ts';
import { splay } from '../node/renewal/splay.ts';
import { takeLease } from '../node/restart/lease.ts';
import { checkProcessesAreSeen } from '../node/restart/processes.ts';
import type { RestartWorld } from '../node/restart/restart.ts';
import { withRunLock } from '../node/state/run-lock.ts';
import {
  type NodeOptions,
  type NodeSettings,
  requireNode,
  resolveSettings,
  whoIsThis,
} from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { CaChangeWish } from '../node/trust/ca-change.ts';
import {
  collect,
  keyAlgorithmOption,
  outputOption,
  restartTimeoutOption,
  timeAhead,
} from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeOutcome } from '../wording/outcomes.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import {
  addAlsoOption,
  addFolderOptions,
  addNodeOptions,
  kubeletDirOption,
  waitOption,
} from './node-options.ts';
import { newRequestOption } from './place-options.ts';
import { previewRenewal } from './renew-preview.ts';

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
  caCertHash?: string[];
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
  addAlsoOption(addFolderOptions(addNodeOptions(command)))
    .addOption(kubeletDirOption())
    .addOption(newRequestOption())
    .option('--new-request', 'ask anew, and forget what an earlier run asked for and did not get')
    .option('--csr-dir <dir>', 'use keys and CSRs that kubeadm left in this folder')
    .option(
      '--if-expires-within <duration>',
      'only certificates that end within this time, such as 60d',
      timeAhead,
    )
    .option('--splay <duration>', 'wait a random time up to this first, such as 12h', timeAhead)
    .addOption(waitOption(ANSWER_SECONDS))
    .option('--no-restart', 'install only; restart nothing')
    .addOption(restartTimeoutOption())
    .option('--accept-ca-change', 'take over the CA certificates that the service publishes')
    .option(
      '--ca-cert-hash <hash>',
      'sha256:HEX of the public key of a new ca; etcd-ca=sha256:HEX and so on; needed for each CA certificate that --accept-ca-change adds; may be given several times',
      collect,
    )
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
  requireNode(folders);
  const wish = wishOf(names, options, settings);
  const restartWorld: RestartWorld = {
    ...{ folders, stateDir, terminal, clock: systemClock, timeoutSeconds: options.restartTimeout },
  };
  const connection = connectNode(process.env, settings.config);
  if (options.dryRun)
    return previewRenewal(terminal, restartWorld, wish, options.output, () =>
      connection.exchange(),
    );
  if (wish.restart) checkProcessesAreSeen(folders);
  await splay(restartWorld, wish, options.splay, { randomInt });
  const world: RenewWorld = {
    ...restartWorld,
    exchange: () => connection.exchange(),
    lease: async () =>
      takeLease(
        { store: await connection.exchange(), clock: systemClock, terminal },
        { cluster: wish.cluster, node: wish.node, waitSeconds: LEASE_WAIT_SECONDS },
      ),
  };
  const report = await withRunLock(folders, () => renew(world, wish));
  printResult(terminal, options.output, report, () => describe(report));
  return exitCodeOf(report);
}

function wishOf(names: string[], options: RenewOptions, settings: NodeSettings): RenewWish {
  checkCopies(settings.also);
  return {
    ...whoIsThis(settings),
    names,
    request: options.request,
    newRequest: options.newRequest === true,
    expiresWithinSeconds: options.ifExpiresWithin,
    waitSeconds: options.wait ?? ANSWER_SECONDS,
    waitForApprovals: options.wait !== undefined,
    caChange: caChangeOf(options),
    restart: options.restart,
    key: options,
    csrDir: options.csrDir,
    also: settings.also,
  };
}

function caChangeOf({ acceptCaChange = false, caCertHash = [] }: RenewOptions): CaChangeWish {
  if (caCertHash.length > 0 && !acceptCaChange)
    throw new CommandError('usage', '--ca-cert-hash goes with --accept-ca-change');
  return { accept: acceptCaChange, hashes: caHashesOf(caCertHash) };
}

/** The worst of what came: a failed check before a refusal before a broken file before a restart before waiting. */
export function exitCodeOf({ certificates, restarts }: RenewReport): ExitCode {
  const has = (...outcomes: CertificateReport['outcome'][]) =>
    certificates.some(({ outcome }) => outcomes.includes(outcome));
  if (has('check-failed')) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (certificates.some(({ isError }) => isError)) return EXIT.usage;
  const ofRestarts = exitCodeOfRestarts(restarts);
  if (ofRestarts !== EXIT.done) return ofRestarts;
  return has('pending', 'unanswered') ? EXIT.pending : EXIT.done;
}

export function describe(report: RenewReport): string[] {
  const { certificates, restarts, notes, backup, caDifferences } = report;
  const shown = certificates.filter(({ outcome, isError }) => outcome !== 'left-out' || isError);
  const table = formatTable(
    ['CERTIFICATE', 'OUTCOME', 'EXPIRES'],
    shown.map(({ name, outcome, notAfter = '' }) => [name, outcome, notAfter]),
  );
  const details = certificates.flatMap(({ name, outcome: state, ...certificate }) =>
    describeOutcome(name, { ...certificate, state }, 'not installed'),
  );
  const more = [
    ...describeLeftOut(certificates),
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
