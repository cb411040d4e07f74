/** `cakeless check-expiration`: its options. */
import { type Command, Option } from 'commander';
import type { CheckOptions } from '../commands/check-expiration.ts';
import type { ExitCode } from '../exit-codes.ts';
import { timeAhead } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import {
  addFolderOptions,
  CERT_DIR_WITH_CONFIG,
  kubeletDirOption,
  nodeConfigOption,
  noReportOption,
} from './node-options.ts';
import { addPlaceOptions } from './place-options.ts';

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
  const words = { cluster: 'the cluster, for the report of this node' };
  addFolderOptions(addPlaceOptions(command, words), CERT_DIR_WITH_CONFIG)
    .addOption(kubeletDirOption())
    .addOption(nodeConfigOption())
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
    .addOption(noReportOption())
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
      const { checkExpiration } = await import('../commands/check-expiration.ts');
      const exitCode = await checkExpiration(terminal, options, new Date());
      if (options.report !== false) {
        const { reportNode } = await import('../commands/report-node.ts');
        await reportNode(terminal, options, () => new Date());
      }
      exit(exitCode);
    });
}
