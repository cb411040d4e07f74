/** `cakeless prepare`: everything that `kubeadm init` or `kubeadm join` needs on a new node without CA keys. */
import { type Command, Option } from 'commander';
import type { NodeRole } from '../../lib/profiles/profiles.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type KubeadmConfig, readKubeadmConfig } from '../kubeadm/kubeadm-config.ts';
import { OUTCOME_SECONDS } from '../node/exchange/poll-outcomes.ts';
import { planCertificates } from '../node/prepare/plan.ts';
import { type Prepared, prepareNode } from '../node/prepare/prepare-node.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { Pins } from '../node/trust/pins.ts';
import { collect, tableOutputOption } from '../options.ts';
import { readGivenText } from '../read-text.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describePlan, describePrepared, planRows } from './describe-prepared.ts';
import {
  addFolderOptions,
  addNodeOptions,
  CERT_DIR_WITH_CONFIG,
  kubeletDirOption,
  waitOption,
} from './node-options.ts';

export interface PrepareOptions extends Omit<NodeOptions, 'also'> {
  config: string;
  role?: NodeRole;
  join?: boolean;
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
      'sha256:HEX of the public key of ca; etcd-ca=sha256:HEX and front-proxy-ca=sha256:HEX for the others; may be given several times',
      collect,
    )
    .option('--trust-bundle <file>', 'certificates of the CAs, in one PEM file')
    .option('--trust-on-first-use', 'trust the CAs in the bucket if nothing else identifies them')
    .option(
      '--sa-key-from <file>',
      'sa.key of the first control plane, required on a joining control-plane node',
    )
    .addOption(waitOption(OUTCOME_SECONDS))
    .option('--dry-run', 'show what would be created; write and send nothing')
    .addOption(tableOutputOption())
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
  const { config, settings } = readConfigurations(options);
  for (const warning of config.warnings)
    terminal.progress(`warning: ${options.config}: ${warning}`);
  const { folders } = settings;
  const { cluster } = whoIsThis({ cluster: settings.cluster, node: config.nodeName });
  const pins = pinsOf(options, config);
  if (options.dryRun) {
    const certificates = planRows(planCertificates(config, folders));
    printResult(terminal, options.output, { certificates }, () => describePlan(certificates));
    return EXIT.done;
  }
  const result = await prepareNode(
    { terminal, clock, exchange: () => connection.exchange(settings.config) },
    {
      cluster,
      config,
      folders,
      pins,
      saKeyFrom: options.saKeyFrom,
      waitSeconds: options.wait,
    },
  );
  printResult(terminal, options.output, result, () => describePrepared(result));
  return exitCodeOf(result);
}

/** Each supplies a default of the other: cakeless.yaml the node's name, kubeadm's configuration certificatesDir. */
function readConfigurations(options: PrepareOptions) {
  const { config: file, node, role, join } = options;
  const defaultNode = resolveSettings(options).node;
  const config = readKubeadmConfig(readGivenText(file), file, { node, role, join, defaultNode });
  return { config, settings: resolveSettings(options, config) };
}

function pinsOf(options: PrepareOptions, config: KubeadmConfig): Pins {
  return {
    hashes: caHashesOf([...(options.caCertHash ?? []), ...config.caCertHashes]),
    trustBundle: options.trustBundle === undefined ? undefined : readGivenText(options.trustBundle),
    onFirstUse: options.trustOnFirstUse === true,
  };
}

/** The worst result, as for `fetch`; whatever kubeadm would fail on counts as a failed check. */
export function exitCodeOf({ certificates, trustProblems, preflightProblems }: Prepared): ExitCode {
  const has = (...states: string[]) => certificates.some(({ state }) => states.includes(state));
  if (has('check-failed') || trustProblems.length > 0) return EXIT.checkFailed;
  if (has('rejected')) return EXIT.rejected;
  if (has('pending', 'no-outcome')) return EXIT.pending;
  return preflightProblems.length > 0 ? EXIT.checkFailed : EXIT.done;
}
