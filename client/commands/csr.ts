/** `cakeless csr`: keys and CSRs for the next certificates of this node, as `renew --csr-only` made them. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { formatName } from '../../lib/csr/alternative-names.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { contentsOf } from '../node/csr/csr-contents.ts';
import {
  type DesiredCsr,
  describeNames,
  describeSubject,
  desiredFromDisk,
} from '../node/csr/desired.ts';
import { desiredFromConfig } from '../node/csr/from-config.ts';
import { stage, stagedPath } from '../node/csr/staging.ts';
import { describeLeftOut, type LeftOut, selectCertificates } from '../node/disk/select-names.ts';
import { type NodeOptions, requireNode, resolveSettings } from '../node/state/settings.ts';
import { keyAlgorithmOption, outputOption } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { addFolderOptions, addNodeOptions, kubeletDirOption } from './node-options.ts';

interface CsrOptions extends NodeOptions {
  config?: string;
  advertiseAddress?: string;
  out?: string;
  keyAlgorithm?: DesiredCsr['keyKind'];
  reuseKey?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

export function addCsrCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('csr [names...]')
    .description(
      'make keys and CSRs for the next certificates of this node; kubeadm’s names, or all',
    );
  addFolderOptions(addNodeOptions(command))
    .addOption(kubeletDirOption())
    .option('--config <file>', 'from a kubeadm configuration, for a node that has none yet')
    .option('--advertise-address <address>', 'with --config: address of this node')
    .option('--out <dir>', 'where they go (default: cakeless/csr beside the pki folder)')
    .addOption(keyAlgorithmOption())
    .option('--reuse-key', 'ask with the key in place')
    .option('--dry-run', 'show what would be asked, beside what stands now; write nothing')
    .addOption(outputOption())
    .action(async (names: string[], options: CsrOptions) => {
      exit(await makeCsrs(terminal, names, options));
    });
}

async function makeCsrs(
  terminal: Terminal,
  names: string[],
  options: CsrOptions,
): Promise<ExitCode> {
  const { folders, stateDir } = resolveSettings(options);
  const out = resolve(options.out ?? join(stateDir, 'csr'));
  const wanted = names.length === 0 ? ['all'] : names;
  const { desired, leftOut } = options.config
    ? { desired: fromConfig(wanted, options.config, options), leftOut: [] }
    : fromDisk(wanted, folders, options);
  if (!options.dryRun) for (const csr of desired) await stage(out, csr);
  for (const line of describeLeftOut(leftOut)) terminal.progress(`left out: ${line}`);
  const results = desired.map((csr) => ({ ...facts(csr), file: join(out, stagedPath(csr.name)) }));
  printResult(terminal, options.output, { folder: out, csrs: results, leftOut }, () => [
    ...formatTable(
      ['CERTIFICATE', 'SUBJECT', 'NAMES', 'KEY'],
      results.map((r) => [r.name, r.subject, r.names.join(', '), r.key]),
    ),
    ...results.flatMap(({ name, changes }) => changes.map((change) => `${name}: ${change}`)),
    options.dryRun
      ? '(dry run: nothing was written)'
      : desired.length === 0
        ? 'nothing was written'
        : `next: cakeless submit ${out}`,
  ]);
  return leftOut.some(({ isError }) => isError) ? EXIT.usage : EXIT.done;
}

function fromDisk(
  names: readonly string[],
  folders: Parameters<typeof selectCertificates>[0],
  options: CsrOptions,
): { desired: DesiredCsr[]; leftOut: readonly LeftOut[] } {
  // a name that kubeadm lacks is wrong on every machine
  const { present, leftOut } = selectCertificates(folders, { names, now: new Date() });
  requireNode(folders);
  return { desired: present.map((place) => desiredFromDisk(place, options)), leftOut };
}

function fromConfig(names: readonly string[], file: string, options: CsrOptions): DesiredCsr[] {
  const { node, advertiseAddress, keyAlgorithm } = options;
  const text = readFileSync(file, 'utf8');
  return desiredFromConfig(names, { text, file, node, advertiseAddress, keyAlgorithm });
}

/** In words, with what would change against the certificate in place. */
function facts({ name, contents, keyKind, reuseKey, now }: DesiredCsr) {
  const [subject, names] = [describeSubject(contents), contents.names.map(formatName)];
  const key = reuseKey === undefined ? keyKind : `${keyKind} (the one in place)`;
  if (!now) return { name, subject, names, key, changes: [] };
  const before = contentsOf(now.leaf).contents;
  const pairs = [
    ['subject', describeSubject(before), subject],
    ['names', describeNames(before.names), names.join(', ')],
  ] as const;
  const changes = pairs
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${what} was ${was}, would be ${is}`);
  return { name, subject, names, key, notAfter: new Date(now.leaf.validTo).toISOString(), changes };
}
