/** `cakeless check-expiration`: kubeadm's list of certificates and their ends, and what it does not look at. */
import { type Command, Option } from 'commander';
import type { AlternativeName } from '../../lib/csr/alternative-names.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import type { CertificateName } from '../../lib/profiles/certificate-names.ts';
import { profileFor } from '../../lib/profiles/profile-for.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { readClusterSettings } from '../kubeadm/cluster-settings.ts';
import { type KubeadmConfig, readKubeadmConfig } from '../kubeadm/kubeadm-config.ts';
import { csrFromConfig } from '../node/csr/kubeadm-csr.ts';
import { KUBEADM_FOLDERS } from '../node/disk/places.ts';
import { takeInventory } from '../node/expiry/inventory.ts';
import { formatPrometheus } from '../node/expiry/prometheus.ts';
import { formatReport, problemsIn, type ReportFormat } from '../node/expiry/report.ts';
import { timeAhead } from '../options.ts';
import { readGivenText } from '../read-text.ts';
import type { Terminal } from '../terminal.ts';

interface CheckOptions {
  certDir?: string;
  kubeconfigDir: string;
  kubeletDir: string;
  config?: string;
  /** Seconds. */
  warnWithin: number;
  prometheus?: string;
  output: ReportFormat;
}

export function addCheckExpirationCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  program
    .command('check-expiration')
    .description(
      'list the certificates of this node, when they expire, and what is wrong with them',
    )
    .option('--cert-dir <dir>', `kubeadm's certificates (default: ${KUBEADM_FOLDERS.certDir})`)
    .option('--kubeconfig-dir <dir>', 'kubeconfigs', KUBEADM_FOLDERS.kubeconfigDir)
    .option('--kubelet-dir <dir>', "the kubelet's certificates", KUBEADM_FOLDERS.kubeletDir)
    .option('--config <file>', 'kubeadm configuration: says of an external etcd, folder and names')
    .addOption(
      new Option(
        '--warn-within <duration>',
        'exit with code 8 if something expires within it, such as 30d or 12h',
      )
        .argParser(timeAhead)
        .default(0, 'only what has expired'),
    )
    .option('--prometheus <file>', "write metrics for the node exporter's textfile collector")
    .addOption(
      new Option('-o, --output <format>', 'text for people, json and yaml as kubeadm has them')
        .choices(['text', 'json', 'yaml'])
        .default('text'),
    )
    .action(async (options: CheckOptions) => {
      exit(await checkExpiration(terminal, options, new Date()));
    });
}

export async function checkExpiration(
  terminal: Terminal,
  options: CheckOptions,
  now: Date,
): Promise<ExitCode> {
  const { config, prometheus, kubeconfigDir, kubeletDir } = options;
  if (prometheus !== undefined && !prometheus.endsWith('.prom'))
    throw new CommandError('usage', `${prometheus}: the node exporter reads files *.prom only`);
  const text = config === undefined ? undefined : readGivenText(config);
  const settings = config && text !== undefined ? readClusterSettings(text, config) : undefined;
  const inventory = takeInventory({
    certDir: options.certDir ?? settings?.certDir ?? KUBEADM_FOLDERS.certDir,
    kubeconfigDir,
    kubeletDir,
    externalEtcd: settings?.externalEtcd !== undefined,
    ...wantedOf(terminal, config, text),
    now,
  });
  const { wrong, expiring } = problemsIn(inventory, now, options.warnWithin * 1000);
  const lines = formatReport(options.output, inventory, [...wrong, ...expiring], now);
  for (const line of lines) terminal.print(line);
  if (prometheus !== undefined)
    await writeDurably(prometheus, formatPrometheus(inventory, wrong, now), 0o644);
  if (wrong.length > 0) return EXIT.checkFailed;
  return expiring.length > 0 ? EXIT.expiring : EXIT.done;
}

/** Names are compared with a whole configuration of this node; without one, with those that no node can do without. */
function wantedOf(terminal: Terminal, file: string | undefined, text: string | undefined) {
  const config = file && text !== undefined ? readWhole(terminal, file, text) : undefined;
  const namesOf = (name: CertificateName): readonly AlternativeName[] =>
    config && profileFor(name, config.version)
      ? csrFromConfig(name, config).contents.names
      : (ALWAYS[name] ?? []);
  return { namesOf, nodeName: config?.nodeName };
}

function readWhole(terminal: Terminal, file: string, text: string): KubeadmConfig | undefined {
  try {
    return readKubeadmConfig(text, file);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    terminal.progress(`names are not compared with the configuration: ${error.message}`);
    return undefined;
  }
}

const dns = (...values: string[]) => values.map((value) => ({ type: 'DNS' as const, value }));
const loopback = [...dns('localhost'), { type: 'IP' as const, value: '127.0.0.1' }];
const ALWAYS: Partial<Record<CertificateName, readonly AlternativeName[]>> = {
  apiserver: dns('kubernetes', 'kubernetes.default', 'kubernetes.default.svc'),
  'etcd-server': loopback,
  'etcd-peer': loopback,
};
