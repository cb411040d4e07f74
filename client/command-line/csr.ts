/** `cakeless csr`: its options. */
import type { Command } from 'commander';
import type { CsrOptions } from '../commands/csr.ts';
import type { ExitCode } from '../exit-codes.ts';
import { keyAlgorithmOption, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import {
  addFolderOptions,
  addNodeOptions,
  kubeletDirOption,
  namesArgument,
} from './node-options.ts';

export function addCsrCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('csr')
    .addArgument(namesArgument('[names...]'))
    .description(
      "create keys and CSRs to renew this node's certificates; NAMES are kubeadm's certificate names, or all",
    );
  addFolderOptions(addNodeOptions(command))
    .addOption(kubeletDirOption())
    .option('--config <file>', 'kubeadm configuration, for a node without certificates')
    .option('--advertise-address <address>', 'with --config: address of this node')
    .option('--out <dir>', 'where to write them (default: cakeless/csr below --kubeconfig-dir)')
    .addOption(keyAlgorithmOption())
    .option('--reuse-key', 'reuse the current key')
    .option(
      '--dry-run',
      'show what would be requested and how it differs from the current certificates; write nothing',
    )
    .addOption(tableOutputOption())
    .action(async (names: string[], options: CsrOptions) => {
      const { runCsr } = await import('../commands/csr.ts');
      exit(await runCsr(terminal, names, options));
    });
}
