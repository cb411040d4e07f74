/**
 * `cakeless check-expiration`: kubeadm's list of certificates and when they expire, and what kubeadm does not check.
 */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { expectationsOf } from '../node/expiry/expectations.ts';
import { findingsIn } from '../node/expiry/findings.ts';
import { takeInventory } from '../node/expiry/inventory.ts';
import { formatPrometheus } from '../node/expiry/prometheus.ts';
import { formatReport, type ReportFormat } from '../node/expiry/report.ts';
import { type NodeOptions, requireNode, resolveSettings } from '../node/state/settings.ts';
import { timeAhead } from '../options.ts';
import { printLines, type Terminal } from '../terminal.ts';
import {
  addFolderOptions,
  CERT_DIR_WITH_CONFIG,
  kubeletDirOption,
  nodeConfigOption,
} from './node-options.ts';

interface CheckOptions extends Omit<NodeOptions, 'cluster' | 'node' | 'also'> {
  config?: string;
  /** Seconds. */
  warnWithin: number;
  prometheus?: string;
  output: ReportFormat;
}

export function addCheckExpirationCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('check-expiration')
    .description(
      'list the certificates of this node, when they expire, and what is wrong with them',
    );
  addFolderOptions(command, CERT_DIR_WITH_CONFIG)
    .addOption(kubeletDirOption())
    .addOption(nodeConfigOption('name and folders of this node'))
    .option(
      '--config <file>',
      'kubeadm configuration, for certificatesDir, an external etcd and the expected names',
    )
    .addOption(
      new Option(
        '--warn-within <duration>',
        'exit with code 8 if a certificate expires within this time, such as 30d or 12h',
      )
        .argParser(timeAhead)
        .default(0, 'only what has expired'),
    )
    .option('--prometheus <file>', "write metrics for the node exporter's textfile collector")
    .addOption(
      new Option(
        '-o, --output <format>',
        "text and wide are for reading; json and yaml use kubeadm's format",
      )
        .choices(['text', 'wide', 'json', 'yaml'])
        .default('text'),
    )
    .action(async (options: CheckOptions) => {
      exit(await checkExpiration(terminal, options, new Date()));
    });
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
  const { folders, node } = resolveSettings(options, expected);
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
    nodeName: expected.nodeName ?? node,
    pairsOnly,
    now,
  });
  const { wrong, expiring } = findingsIn(inventory, now, options.warnWithin * 1000);
  const lines = formatReport(options.output, inventory, [...wrong, ...expiring], now);
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
  return expiring.length > 0 ? EXIT.expiring : EXIT.done;
}
