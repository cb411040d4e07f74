/** `cakeless kubeconfig user`: a kubeconfig for a person or program, as `kubeadm kubeconfig user` prints it. */
import { type Command, Option } from 'commander';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { OUTCOME_SECONDS } from '../node/exchange/poll-outcomes.ts';
import { collect, durationText, httpsUrl } from '../options.ts';
import { printLines, printText, type Terminal } from '../terminal.ts';
import {
  requestKubeconfig,
  type UserOptions,
  type UserRequest,
} from '../users/request-kubeconfig.ts';
import { USER_KEY_KINDS } from '../users/user-key.ts';
import { describe, exitCodeOf } from './fetch.ts';
import { waitOption } from './node-options.ts';
import { clusterOption, requestOption, required } from './place-options.ts';

interface KubeconfigUserOptions extends UserOptions {
  readonly kubeconfigOut?: string;
}

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
      const made = await requestKubeconfig(connection, terminal, options, systemClock);
      exit(
        made.kubeconfig === undefined
          ? await explainMissing(terminal, made)
          : await deliver(terminal, options.kubeconfigOut, made.kubeconfig, made),
      );
    });
}

/** Only a rejected request cannot be resumed. */
async function explainMissing(
  terminal: Terminal,
  { request, result, forget }: UserRequest,
): Promise<ExitCode> {
  const results = result ? [result] : [];
  printLines({ ...terminal, print: terminal.progress }, 'wide', describe(results));
  if (result?.outcome === 'rejected') await forget();
  else terminal.progress(resumeHint(request));
  return exitCodeOf(results);
}

/** The private key exists only here: it is deleted when it has been written to where the caller wants it. */
async function deliver(
  terminal: Terminal,
  file: string | undefined,
  kubeconfig: string,
  { request, forget }: UserRequest,
): Promise<ExitCode> {
  if (file === undefined) await print(terminal, kubeconfig, request);
  else await writeDurably(file, kubeconfig);
  await forget();
  return EXIT.done;
}

async function print(terminal: Terminal, kubeconfig: string, request: string): Promise<void> {
  printText(terminal.print, kubeconfig);
  const error = await terminal.lost?.();
  if (error === undefined) return;
  throw new CommandError(
    'failure',
    `the kubeconfig could not be written: ${error.message}; its key and certificate are kept`,
    resumeHint(request),
  );
}

const resumeHint = (request: string) => `to resume, run the same command with --request ${request}`;
