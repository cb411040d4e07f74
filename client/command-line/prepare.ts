/** `cakeless prepare`: its options. */
import { type Command, Option } from 'commander';
import { systemClock } from '../clock.ts';
import type { PrepareOptions } from '../commands/prepare.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import { collect, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import {
  addFolderOptions,
  addNodeOptions,
  CERT_DIR_WITH_CONFIG,
  kubeletDirOption,
  waitOption,
} from './node-options.ts';

export function addPrepareCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('prepare')
    .description('create everything that kubeadm init or join needs on a new node without CA keys')
    .requiredOption('--config <file>', 'kubeadm configuration of this node and its cluster');
  addNodeOptions(command, { node: 'name of this node, if the configuration does not contain it' });
  addFolderOptions(command, CERT_DIR_WITH_CONFIG)
    .addOption(kubeletDirOption())
    .addOption(
      new Option('--role <role>', 'what the node becomes').choices(['control-plane', 'worker']),
    )
    .option('--join', 'for kubeadm join, if the configuration allows both')
    .option('--no-join', 'for kubeadm init, if the configuration allows both')
    .option(
      '--ca-cert-hash <hash>',
      'sha256:HEX of the public key of ca; etcd-ca=sha256:HEX, front-proxy-ca=sha256:HEX, kubelet-ca=sha256:HEX for the others, and root=sha256:HEX for a root above them; may be given several times',
      collect,
    )
    .option('--trust-bundle <file>', 'certificates of the CAs, in one PEM file')
    .option('--trust-on-first-use', 'trust the CAs in the bucket if nothing else identifies them')
    .option(
      '--sa-key-from <file>',
      'sa.key of the first control plane, required on a joining control-plane node',
    )
    .option(
      '--csrsigning',
      'also create cakeless-csrsigning.conf, with which cakeless csrsigning runs on this control plane',
    )
    .addOption(waitOption(OUTCOME_SECONDS))
    .option('--dry-run', 'show what would be created; write and send nothing')
    .addOption(tableOutputOption())
    .action(async (options: PrepareOptions) => {
      const { prepare } = await import('../commands/prepare.ts');
      exit(await prepare(connection, terminal, options, systemClock));
    });
}
