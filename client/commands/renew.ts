/** `cakeless renew`: a complete renewal of this node in one command. */
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { printable } from '../../lib/printable.ts';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { DesiredCsr } from '../node/csr/desired.ts';
import { describeSkipped } from '../node/disk/select-names.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { checkCopies } from '../node/install/copies.ts';
import type { RenewalDeps, RenewalOptions } from '../node/renewal/options.ts';
import { previewRenewal } from '../node/renewal/preview.ts';
import { runRenewal } from '../node/renewal/renew.ts';
import type { CertificateReport, RenewReport } from '../node/renewal/report.ts';
import { MAX_LEASE_SECONDS, takeLease } from '../node/restart/lease.ts';
import {
  type NodeOptions,
  type NodeSettings,
  requireNode,
  resolveSettings,
  whoIsThis,
} from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { CaChangeOptions } from '../node/trust/ca-change.ts';
import {
  collect,
  keyAlgorithmOption,
  outputOption,
  restartTimeoutOption,
  timeAhead,
} from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeOutcomes } from '../wording/outcomes.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import {
  addAlsoOption,
  addFolderOptions,
  addNodeOptions,
  kubeletDirOption,
  waitOption,
} from './node-options.ts';
import { newRequestOption } from './place-options.ts';
import { printPreview } from './renew-preview.ts';

interface RenewCommandOptions extends NodeOptions {
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

/** An outcome takes a second or two; if its event is lost, a few minutes. */
const WAIT_SECONDS = 60;
/**
 * Enough for two other control planes to restart all their components, and for an object that is not a lease to lose
 * its effect.
 */
const LEASE_WAIT_SECONDS = MAX_LEASE_SECONDS + 60;

export function addRenewCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('renew <names...>')
    .description(
      "renew certificates of this node and restart the components that use them; NAMES are kubeadm's, or all",
    );
  addAlsoOption(addFolderOptions(addNodeOptions(command)))
    .addOption(kubeletDirOption())
    .addOption(newRequestOption())
    .option('--new-request', 'discard unfinished requests of earlier runs, and create new ones')
    .option('--csr-dir <dir>', 'use keys and CSRs that kubeadm wrote to this folder')
    .option(
      '--if-expires-within <duration>',
      'only certificates that expire within this time, such as 60d',
      timeAhead,
    )
    .option(
      '--splay <duration>',
      'first wait a random time of at most this long, such as 12h',
      timeAhead,
    )
    .addOption(waitOption(WAIT_SECONDS))
    .option('--no-restart', 'install the files, but do not restart anything')
    .addOption(restartTimeoutOption())
    .option('--accept-ca-change', 'install the CA certificates that the service publishes')
    .option(
      '--ca-cert-hash <hash>',
      'sha256:HEX of the new public key of ca, or etcd-ca=sha256:HEX, front-proxy-ca=sha256:HEX; required for each CA certificate that --accept-ca-change adds; may be given several times',
      collect,
    )
    .addOption(keyAlgorithmOption())
    .option('--reuse-key', 'reuse the current keys')
    .option('--dry-run', 'show what would be requested, changed and restarted; change nothing')
    .addOption(outputOption())
    .action(async (names: string[], options: RenewCommandOptions) => {
      exit(await renewThisNode(terminal, names, options));
    });
}

async function renewThisNode(
  terminal: Terminal,
  names: string[],
  options: RenewCommandOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  const { folders, stateDir } = settings;
  requireNode(folders);
  const renewal = renewalOptions(names, options, settings);
  const connection = connectNode(process.env, settings.config);
  const deps: RenewalDeps = {
    folders,
    stateDir,
    terminal,
    clock: systemClock,
    timeoutSeconds: options.restartTimeout,
    exchange: () => connection.exchange(),
    lease: async () =>
      takeLease(
        { store: await connection.exchange(), clock: systemClock, terminal },
        { cluster: renewal.cluster, node: renewal.node, waitSeconds: LEASE_WAIT_SECONDS },
      ),
  };
  if (options.dryRun)
    return printPreview(terminal, options.output, renewal, await previewRenewal(deps, renewal));
  const report = await runRenewal(deps, renewal, options.splay, { randomInt });
  printResult(terminal, options.output, report, () => describe(report));
  return exitCodeOf(report);
}

function renewalOptions(
  names: string[],
  options: RenewCommandOptions,
  settings: NodeSettings,
): RenewalOptions {
  checkCopies(settings.also);
  return {
    ...whoIsThis(settings),
    names,
    request: options.request,
    newRequest: options.newRequest === true,
    expiresWithinSeconds: options.ifExpiresWithin,
    waitSeconds: options.wait ?? WAIT_SECONDS,
    waitForApprovals: options.wait !== undefined,
    caChange: caChangeOptions(options),
    restart: options.restart,
    key: options,
    csrDir: options.csrDir,
    also: settings.also,
  };
}

function caChangeOptions({
  acceptCaChange = false,
  caCertHash = [],
}: RenewCommandOptions): CaChangeOptions {
  if (caCertHash.length > 0 && !acceptCaChange)
    throw new CommandError('usage', '--ca-cert-hash needs --accept-ca-change');
  return { accept: acceptCaChange, hashes: caHashesOf(caCertHash) };
}

/** The most serious result: failed check, rejection, unreadable file, restart, pending. */
export function exitCodeOf({ certificates, restarts }: RenewReport): ExitCode {
  const has = (...outcomes: CertificateReport['outcome'][]) =>
    certificates.some(({ outcome }) => outcomes.includes(outcome));
  if (has('check-failed')) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (certificates.some(({ isError }) => isError)) return EXIT.usage;
  const ofRestarts = exitCodeOfRestarts(restarts);
  if (ofRestarts !== EXIT.done) return ofRestarts;
  return has('pending', 'no-outcome') ? EXIT.pending : EXIT.done;
}

export function describe(report: RenewReport): string[] {
  const { certificates, restarts, notes, backup, caDifferences } = report;
  const shown = certificates.filter(({ outcome, isError }) => outcome !== 'skipped' || isError);
  const table = formatTable(
    ['CERTIFICATE', 'OUTCOME', 'EXPIRES'],
    shown.map(({ name, outcome, notAfter = '' }) => [name, outcome, notAfter]),
  );
  return [
    ...(shown.length === 0 ? ['nothing to renew'] : table),
    ...describeOutcomes(
      certificates.map(({ outcome: state, ...certificate }) => ({ ...certificate, state })),
      'not installed',
    ),
    ...describeSkipped(certificates),
    ...caDifferences.map((difference) => `CA: ${difference}`),
    ...notes,
    ...restarts.map(describeRestart),
    ...(backup === undefined
      ? []
      : [`the old files are in ${backup}; cakeless rollback restores them`]),
  ].map(printable);
}
