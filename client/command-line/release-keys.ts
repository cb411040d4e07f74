/** `cakeless release-keys`: its options. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ReleaseKeysOptions } from '../commands/release-keys.ts';
import type { ExitCode } from '../exit-codes.ts';
import {
  durationSeconds,
  MAX_REASON_LENGTH,
  outputOption,
  restartTimeoutOption,
} from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addFolderOptions, addNodeOptions, kubeletDirOption } from './node-options.ts';

/** A CSR takes seconds; the forwarder may have to wait for its turn. */
const PROOF_SECONDS = 120;

export function addReleaseKeysCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('release-keys')
    .description(
      'on a control plane whose CAs are in KMS: make kube-controller-manager stop signing, then remove the CA keys',
    );
  addFolderOptions(addNodeOptions(command))
    .addOption(kubeletDirOption())
    .option(
      '--seal-to <file>',
      'first encrypt the keys to this certificate (PEM, RSA); openssl cms -decrypt opens them with its key',
    )
    .option(
      '--seal-out <file>',
      'with --seal-to: where the encrypted keys are written; not below /etc/kubernetes',
    )
    .option(
      '--without-forwarder <reason>',
      'do not require that a forwarder serves kubelets, because cakeless renew renews their certificates on every node; the reason is recorded',
      reasonText,
    )
    .addOption(
      new Option(
        '--wait <duration>',
        'how long to wait for the certificate that proves that a forwarder works',
      )
        .argParser(durationSeconds)
        .default(PROOF_SECONDS, `${PROOF_SECONDS}s`),
    )
    .option(
      '--undo [files...]',
      'restore the signing flags and the keys; if the keys were removed, name the files that contain them',
    )
    .addOption(restartTimeoutOption())
    .option(
      '--dry-run',
      'show what would be changed and removed, or why the command would refuse; change nothing',
    )
    .addOption(outputOption())
    .action(async (options: ReleaseKeysOptions) => {
      const { releaseKeysOfThisNode } = await import('../commands/release-keys.ts');
      exit(await releaseKeysOfThisNode(terminal, options));
    });
}

function reasonText(text: string): string {
  const reason = text.trim();
  if (reason === '' || reason.length > MAX_REASON_LENGTH)
    throw new InvalidArgumentError(`must be a text of 1 to ${MAX_REASON_LENGTH} characters`);
  return reason;
}
