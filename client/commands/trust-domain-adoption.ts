/** `cakeless trust-domain adopt` and `wrap-keys`: wording and exit codes. */
import { randomBytes } from 'node:crypto';
import type { AdoptableCa } from '../../lib/ca/trust-domain-request.ts';
import { type AdoptDeps, adopt as adoptCas } from '../adoption/adopt.ts';
import { type BegunAdoption, begin } from '../adoption/begin.ts';
import { finish } from '../adoption/finish.ts';
import { inspectPki as inspect } from '../adoption/inspect.ts';
import { readPki } from '../adoption/read-pki.ts';
import { type WrappedSummary, wrapKeys as wrap } from '../adoption/wrap-keys.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { resolveSettings } from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { shellWord } from '../wording/shell.ts';
import { type FolderOptions, printInspection } from './inspect-pki.ts';
import { describeCas } from './trust-domain.ts';

export interface AdoptOptions extends FolderOptions {
  ca?: AdoptableCa[];
  keyCa?: string;
  keyEtcdCa?: string;
  keyFrontProxyCa?: string;
  dryRun?: boolean;
  begin?: boolean;
  out?: string;
  finish?: string;
  caCertHash?: string[];
  output: OutputFormat;
}

export async function adopt(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  options: AdoptOptions,
): Promise<ExitCode> {
  refuseMixed(options);
  const deps = depsOf(connection, terminal);
  if (options.finish !== undefined) {
    const hashes = caHashesOf(options.caCertHash ?? []);
    const summary = await finish(deps, { trustDomain, folder: options.finish, hashes });
    return printAdopted(terminal, options.output, summary);
  }
  const { folders } = resolveSettings(options);
  const cas = readPki(folders, options.ca);
  if (options.dryRun) {
    const inspection = inspect(folders, cas, systemClock.now());
    if (inspection.adoptable)
      terminal.progress(
        `would adopt ${inspection.cas.map(({ ca }) => ca).join(', ')} as trust domain ${trustDomain} (dry run)`,
      );
    return printInspection(terminal, options.output, inspection);
  }
  const request = { trustDomain, cas, keys: keysOf(options) };
  if (options.out !== undefined) {
    const begun = await begin(deps, request, options.out);
    return printBegun(terminal, options.output, begun);
  }
  return printAdopted(terminal, options.output, await adoptCas(deps, request));
}

/** Which options belong to which form. */
function refuseMixed(options: AdoptOptions): void {
  const { begin: begins, out, finish: folder, dryRun, caCertHash } = options;
  const wrong = [
    begins && out === undefined && '--begin needs --out DIR',
    !begins && out !== undefined && '--out needs --begin',
    begins && folder !== undefined && '--begin and --finish cannot be given together',
    dryRun &&
      (begins || folder !== undefined) &&
      '--dry-run cannot be given with --begin or --finish',
    folder === undefined && caCertHash !== undefined && '--ca-cert-hash needs --finish',
    folder !== undefined &&
      namesCas(options) &&
      '--finish takes the CAs and KMS keys from its folder: omit --ca, --cert-dir, --kubeconfig-dir and --key-…',
  ].find((problem) => typeof problem === 'string');
  if (typeof wrong === 'string') throw new CommandError('usage', wrong);
}

const namesCas = ({ ca, certDir, kubeconfigDir, ...options }: AdoptOptions): boolean =>
  [ca, certDir, kubeconfigDir].some((value) => value !== undefined) ||
  Object.keys(keysOf(options)).length > 0;

function keysOf(
  options: Pick<AdoptOptions, 'keyCa' | 'keyEtcdCa' | 'keyFrontProxyCa'>,
): Partial<Record<AdoptableCa, string>> {
  const { keyCa, keyEtcdCa, keyFrontProxyCa } = options;
  return {
    ...(keyCa !== undefined && { ca: keyCa }),
    ...(keyEtcdCa !== undefined && { 'etcd-ca': keyEtcdCa }),
    ...(keyFrontProxyCa !== undefined && { 'front-proxy-ca': keyFrontProxyCa }),
  };
}

const depsOf = (connection: Connection, terminal: Terminal): AdoptDeps => ({
  invokeCreateCa: connection.invokeCreateCa,
  keyImport: connection.keyImport,
  randomBytes: (length) => randomBytes(length),
  now: () => systemClock.now(),
  progress: (line) => terminal.progress(line),
});

function printBegun(terminal: Terminal, output: OutputFormat, begun: BegunAdoption): ExitCode {
  const entries = Object.entries(begun.cas) as [
    AdoptableCa,
    NonNullable<BegunAdoption['cas'][AdoptableCa]>,
  ][];
  const hashes = entries.flatMap(([, { wrappingKeyHash }]) =>
    wrappingKeyHash === undefined ? [] : `--wrapping-key-hash ${wrappingKeyHash}`,
  );
  printResult(terminal, output, begun, () => [
    {
      columns: ['CA', { title: 'KEY', cut: 'start' }, 'STATE', { title: 'VALID UNTIL', drop: 1 }],
      rows: entries.map(([ca, { keyId, state, validTo }]) => [ca, keyId, state, validTo ?? '-']),
    },
    ...(hashes.length === 0
      ? ['every key has been imported; continue with --finish']
      : [
          'on a control plane, with the folder:',
          `cakeless trust-domain wrap-keys --from ${shellWord(begun.folder)} ${hashes.join(' ')}`,
        ]),
  ]);
  if (hashes.length > 0)
    terminal.progress(
      'take the hashes to the control plane separately from the folder: anyone who can replace a wrapping key in the folder gets the CA key',
    );
  return EXIT.done;
}

function printAdopted(
  terminal: Terminal,
  output: OutputFormat,
  summary: Parameters<typeof describeCas>[0],
): ExitCode {
  terminal.progress(`adopted the CAs of trust domain ${summary.trustDomain}`);
  terminal.progress(
    'the importer no longer needs its rights; the CA keys on the nodes still sign: renew the certificates, install the forwarder, and then run cakeless release-keys on each control plane',
  );
  printResult(terminal, output, summary, () => describeCas(summary));
  return EXIT.done;
}

export interface WrapKeysOptions extends FolderOptions {
  from: string;
  wrappingKeyHash?: string[];
  output: OutputFormat;
}

export async function wrapKeys(terminal: Terminal, options: WrapKeysOptions): Promise<void> {
  const { from, wrappingKeyHash = [], output } = options;
  const { folders } = resolveSettings(options);
  const hashes = caHashesOf(wrappingKeyHash, 'a wrapping key');
  const deps = {
    now: () => systemClock.now(),
    randomBytes: (length: number) => randomBytes(length),
  };
  const summary = await wrap(deps, folders, from, hashes);
  printResult(terminal, output, summary, () => describeWrapped(summary));
}

function describeWrapped({ trustDomain, folder, wrapped, caCertHashes }: WrappedSummary): Line[] {
  const hashes = caCertHashes.map((hash) => `--ca-cert-hash ${hash}`).join(' ');
  return [
    wrapped.length === 0
      ? 'no key had to be wrapped'
      : `wrapped the keys of ${wrapped.join(', ')}; only KMS can read them`,
    'where KMS can be reached, with the folder:',
    `cakeless trust-domain adopt ${trustDomain} --finish ${shellWord(folder)} ${hashes}`,
  ];
}
