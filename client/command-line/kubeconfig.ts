/** `cakeless kubeconfig user`: its options. */
import { type Command, Option } from 'commander';
import type { KubeconfigUserOptions } from '../commands/kubeconfig.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import { collect, durationText, httpsUrl } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { USER_KEY_KINDS } from '../users/user-key-kinds.ts';
import { waitOption } from './node-options.ts';
import { clusterOption, requestOption, required } from './place-options.ts';

export function addKubeconfigCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  program
    .command('kubeconfig')
    .description('kubeconfigs for users')
    .command('user')
    .description(
      'print a kubeconfig for a user; the private key is created on this machine and never sent',
    )
    .addOption(required(clusterOption()))
    .requiredOption('--client-name <name>', 'the user: common name (CN) of the certificate')
    .requiredOption(
      '--server <url>',
      'address of the API server, such as https://api.example.com:6443',
      httpsUrl,
    )
    .option(
      '--org <name>',
      'a group: organization (O) of the certificate; may be given several times',
      collect,
    )
    .option(
      '--validity-period <duration>',
      "how long the certificate is valid, such as 8h (default: the longest that the cluster's rule allows)",
      durationText,
    )
    .option(
      '--ca-cert-hash <hash>',
      'trust only CA certificates with this public key, sha256:<hex> as kubeadm prints it; may be given several times',
      collect,
    )
    .option('--certificate-authority <file>', 'trust only the CA certificates in FILE')
    .addOption(
      new Option('--key-algorithm <kind>', 'algorithm of the new key')
        .choices([...USER_KEY_KINDS])
        .default('ECDSA-P256'),
    )
    .addOption(requestOption('resume this request, for example after it was approved'))
    .addOption(waitOption(OUTCOME_SECONDS))
    .option(
      '--state-dir <dir>',
      'where the key is kept until the certificate arrives (default: $XDG_STATE_HOME/cakeless/users)',
    )
    .option('--kubeconfig-out <file>', 'write the kubeconfig to FILE instead of standard output')
    .action(async (options: KubeconfigUserOptions) => {
      const { userKubeconfig } = await import('../commands/kubeconfig.ts');
      exit(await userKubeconfig(connection, terminal, options));
    });
}
