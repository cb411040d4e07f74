/**
 * `cakeless check-expiration`: kubeadm's list of certificates and when they expire, and what kubeadm does not check.
 */
import { existsSync } from 'node:fs';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Gathered, recallEvidence } from '../node/evidence/recall-evidence.ts';
import { expectationsOf } from '../node/expiry/expectations.ts';
import { findingsIn } from '../node/expiry/findings.ts';
import { takeInventory } from '../node/expiry/inventory.ts';
import { formatPrometheus } from '../node/expiry/prometheus.ts';
import { formatReport, type ReportFormat } from '../node/expiry/report.ts';
import { type NodeOptions, requireNode, resolveSettings } from '../node/state/settings.ts';
import { printLines, type Terminal } from '../terminal.ts';
import { exitCodeOfWaiting } from './describe-rotation.ts';

export interface CheckOptions extends Omit<NodeOptions, 'also'> {
  config?: string;
  /** Seconds. */
  warnWithin: number;
  prometheus?: string;
  /** Whether the report of this node is written. @default true */
  report?: boolean;
  output: ReportFormat;
}

export async function checkExpiration(
  terminal: Terminal,
  options: CheckOptions,
  now: Date,
): Promise<ExitCode> {
  const { prometheus } = options;
  if (prometheus !== undefined && !prometheus.endsWith('.prom'))
    throw new CommandError('usage', `${prometheus}: the node exporter only reads *.prom files`);
  const expected = expectationsOf(terminal, options.config);
  const { folders, node, stateDir } = resolveSettings(options, expected);
  const pairsOnly =
    options.certDir !== undefined &&
    options.kubeconfigDir === undefined &&
    !existsSync(folders.kubeconfigDir);
  if (!pairsOnly) requireNode(folders);
  else if (!existsSync(folders.certDir))
    throw new CommandError('usage', `${folders.certDir} does not exist`);
  const inventory = takeInventory({
    ...folders,
    externalEtcd: expected.externalEtcd,
    namesOf: expected.namesOf,
    nodeName: options.node ?? expected.nodeName ?? node,
    pairsOnly,
    now,
  });
  const { wrong, expiring } = findingsIn(inventory, now, options.warnWithin * 1000);
  const recalled = recallEvidence({ folders, stateDir }, now);
  const rotation = recalled && { ...recalled.evidence, ...about(recalled) };
  const lines = formatReport(options.output, inventory, [...wrong, ...expiring], now, rotation);
  printLines(terminal, options.output === 'text' ? 'text' : 'wide', lines);
  for (const { file, warning } of inventory.warnings)
    terminal.progress(`warning: ${file}: ${warning}`);
  if (prometheus !== undefined)
    // its folder usually belongs to the user of node_exporter
    await writeDurably(
      prometheus,
      formatPrometheus(inventory, wrong, now),
      0o644,
      undefined,
      'any',
    );
  if (wrong.length > 0) return EXIT.checkFailed;
  return expiring.length > 0 ? EXIT.expiring : exitCodeOfWaiting(rotation);
}

const about = ({ left, waiting }: Gathered) => ({ left, waiting });
