/** `cakeless kubeconfig user`: a kubeconfig for a person or program, as `kubeadm kubeconfig user` prints it. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { requestKey } from '../../lib/contract/request-key.ts';
import { USER_PATH, USERS, VALIDITY_METADATA } from '../../lib/contract/request-kinds.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { LIMITS } from '../../lib/limits.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Exchange, upload } from '../node/exchange/exchange.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { fetchCertificates } from '../node/fetch/fetch.ts';
import { findTrusted } from '../node/trust/trusted-ca.ts';
import { collect, durationSeconds, durationText, httpsUrl } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { prepareKey, USER_KEY_KINDS, type UserKeyKind } from '../users/user-key.ts';
import { writeKubeconfig } from '../users/write-kubeconfig.ts';
import { describe, exitCodeOf } from './fetch.ts';
import { clusterOption, requestOption, required } from './place-options.ts';

export interface UserOptions {
  cluster: string;
  clientName: string;
  org?: string[];
  validityPeriod?: string;
  server: string;
  caCertHash?: string[];
  certificateAuthority?: string;
  keyAlgorithm: UserKeyKind;
  request?: string;
  wait?: number;
  stateDir?: string;
  kubeconfigOut?: string;
}

export function addKubeconfigCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  program
    .command('kubeconfig')
    .description('kubeconfigs for people')
    .command('user')
    .description(
      'print a kubeconfig for a user; the key is made here and never sent, the certificate comes from the service',
    )
    .addOption(required(clusterOption()))
    .requiredOption('--client-name <name>', 'the user, CN of the certificate')
    .requiredOption(
      '--server <url>',
      'the API server, such as https://api.example.com:6443',
      httpsUrl,
    )
    .option('--org <name>', 'a group, O of the certificate; may be given several times', collect)
    .option(
      '--validity-period <duration>',
      "how long it is good, such as 8h (default: the longest that the cluster's rule allows)",
      durationText,
    )
    .option(
      '--ca-cert-hash <hash>',
      'trust only CA certificates with this public key, sha256:<hex> as kubeadm prints it; may be given several times',
      collect,
    )
    .option('--certificate-authority <file>', 'trust only the CA certificates in FILE')
    .addOption(
      new Option('--key-algorithm <kind>', 'kind of the new key')
        .choices([...USER_KEY_KINDS])
        .default('ECDSA-P256'),
    )
    .addOption(requestOption('go on with this request, which waited for an approver'))
    .option(
      '--wait <duration>',
      'how long to wait, for an approver too (default: 30s, not for approvers)',
      durationSeconds,
    )
    .option(
      '--state-dir <dir>',
      'keeps the key until the certificate is there (default: $XDG_STATE_HOME/cakeless/users)',
    )
    .option('--kubeconfig-out <file>', 'write the kubeconfig here, in place of standard output')
    .action(async (options: UserOptions) =>
      exit(await makeUserKubeconfig(connection, terminal, options, systemClock)),
    );
}

export async function makeUserKubeconfig(
  connection: { exchange(): Promise<Exchange> },
  terminal: Terminal,
  options: UserOptions,
  clock: Clock,
): Promise<ExitCode> {
  const { cluster, request = newRequestId(clock.now()) } = options;
  const folder = join(options.stateDir ?? defaultStateDir(), cluster, request);
  // The pins are read first: a wrong one is known before anything is asked for.
  const trusted = findTrusted(options);
  const { privateKey, csr } = await prepareKey(folder, options);
  const exchange = await connection.exchange();
  const key = requestKey({ cluster, node: USERS, requestId: request, path: USER_PATH });
  const { validityPeriod } = options;
  const metadata = validityPeriod === undefined ? {} : { [VALIDITY_METADATA]: validityPeriod };
  if (!(await upload(exchange, key, csr, metadata)))
    await checkPeriod(exchange, key, validityPeriod);
  terminal.progress(`request ${request} of ${options.clientName} in ${cluster}`);
  const place = { cluster, node: USERS, request, out: folder };
  const [result] = await fetchCertificates(
    { exchange: async () => exchange },
    terminal,
    { ...place, ...(options.wait !== undefined && { wait: options.wait }) },
    clock,
  );
  if (result?.outcome !== 'issued' || result.file === undefined) {
    for (const line of describe(result ? [result] : [])) terminal.progress(line);
    if (result?.outcome === 'rejected') await rm(folder, { recursive: true });
    else terminal.progress(`go on with: the same command and --request ${request}`);
    return exitCodeOf(result ? [result] : []);
  }
  const certificate = readFileSync(result.file, 'utf8');
  const authority = await trusted(exchange, request, certificate, terminal);
  const kubeconfig = writeKubeconfig({
    cluster,
    server: options.server,
    user: options.clientName,
    certificate,
    privateKey,
    certificateAuthority: authority,
  });
  if (options.kubeconfigOut === undefined) await printOrKeep(terminal, kubeconfig, request);
  else await writeDurably(options.kubeconfigOut, kubeconfig);
  await rm(folder, { recursive: true });
  return EXIT.done;
}

/** A request never changes: going on with another validity would hand out the first one. */
async function checkPeriod(exchange: Exchange, key: string, period: string | undefined) {
  const asked = (await exchange.get(key, LIMITS.maxObjectBytes))?.metadata[VALIDITY_METADATA];
  if (asked === period) return;
  throw new CommandError(
    'usage',
    `${key}: asks for ${asked ?? "the longest validity of the cluster's rule"}`,
    'give the same --validity-period, or leave out --request to ask anew',
  );
}

/** The key exists once: it is removed here only when it has arrived there. */
async function printOrKeep(terminal: Terminal, kubeconfig: string, request: string): Promise<void> {
  terminal.print(kubeconfig.trimEnd());
  const error = await terminal.lost?.();
  if (error === undefined) return;
  throw new CommandError(
    'failure',
    `the kubeconfig could not be written: ${error.message}; key and certificate are kept`,
    `go on with: the same command and --request ${request}`,
  );
}

/** Asked for late: a place without a home folder is none without `--state-dir` only. */
function defaultStateDir(): string {
  const state = process.env.XDG_STATE_HOME || join(homeFolder(), '.local', 'state');
  return join(state, 'cakeless', 'users');
}

/** @throws CommandError where there is neither HOME nor a line in /etc/passwd */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    throw new CommandError(
      'usage',
      'there is no home folder here to keep the key in until the certificate is there',
      'name a folder with --state-dir',
    );
  }
}
