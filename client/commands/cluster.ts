/** `cakeless cluster`: what the platform team declares about a cluster. */
import type { Command } from 'commander';
import { clusterRecordKey } from '../../lib/cluster/read-record.ts';
import {
  type ClusterRecordDocument,
  clusterRecordSchema,
} from '../../lib/cluster/record-schema.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { applyRecord } from '../operator/apply-record.ts';
import { buildRecord, checkRecord, parseNodeOption } from '../operator/cluster-record.ts';
import { readDeclaredCluster } from '../operator/declared-cluster.ts';
import { collect, outputOption, subdomain } from '../options.ts';
import { readGivenText } from '../read-text.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';

interface ApplyOptions {
  kubeadmConfig?: string;
  filename?: string;
  trustDomain?: string;
  kubernetesVersion?: string;
  node?: string[];
  worker?: string[];
  dryRun?: true;
  output: OutputFormat;
}

export function addClusterCommands(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  const group = program.command('cluster').description('manage cluster records');
  group
    .command('apply')
    .argument('<name>', 'the cluster', subdomain)
    .description('write the record of a cluster, from a kubeadm configuration or a record file')
    .option('--kubeadm-config <file>', 'kubeadm configuration with a ClusterConfiguration')
    .option('-f, --filename <file>', 'a whole cluster record in JSON')
    .option('--trust-domain <name>', 'the trust domain whose CAs sign for the cluster', subdomain)
    .option('--kubernetes-version <version>', 'replaces the one of the kubeadm configuration')
    .option(
      '--node <name=address,...>',
      'a control-plane node; the first address is the advertise address; may be given several times',
      collect,
    )
    .option('--worker <name=address,...>', 'a worker node; may be given several times', collect)
    .option('--dry-run', 'print the record, write nothing')
    .addOption(outputOption())
    .action((name: string, options: ApplyOptions) => apply(connection, terminal, name, options));
  group
    .command('show')
    .argument('<name>', 'the cluster', subdomain)
    .description('show the record of a cluster')
    .addOption(outputOption())
    .action((name: string, { output }: { output: OutputFormat }) =>
      show(connection, terminal, name, output),
    );
}

async function apply(
  connection: Connection,
  terminal: Terminal,
  cluster: string,
  options: ApplyOptions,
): Promise<void> {
  const dryRun = options.dryRun === true;
  const { build, conflictHint } = sourceOf(cluster, options);
  const { change, text } = await applyRecord(await connection.authority(), {
    cluster,
    build,
    dryRun,
    warn: (line) => terminal.progress(line),
    conflictHint,
  });
  terminal.progress(`cluster ${cluster} ${change}${dryRun ? ' (dry run)' : ''}`);
  if (dryRun || options.output === 'json') terminal.print(text.trimEnd());
}

type Source = Pick<Parameters<typeof applyRecord>[1], 'build' | 'conflictHint'>;

function sourceOf(cluster: string, options: ApplyOptions): Source {
  const { filename, kubeadmConfig } = options;
  if (filename !== undefined && kubeadmConfig === undefined)
    return recordFile(cluster, filename, options);
  if (filename === undefined && kubeadmConfig !== undefined)
    return kubeadmFile(cluster, kubeadmConfig, options);
  throw new CommandError('usage', 'specify either --kubeadm-config FILE or -f RECORD.json');
}

function recordFile(cluster: string, file: string, options: ApplyOptions): Source {
  if (options.node || options.worker || options.trustDomain || options.kubernetesVersion)
    throw new CommandError('usage', 'with -f, specify everything in the record file');
  const document = parseJson(file);
  return {
    build: () => ({ document, record: checkRecord(document, `${file} is not a cluster record`) }),
    conflictHint: `run cakeless cluster show ${cluster} -o json, add the change to ${file}, and run the same command again`,
  };
}

const KUBEADM_HINT =
  'certificate names depend on these fields. kubernetesVersion is a full version; --kubernetes-version v1.37.2 replaces the one in the file';

function kubeadmFile(cluster: string, file: string, options: ApplyOptions): Source {
  const { trustDomain, kubernetesVersion } = options;
  if (trustDomain === undefined)
    throw new CommandError('usage', '--kubeadm-config also needs --trust-domain NAME');
  const config = readDeclaredCluster(readGivenText(file), file);
  const nodes = [
    ...(options.node ?? []).map((text) => parseNodeOption(text, 'control-plane')),
    ...(options.worker ?? []).map((text) => parseNodeOption(text, 'worker')),
  ];
  const build: Source['build'] = (before) => {
    const known = clusterRecordSchema.safeParse(before).data;
    const built = buildRecord(cluster, trustDomain, config, nodes, known);
    const document = kubernetesVersion === undefined ? built : { ...built, kubernetesVersion };
    const heading = `${file} does not result in a cluster record`;
    return { document, record: checkRecord(document, heading, KUBEADM_HINT) };
  };
  return {
    build,
    conflictHint: 'run the same command again; it starts from the changed record',
  };
}

async function show(
  connection: Connection,
  terminal: Terminal,
  name: string,
  output: OutputFormat,
): Promise<void> {
  const authority = await connection.authority();
  const record = await readDocument(authority, clusterRecordKey(name), clusterRecordSchema);
  if (!record)
    throw new CommandError(
      'usage',
      `there is no record of cluster ${name}`,
      `write it: cakeless cluster apply ${name} --kubeadm-config FILE --trust-domain NAME`,
    );
  printResult(terminal, output, record, () => describe(record));
}

function describe(record: ClusterRecordDocument): string[] {
  const { nodes, cluster, trustDomain, kubernetesVersion, controlPlaneEndpoint } = record;
  return [
    `cluster ${cluster}, trust domain ${trustDomain}, Kubernetes ${kubernetesVersion}, endpoint ${controlPlaneEndpoint ?? 'none'}`,
    ...formatTable(
      ['NODE', 'ROLE', 'ADDRESSES'],
      nodes.map((node) => [node.name, node.role, node.addresses.join(', ')]),
    ),
  ];
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readGivenText(file));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('usage', `${file}: ${error instanceof Error ? error.message : error}`);
  }
}
