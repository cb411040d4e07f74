/** `cakeless csrsigning`: its options. */
import { type Command, Option } from 'commander';
import type { CsrSigningOptions } from '../commands/csrsigning.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { hostAndPort, outputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addFolderOptions, addNodeOptions } from './node-options.ts';

export function addCsrSigningCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('csrsigning')
    .description(
      'forward certificate signing requests of the Kubernetes API to the service, and write the certificates into them, until stopped',
    );
  addFolderOptions(
    addNodeOptions(command, {
      node: 'the control-plane node whose credentials are used (default: that of --node-config, if it is a control plane)',
    }),
  )
    .option(
      '--kubeconfig <file>',
      'how to reach the API server (default: cakeless-csrsigning.conf below --kubeconfig-dir)',
    )
    .addOption(
      new Option('--in-cluster', 'use the service account of the pod').conflicts('kubeconfig'),
    )
    .addOption(
      new Option('--health-address <address>', 'where /healthz, /readyz and /metrics are served')
        .argParser(hostAndPort)
        .default({ host: '127.0.0.1', port: 10_267 }, '127.0.0.1:10267'),
    )
    .option('--check', 'report what is missing on this node and in the cluster; forward nothing')
    .addOption(
      new Option('--rbac', 'print the permissions that it needs, for kubectl apply').conflicts([
        'check',
        'manifest',
      ]),
    )
    .addOption(
      new Option(
        '--manifest <image>',
        'print a DaemonSet for control planes that runs it from this image, for kubectl apply',
      ).conflicts('check'),
    )
    .addOption(outputOption())
    .action(async (options: CsrSigningOptions) => {
      const { csrSigning } = await import('../commands/csrsigning.ts');
      exit(await csrSigning(connection, terminal, options));
    });
}
