import type { NodeRole } from '../../lib/profiles/profiles.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type KubeadmConfig, readKubeadmConfig } from '../kubeadm/kubeadm-config.ts';
import { planCertificates } from '../node/prepare/plan.ts';
import { type Prepared, prepareNode } from '../node/prepare/prepare-node.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import { caHashesOf } from '../node/trust/ca-cert-hash.ts';
import type { Pins } from '../node/trust/pins.ts';
import { readGivenText } from '../read-text.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describePlan, describePrepared, planRows } from './describe-prepared.ts';

export interface PrepareOptions extends Omit<NodeOptions, 'also'> {
  config: string;
  role?: NodeRole;
  join?: boolean;
  caCertHash?: string[];
  trustBundle?: string;
  trustOnFirstUse?: boolean;
  csrsigning?: boolean;
  saKeyFrom?: string;
  /** Seconds. */
  wait?: number;
  dryRun?: boolean;
  output: OutputFormat;
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
  const csrsigning = options.csrsigning === true;
  if (options.dryRun) {
    const certificates = planRows(planCertificates(config, folders, csrsigning));
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
      csrsigning,
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
