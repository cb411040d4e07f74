/** `cakeless renew`: a complete renewal of this node in one command. */
import { randomInt } from 'node:crypto';
import { printable } from '../../lib/printable.ts';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode, exitCodeOfError } from '../exit-codes.ts';
import { readKubeadmConfig } from '../kubeadm/kubeadm-config.ts';
import type { DesiredCsr } from '../node/csr/desired.ts';
import type { ExpiresWithin } from '../node/disk/expires-within.ts';
import { describeSkipped } from '../node/disk/select-names.ts';
import { type Followed, gatherEvidence } from '../node/evidence/gather-evidence.ts';
import { type Gathered, recallEvidence } from '../node/evidence/recall-evidence.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { RENEWAL_OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import { checkCopies } from '../node/install/copies.ts';
import type { RenewalDeps, RenewalOptions } from '../node/renewal/options.ts';
import { previewRenewal } from '../node/renewal/preview.ts';
import { runRenewal } from '../node/renewal/renew.ts';
import { type CertificateReport, type RenewReport, withEvidence } from '../node/renewal/report.ts';
import { rotationFromBucket } from '../node/renewal/rotation-source.ts';
import { rememberRenewal } from '../node/report/last-renewal.ts';
import { findServedLeaves } from '../node/report/served.ts';
import { writeReport } from '../node/report/write.ts';
import {
  type NodeOptions,
  type NodeSettings,
  requireNode,
  resolveSettings,
  whoIsThis,
} from '../node/state/settings.ts';
import type { CaChangeOptions } from '../node/trust/accepted-change.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import { readGivenText } from '../read-text.ts';
import { explainSystemError } from '../system-errors.ts';
import { formatTable } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeOutcomes } from '../wording/outcomes.ts';
import { describeOtherNames, isAboutNames } from '../wording/refusals.ts';
import { reachAsKubelet } from './api-server.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import { describeRotation, exitCodeOfWaiting } from './describe-rotation.ts';
import { leaseOf } from './node-lease.ts';
import { printPreview } from './renew-preview.ts';

export interface RenewCommandOptions extends NodeOptions {
  request?: string;
  newRequest?: boolean;
  csrDir?: string;
  config?: string;
  advertiseAddress?: string;
  wait?: number;
  ifExpiresWithin?: ExpiresWithin;
  splay?: number;
  restart: boolean;
  restartTimeout: number;
  acceptCaChange?: boolean;
  trustFromCluster?: boolean;
  caCertHash?: string[];
  trustDomain?: string;
  keyAlgorithm?: DesiredCsr['keyKind'];
  reuseKey?: boolean;
  dryRun?: boolean;
  /** Whether the report of this node is written. @default true */
  report?: boolean;
  output: OutputFormat;
}

export async function renewThisNode(
  terminal: Terminal,
  names: string[],
  options: RenewCommandOptions,
): Promise<ExitCode> {
  if (names.length === 0)
    throw new CommandError(
      'usage',
      'the names of the certificates are missing',
      "give kubeadm's names, or all",
    );
  const settings = resolveSettings(options);
  const { folders, stateDir } = settings;
  requireNode(folders);
  const renewal = renewalOptions(names, options, settings);
  const connection = connectNode(process.env, settings.config);
  let followed: Followed | undefined;
  const deps: RenewalDeps = {
    folders,
    stateDir,
    terminal,
    clock: systemClock,
    timeoutSeconds: options.restartTimeout,
    onStep: (step) => performance.mark(`cakeless:${step}`),
    onFollowed: (seen) => {
      followed = seen;
    },
    exchange: () => connection.exchange(),
    lease: () => leaseOf(() => connection.exchange(), terminal, renewal),
    reach: reachAsKubelet(folders),
    rotation: rotationFromBucket(() => connection.exchange(), { ...renewal, stateDir }),
    served: () => findServedLeaves(folders),
  };
  if (options.dryRun)
    return printPreview(
      terminal,
      options.output,
      renewal,
      folders,
      await previewRenewal(deps, renewal),
    );
  let exitCode: ExitCode = EXIT.failure;
  const writes = options.report !== false;
  let gathering: Promise<Gathered | undefined> | undefined;
  const gather = () => {
    gathering ??= gatherOnce(deps, renewal, writes ? followed : undefined);
    return gathering;
  };
  try {
    const done = await runRenewal(deps, renewal, options.splay, { randomInt });
    // why it failed is in the report of the node
    const report = withEvidence(done, await gather().catch(() => undefined));
    const fromConfig = options.config !== undefined;
    printResult(terminal, options.output, report, () => describe(report, fromConfig));
    exitCode = exitCodeOf(report);
  } catch (error) {
    exitCode = exitCodeOfError(explainSystemError(error, process.geteuid?.()));
    throw error;
  } finally {
    await reportRenewal(deps, { ...renewal, writes, gather }, exitCode);
  }
  return exitCode;
}

/** @param followed undefined if nothing is to be proved */
async function gatherOnce(
  deps: RenewalDeps,
  { cluster, node }: RenewalOptions,
  followed: Followed | undefined,
): Promise<Gathered | undefined> {
  if (followed) return gatherEvidence(deps, { cluster, node }, followed);
  return recallEvidence(deps, deps.clock.now());
}

interface Reporting {
  /** Whether the report of this node is written. */
  readonly writes: boolean;
  readonly gather: () => Promise<Gathered | undefined>;
}

/** Neither the memory of this run nor the report of the node changes what the run has done. */
async function reportRenewal(
  deps: RenewalDeps,
  { cluster, node, writes, gather }: RenewalOptions & Reporting,
  exitCode: ExitCode,
): Promise<void> {
  const { folders, stateDir, terminal, clock, exchange } = deps;
  // another run is in progress, and writes its own
  if (exitCode === EXIT.busy) return;
  await rememberRenewal(stateDir, { at: clock.now().toISOString(), exitCode, cluster, node }).catch(
    (error: unknown) => terminal.progress(`note: this renewal is not remembered: ${error}`),
  );
  if (!writes) return;
  const place = { cluster, node, folders, stateDir };
  const now = () => clock.now();
  const rotation = async () => (await gather())?.evidence;
  await writeReport({ terminal, now, exchange }, place, 'renew', rotation);
}

function renewalOptions(
  names: string[],
  options: RenewCommandOptions,
  settings: NodeSettings,
): RenewalOptions {
  checkCopies(settings.also);
  const self = whoIsThis(settings);
  return {
    ...self,
    config: readConfig(options, self.node),
    names,
    request: options.request,
    newRequest: options.newRequest === true,
    expiresWithin: options.ifExpiresWithin,
    waitSeconds: options.wait ?? RENEWAL_OUTCOME_SECONDS,
    waitForApprovals: options.wait !== undefined,
    caChange: caChangeOptions(options),
    trustDomain: options.trustDomain,
    restart: options.restart,
    key: options,
    csrDir: options.csrDir,
    also: settings.also,
  };
}

/** A configuration of another node would request its names. */
function readConfig({ config: file, node, advertiseAddress }: RenewCommandOptions, self: string) {
  if (file === undefined) return undefined;
  const given = { node, defaultNode: self, advertiseAddress };
  const config = readKubeadmConfig(readGivenText(file), file, given);
  if (config.nodeName === self) return config;
  throw new CommandError(
    'usage',
    `${file}: is for node ${config.nodeName}, but this node is ${self}`,
    'use the configuration of this node, or correct its name with --node',
  );
}

function caChangeOptions({
  acceptCaChange = false,
  caCertHash = [],
  trustDomain,
}: RenewCommandOptions): CaChangeOptions {
  if (caCertHash.length > 0 && !acceptCaChange)
    throw new CommandError('usage', '--ca-cert-hash needs --accept-ca-change');
  if (trustDomain !== undefined && !acceptCaChange)
    throw new CommandError('usage', '--trust-domain needs --accept-ca-change');
  return { accept: acceptCaChange, hashes: caHashesOf(caCertHash) };
}

/** The most serious result: failed check, rejection, unreadable file, restart, what a rotation waits for, pending. */
export function exitCodeOf({ certificates, restarts, rotation }: RenewReport): ExitCode {
  const has = (...outcomes: CertificateReport['outcome'][]) =>
    certificates.some(({ outcome }) => outcomes.includes(outcome));
  const isHeldUp = rotation && (rotation.isReplayed || rotation.refused.length > 0);
  if (has('check-failed') || isHeldUp) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (certificates.some(({ isError }) => isError)) return EXIT.usage;
  const ofRestarts = exitCodeOfRestarts(restarts);
  if (ofRestarts !== EXIT.done) return ofRestarts;
  const ofWaiting = exitCodeOfWaiting(rotation);
  if (ofWaiting !== EXIT.done) return ofWaiting;
  return has('pending', 'no-outcome') ? EXIT.pending : EXIT.done;
}

/** @param fromConfig whether the requested names were those of a kubeadm configuration */
export function describe(report: RenewReport, fromConfig = false): string[] {
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
      { notDone: 'not installed', tryAgain: 'run cakeless renew again' },
    ),
    ...(fromConfig
      ? []
      : describeOtherNames(
          certificates
            .filter(({ violations = [] }) => violations.some(isAboutNames))
            .map(({ name }) => name),
        )),
    ...describeSkipped(certificates),
    ...caDifferences.map((difference) => `CA: ${difference}`),
    ...describeRotation(report.rotation),
    ...notes,
    ...restarts.map(describeRestart),
    ...(backup === undefined
      ? []
      : [`the old files are in ${backup}; cakeless rollback restores them`]),
  ].map(printable);
}
