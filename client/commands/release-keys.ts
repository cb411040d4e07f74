/** `cakeless release-keys`: wording and exit codes. */
import { join, resolve } from 'node:path';
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import { systemClock } from '../clock.ts';
import { forwarderPort } from '../csrsigning/served-kubelet.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { openKubeClient } from '../kubernetes/open-kube-client.ts';
import { fileOf, placeOf } from '../node/disk/places.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import type { ReleaseDeps, ReleaseOptions } from '../node/release-keys/options.ts';
import { previewRelease, releaseKeys } from '../node/release-keys/release.ts';
import type { ReleaseReport } from '../node/release-keys/report.ts';
import { readRecipient } from '../node/release-keys/seal.ts';
import { undoRelease } from '../node/release-keys/undo.ts';
import {
  type NodeOptions,
  type NodeSettings,
  requireNode,
  resolveSettings,
  whoIsThis,
} from '../node/state/settings.ts';
import { readGivenText } from '../read-text.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeKeyCopies } from './describe-key-copies.ts';
import { describeRestart, exitCodeOfRestarts } from './describe-restarts.ts';
import { leaseOf } from './node-lease.ts';
import { recallSelf } from './recall-self.ts';

export interface ReleaseKeysOptions extends NodeOptions {
  sealTo?: string;
  sealOut?: string;
  withoutForwarder?: string;
  wait: number;
  /** true without files. */
  undo?: true | string[];
  restartTimeout: number;
  dryRun?: boolean;
  output: OutputFormat;
}

export async function releaseKeysOfThisNode(
  terminal: Terminal,
  options: ReleaseKeysOptions,
): Promise<ExitCode> {
  refuseMixed(options);
  const settings = resolveSettings(options);
  requireNode(settings.folders);
  const deps = depsOf(terminal, settings, options);
  const report = await runIt(deps, options);
  printResult(terminal, options.output, report, () =>
    describeRelease(report, options.undo !== undefined),
  );
  return exitCodeOf(report);
}

async function runIt(deps: ReleaseDeps, options: ReleaseKeysOptions): Promise<ReleaseReport> {
  const dryRun = options.dryRun === true;
  if (options.undo !== undefined) {
    const files = options.undo === true ? [] : options.undo;
    const given = files.map((file) => ({ file, text: readGivenText(file) }));
    return undoRelease(deps, given, dryRun);
  }
  const release = releaseOptions(options, deps.clock.now());
  return dryRun ? previewRelease(deps, release) : releaseKeys(deps, release);
}

function refuseMixed({ undo, sealTo, sealOut, withoutForwarder }: ReleaseKeysOptions): void {
  if (undo !== undefined && (sealTo ?? sealOut ?? withoutForwarder) !== undefined)
    throw new CommandError(
      'usage',
      '--undo restores keys, and cannot be combined with --seal-to, --seal-out and --without-forwarder',
    );
  if ((sealTo === undefined) === (sealOut === undefined)) return;
  throw new CommandError(
    'usage',
    `${sealTo === undefined ? '--seal-out needs --seal-to' : '--seal-to needs --seal-out'}`,
    'give the certificate of the recipient with --seal-to, and the file for the encrypted keys with --seal-out',
  );
}

function releaseOptions(
  { sealTo, sealOut, withoutForwarder }: ReleaseKeysOptions,
  now: Date,
): ReleaseOptions {
  const seal =
    sealTo === undefined || sealOut === undefined
      ? undefined
      : { recipient: readRecipient(readGivenText(sealTo), sealTo, now), file: resolve(sealOut) };
  return { seal, withoutForwarder };
}

function depsOf(
  terminal: Terminal,
  settings: NodeSettings,
  { restartTimeout: timeoutSeconds, wait: waitSeconds }: ReleaseKeysOptions,
): ReleaseDeps {
  const { folders, stateDir, config } = settings;
  const self = whoIsThis(recallSelf(settings));
  const connection = connectNode(process.env, config);
  const exchange = () => connection.exchange();
  const as = (kubeconfig: string) => (signal?: AbortSignal) =>
    openKubeClient({ kubeconfig }, { ...(signal && { signal }) });
  return {
    ...self,
    folders,
    stateDir,
    terminal,
    clock: systemClock,
    timeoutSeconds,
    exchange,
    lease: () => leaseOf(exchange, terminal, self),
    forwarder: forwarderPort({
      ...self,
      folders,
      kubelet: as(fileOf(placeOf('kubelet.conf', folders))),
      forwarder: as(join(folders.kubeconfigDir, CSRSIGNING_CONF)),
      exchange,
      clock: systemClock,
      waitSeconds,
    }),
  };
}

export function exitCodeOf({ state, refusals, restarts }: ReleaseReport): ExitCode {
  if (refusals.length > 0) return EXIT.checkFailed;
  return state === 'waiting' ? EXIT.pending : exitCodeOfRestarts(restarts);
}

interface Verb {
  readonly would: string;
  readonly did: string;
}

/** What happens to flags and keys. */
const RELEASING = {
  flags: { would: 'would empty', did: 'emptied' },
  keys: { would: 'would remove', did: 'removed' },
};
const UNDOING: typeof RELEASING = {
  flags: { would: 'would restore', did: 'restored' },
  keys: { would: 'would restore', did: 'restored' },
};

export function describeRelease(report: ReleaseReport, isUndo: boolean): string[] {
  const { state, dryRun, restarts, refusals, issuedByService, forwarder } = report;
  const verbs = isUndo ? UNDOING : RELEASING;
  const said = ({ would, did }: Verb) => (dryRun ? would : did);
  const changesKeys = state !== 'nothing' && state !== 'waiting';
  const flags = report.flags.map(({ name, value }) => `--${name}=${value}`);
  return [
    ...headings(report),
    ...(flags.length > 0
      ? [`${said(verbs.flags)} in kube-controller-manager: ${flags.join(' ')}`]
      : []),
    ...(issuedByService.length > 0
      ? [`the service issued, with these CAs: ${issuedByService.join(', ')}`]
      : []),
    ...(forwarder === undefined ? [] : [`certificates of kubelets: ${forwarder}`]),
    ...(report.sealed
      ? [
          `${dryRun ? 'would seal' : 'sealed'} the keys to ${report.sealed.recipient}: ${report.sealed.file}`,
        ]
      : []),
    ...(changesKeys ? report.keys.map((file) => `${said(verbs.keys)} ${file}`) : []),
    ...restarts.map(describeRestart),
    ...refusals.map((refusal) => `refuses: ${refusal}`),
    ...describeKeyCopies(report.copies),
    ...(state === 'released' ? HONEST : []),
    ...(dryRun ? ['(dry run: nothing was changed or restarted)'] : []),
  ];
}

function headings({ state }: ReleaseReport): string[] {
  if (state === 'nothing')
    return ['no CA key is in its place, and kube-controller-manager does not sign: nothing to do'];
  if (state !== 'waiting') return [];
  return [
    'kube-controller-manager of this node no longer signs, but that of another control plane does; no key was removed',
    'run cakeless release-keys on the other control planes, then again on this one',
  ];
}

/** What removing a file does not do. */
const HONEST = [
  'the keys are removed from these paths; the file system may still have their blocks, and snapshots, backups and other nodes their copies. Anyone who copied a key can sign until the CA is rotated',
];
