/** `cakeless renew`: its options. */
import type { Command } from 'commander';
import type { RenewCommandOptions } from '../commands/renew.ts';
import type { ExitCode } from '../exit-codes.ts';
import { RENEWAL_OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import {
  collect,
  keyAlgorithmOption,
  restartTimeoutOption,
  tableOutputOption,
  timeAhead,
} from '../options.ts';
import type { Terminal } from '../terminal.ts';
import {
  addAlsoOption,
  addFolderOptions,
  addNodeOptions,
  expiresWithinOption,
  kubeletDirOption,
  namesArgument,
  noReportOption,
  waitOption,
} from './node-options.ts';
import { newRequestOption } from './place-options.ts';

export function addRenewCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('renew')
    .addArgument(namesArgument('[names...]'))
    .description(
      "renew certificates of this node and restart the components that use them; NAMES are kubeadm's, or all",
    );
  addAlsoOption(addFolderOptions(addNodeOptions(command)))
    .addOption(kubeletDirOption())
    .addOption(newRequestOption())
    .option('--new-request', 'discard unfinished requests of earlier runs, and create new ones')
    .option('--csr-dir <dir>', 'use keys and CSRs that kubeadm wrote to this folder')
    .option(
      '--config <file>',
      'request the subject and names of this kubeadm configuration, instead of those of the current certificates',
    )
    .option('--advertise-address <address>', 'with --config: address of this node')
    .addOption(
      expiresWithinOption(
        'only certificates that expire within this time, such as 60d, or in this last fraction of their lifetime, such as 1/3',
      ),
    )
    .option(
      '--splay <duration>',
      'first wait a random time of at most this long, such as 12h',
      timeAhead,
    )
    .addOption(waitOption(RENEWAL_OUTCOME_SECONDS))
    .option('--no-restart', 'install the files, but do not restart anything')
    .addOption(restartTimeoutOption())
    .option('--accept-ca-change', 'install the CA certificates that the service publishes')
    .option(
      '--ca-cert-hash <hash>',
      'sha256:HEX of the new public key of ca, or etcd-ca=sha256:HEX, front-proxy-ca=sha256:HEX, kubelet-ca=sha256:HEX, root=sha256:HEX; required for each CA certificate, and each root above one, that --accept-ca-change adds; may be given several times',
      collect,
    )
    .option(
      '--trust-domain <name>',
      'with --accept-ca-change: the trust domain of this node, if no certificate from the service names it yet',
    )
    .option(
      '--trust-from-cluster',
      'on a worker without AWS credentials: instead of certificates, take over the CA certificates that the cluster publishes',
    )
    .addOption(noReportOption())
    .addOption(keyAlgorithmOption())
    .option('--reuse-key', 'reuse the current keys')
    .option('--dry-run', 'show what would be requested, changed and restarted; change nothing')
    .addOption(tableOutputOption())
    .action(async (names: string[], options: RenewCommandOptions) => {
      if (options.trustFromCluster) {
        const { renewTrust } = await import('../commands/trust-from-cluster.ts');
        return exit(await renewTrust(terminal, names, options));
      }
      const { renewThisNode } = await import('../commands/renew.ts');
      exit(await renewThisNode(terminal, names, options));
    });
}
