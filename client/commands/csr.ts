/** `cakeless csr`: keys and CSRs for the next certificates of this node, as `renew --csr-only` created them. */

import { join, resolve } from 'node:path';
import { isoDate } from '../../lib/certificate/iso-date.ts';
import { formatName } from '../../lib/csr/alternative-names.ts';
import { systemClock } from '../clock.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { readKubeadmConfig } from '../kubeadm/kubeadm-config.ts';
import { contentsOf } from '../node/csr/csr-contents.ts';
import type { DesiredCsr } from '../node/csr/desired.ts';
import { type MadeCsr, makeCsrs } from '../node/csr/make-csrs.ts';
import { describeSkipped } from '../node/disk/select-names.ts';
import { type NodeOptions, type NodeSettings, resolveSettings } from '../node/state/settings.ts';
import { readGivenText } from '../read-text.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeNames, describeSubject } from '../wording/csrs.ts';
import { shellCommand } from '../wording/shell.ts';

export interface CsrOptions extends NodeOptions {
  config?: string;
  advertiseAddress?: string;
  out?: string;
  keyAlgorithm?: DesiredCsr['keyKind'];
  reuseKey?: boolean;
  dryRun?: boolean;
  output: OutputFormat;
}

export async function runCsr(
  terminal: Terminal,
  names: string[],
  options: CsrOptions,
): Promise<ExitCode> {
  const settings = resolveSettings(options);
  const { folders, stateDir, node } = settings;
  const { config: file, advertiseAddress, keyAlgorithm, reuseKey } = options;
  const out = resolve(options.out ?? join(stateDir, 'csr'));
  const config =
    file === undefined
      ? undefined
      : readKubeadmConfig(readGivenText(file), file, {
          node: options.node,
          defaultNode: node,
          advertiseAddress,
        });
  for (const warning of config?.warnings ?? []) terminal.progress(`warning: ${file}: ${warning}`);
  const source = {
    names: names.length === 0 ? ['all'] : names,
    folders,
    config,
    node,
    now: systemClock.now(),
    keyAlgorithm,
    reuseKey,
  };
  const { csrs, skipped } = await makeCsrs(out, source, options.dryRun !== true);
  for (const line of describeSkipped(skipped)) terminal.progress(`skipped: ${line}`);
  const results = csrs.map((csr) => ({ ...describe(csr), file: csr.file }));
  printResult(terminal, options.output, { folder: out, csrs: results, skipped }, () => [
    {
      columns: [
        'CERTIFICATE',
        { title: 'SUBJECT', cut: 'end' },
        { title: 'NAMES', cut: 'end' },
        { title: 'KEY', drop: 1 },
      ],
      rows: results.map((r) => [r.name, r.subject, r.names.join(', '), r.key]),
    },
    ...results.flatMap(({ name, changes }) => changes.map((change) => `${name}: ${change}`)),
    whatNext(options.dryRun === true, csrs.length, [
      ...['submit', out],
      ...placeOptions({ ...settings, node: config?.nodeName ?? node }, options.nodeConfig),
    ]),
  ]);
  return skipped.some(({ isError }) => isError) ? EXIT.usage : EXIT.done;
}

function whatNext(isDryRun: boolean, count: number, next: readonly string[]): string {
  if (isDryRun) return '(dry run: nothing was written)';
  return count === 0 ? 'nothing was written' : `next: ${shellCommand('cakeless', ...next)}`;
}

/** What the node's configuration file does not say; NAME stands for what is not known here. */
function placeOptions(
  { cluster = 'NAME', node = 'NAME', config }: Pick<NodeSettings, 'cluster' | 'node' | 'config'>,
  nodeConfig: string | undefined,
): string[] {
  return [
    ...(cluster === config.cluster ? [] : ['--cluster', cluster]),
    ...(node === config.node ? [] : ['--node', node]),
    ...(nodeConfig === undefined ? [] : ['--node-config', nodeConfig]),
  ];
}

/** Includes what would change, compared with the current certificate. */
function describe({ name, contents, keyKind, reuseKey, inPlace }: MadeCsr) {
  const [subject, names] = [describeSubject(contents.subject), contents.names.map(formatName)];
  const key = reuseKey === undefined ? keyKind : `${keyKind} (the current one)`;
  if (!inPlace) return { name, subject, names, key, changes: [] };
  const before = contentsOf(inPlace.leaf).contents;
  const pairs = [
    ['subject', describeSubject(before.subject), subject],
    ['names', describeNames(before.names), names.join(', ')],
  ] as const;
  const changes = pairs
    .filter(([, was, is]) => was !== is)
    .map(([what, was, is]) => `${what} was ${was}, would be ${is}`);
  const notAfter = isoDate(inPlace.leaf.validTo);
  return { name, subject, names, key, notAfter, changes };
}
