/** `cakeless prepare`: everything that `kubeadm init` or `kubeadm join` needs on a new node whose CA keys are elsewhere. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { makeFolder } from '../../lib/files/durable-file.ts';
import type { NodeRole } from '../../lib/profiles/profiles.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type NodeConfig, readNodeConfig } from '../kubeadm/node-config.ts';
import { KUBEADM_FOLDERS, type NodeFolders } from '../node/disk/places.ts';
import { describeNames, describeResult, describeSubject } from '../node/prepare/describe.ts';
import { type PlannedCertificate, planCertificates } from '../node/prepare/plan.ts';
import { type Prepared, prepareNode } from '../node/prepare/prepare-node.ts';
import { CAKELESS_YAML, readCakelessYaml as readOwnConfig } from '../node/state/cakeless-yaml.ts';
import { withRunLock } from '../node/state/run-lock.ts';
import { kubeletDirFor } from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { Pins } from '../node/trust/pins.ts';
import { collect, durationSeconds, outputOption } from '../options.ts';
import { readGivenText } from '../read-text.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { kubeletDirOption, nodeConfigOption } from './node-options.ts';
import { clusterOption, nodeOption } from './place-options.ts';

export interface PrepareOptions {
  config: string;
  cluster?: string;
  nodeConfig?: string;
  node?: string;
  role?: NodeRole;
  join?: boolean;
  certDir?: string;
  kubeconfigDir: string;
  kubeletDir?: string;
  caCertHash?: string[];
  trustBundle?: string;
  trustOnFirstUse?: boolean;
  saKeyFrom?: string;
  /** Seconds. */
  wait?: number;
  dryRun?: boolean;
  output: OutputFormat;
}

export function addPrepareCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  program
    .command('prepare')
    .description('make everything on a new node that kubeadm init or join needs without CA keys')
    .requiredOption('--config <file>', 'kubeadm configuration of this node and its cluster')
    .addOption(clusterOption('the cluster; required if the file of --node-config does not say'))
    .addOption(nodeOption('this node, if the configuration does not say'))
    .addOption(nodeConfigOption())
    .addOption(
      new Option('--role <role>', 'what the node becomes').choices(['control-plane', 'worker']),
    )
    .option('--join', 'for kubeadm join, where the configuration leaves it open')
    .option('--no-join', 'for kubeadm init, where the configuration leaves it open')
    .option('--cert-dir <dir>', `certificates (default: ${KUBEADM_FOLDERS.certDir})`)
    .option('--kubeconfig-dir <dir>', 'kubeconfigs', KUBEADM_FOLDERS.kubeconfigDir)
    .addOption(kubeletDirOption())
    .option(
      '--ca-cert-hash <hash>',
      'sha256:HEX of the public key of ca; etcd-ca=sha256:HEX and so on for the others; may be given several times',
      collect,
    )
    .option('--trust-bundle <file>', 'certificates of the CAs, in one PEM file')
    .option('--trust-on-first-use', 'believe the bucket where nothing else vouches for a CA')
    .option('--sa-key-from <file>', 'sa.key of the first control plane, on one that joins')
    .option(
      '--wait <duration>',
      'how long to wait for outcomes, approvals too (default: 30s, not for approvals)',
      durationSeconds,
    )
    .option('--dry-run', 'show what would be made; write and send nothing')
    .addOption(outputOption())
    .action(async (options: PrepareOptions) => {
      exit(await prepare(connection, terminal, options, systemClock));
    });
}

export async function prepare(
  connection: Connection,
  terminal: Terminal,
  options: PrepareOptions,
  clock: Clock,
): Promise<ExitCode> {
  const config = readNodeConfig(readGivenText(options.config), options.config, options);
  const own = readOwnConfig(options.nodeConfig);
  const cluster = clusterOf(options.cluster ?? own.cluster);
  const pins = pinsOf(options, config);
  const folders: NodeFolders = {
    certDir: resolve(options.certDir ?? config.certDir ?? KUBEADM_FOLDERS.certDir),
    kubeconfigDir: resolve(options.kubeconfigDir),
  };
  if (options.dryRun) return showPlan(terminal, options.output, planCertificates(config, folders));
  await makeFolder(folders.certDir); // there is a lock in it
  const result = await withRunLock(folders, async () =>
    prepareNode({
      exchange: await connection.exchange(own),
      planned: planCertificates(config, folders),
      ...{ terminal, clock, config, folders, pins },
      kubeletDir: kubeletDirFor(folders.kubeconfigDir, options.kubeletDir),
      cluster,
      saKeyFrom: options.saKeyFrom,
      waitSeconds: options.wait,
    }),
  );
  printResult(terminal, options.output, result, () => describeResult(result));
  return exitCodeOf(result);
}

/** @throws CommandError if neither the command line nor the node's own file says it */
function clusterOf(cluster: string | undefined): string {
  if (cluster !== undefined) return cluster;
  throw new CommandError(
    'usage',
    "required option '--cluster <name>' not specified",
    `it may stand in ${CAKELESS_YAML} (cluster: …)`,
  );
}

function pinsOf(options: PrepareOptions, config: NodeConfig): Pins {
  return {
    hashes: caHashesOf([...(options.caCertHash ?? []), ...config.caCertHashes]),
    trustBundle: options.trustBundle === undefined ? undefined : readGivenText(options.trustBundle),
    onFirstUse: options.trustOnFirstUse === true,
  };
}

function showPlan(
  terminal: Terminal,
  format: OutputFormat,
  planned: readonly PlannedCertificate[],
): ExitCode {
  const certificates = planned.map(({ name, contents, keyKind, isThere, privateKey, csr }) => ({
    name,
    subject: describeSubject(contents),
    names: describeNames(contents),
    key: privateKey === undefined ? keyKind : 'is there',
    csr: csr === undefined ? 'would be made' : 'is there',
    state: isThere ? 'is there' : 'would be asked for',
  }));
  printResult(terminal, format, { certificates }, () => [
    ...formatTable(
      ['CERTIFICATE', 'STATE', 'SUBJECT', 'KEY', 'NAMES'],
      certificates.map((c) => [c.name, c.state, c.subject, c.key, c.names]),
    ),
    '(dry run: nothing was written or sent)',
  ]);
  return EXIT.done;
}

/** The worst of what came, as of `fetch`; what kubeadm would trip over counts as a failed check. */
export function exitCodeOf({ certificates, trustProblems, hindrances }: Prepared): ExitCode {
  const has = (...states: string[]) => certificates.some(({ state }) => states.includes(state));
  if (has('check-failed') || trustProblems.length > 0) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (has('pending', 'unanswered')) return EXIT.pending;
  return hindrances.length > 0 ? EXIT.checkFailed : EXIT.done;
}
