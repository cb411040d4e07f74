/** `cakeless cluster`: what the platform team declares of a cluster. */
import type { Command } from 'commander';
import {
  type ClusterRecordDocument,
  clusterRecordKey,
  clusterRecordSchema,
} from '../../lib/contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../../lib/contract/prefixes.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import { formatDocument, JSON_TYPE, readDocument, readJson } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { buildRecord, checkRecord, parseNodeOption } from '../operator/cluster-record.ts';
import { readKubeadmConfig } from '../operator/kubeadm-config.ts';
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
  const group = program.command('cluster').description('cluster records');
  group
    .command('apply')
    .argument('<name>', 'the cluster', subdomain)
    .description('write the record of a cluster, from a kubeadm configuration or a record file')
    .option('--kubeadm-config <file>', 'kubeadm configuration with a ClusterConfiguration')
    .option(
      '-f, --filename <file>',
      'a cluster record in JSON, as docs/cluster-record.md describes it',
    )
    .option('--trust-domain <name>', 'the trust domain whose CAs sign for the cluster', subdomain)
    .option('--kubernetes-version <version>', 'in place of the one in the kubeadm configuration')
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
    .description('the record of a cluster')
    .addOption(outputOption())
    .action((name: string, { output }: { output: OutputFormat }) =>
      show(connection, terminal, name, output),
    );
}

const KUBEADM_HINT =
  'names depend on these fields. kubernetesVersion is a whole release; --kubernetes-version v1.37.2 says it in place of the file';

async function apply(
  connection: Connection,
  terminal: Terminal,
  name: string,
  options: ApplyOptions,
): Promise<void> {
  const authority = await connection.authority();
  const key = clusterRecordKey(name);
  const before = await readJson(authority, key);
  const wanted = wantedRecord(name, options, before);
  const { filename, kubeadmConfig } = options;
  const record =
    filename === undefined
      ? checkRecord(wanted, `${kubeadmConfig} makes no cluster record`, KUBEADM_HINT)
      : checkRecord(wanted, `${filename} is not a cluster record`);
  if (record.cluster !== name)
    throw new CommandError('usage', `the record is for cluster ${record.cluster}, not ${name}`);
  const { trustDomain } = record;
  if (!(await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema)))
    throw new CommandError(
      'usage',
      `there is no trust domain ${trustDomain}`,
      `create it first: cakeless trust-domain create ${trustDomain}`,
    );
  if (trustDomainOf(before) !== trustDomain)
    await warnOfTrustDomain(authority, terminal, name, trustDomain, trustDomainOf(before));
  const text = formatDocument(wanted);
  const unchanged = before !== undefined && formatDocument(before) === text;
  const verb = unchanged ? 'unchanged' : before === undefined ? 'created' : 'configured';
  if (!unchanged && !options.dryRun) await authority.put(key, text, JSON_TYPE);
  terminal.progress(`cluster ${name} ${verb}${options.dryRun ? ' (dry run)' : ''}`);
  if (options.dryRun || options.output === 'json') terminal.print(text.trimEnd());
}

function trustDomainOf(record: unknown): string | undefined {
  return clusterRecordSchema.safeParse(record).data?.trustDomain;
}

/** The choice of a trust domain is a choice of whom to believe: said where it is made. */
async function warnOfTrustDomain(
  authority: ObjectStore,
  terminal: Terminal,
  cluster: string,
  trustDomain: string,
  before: string | undefined,
): Promise<void> {
  if (before !== undefined)
    terminal.progress(
      `warning: cluster ${cluster} moves from trust domain ${before} to ${trustDomain}: its next certificates come from other CAs, which nothing in the cluster trusts yet`,
    );
  const others: string[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.clusters)) {
    const other = await readDocument(authority, key, clusterRecordSchema);
    if (other?.trustDomain === trustDomain && other.cluster !== cluster) others.push(other.cluster);
  }
  if (others.length > 0)
    terminal.progress(
      `warning: trust domain ${trustDomain} is shared with ${others.slice(0, 5).join(', ')}${others.length > 5 ? ` and ${others.length - 5} more` : ''}: a client certificate of one cluster is good in all of them`,
    );
}

function wantedRecord(name: string, options: ApplyOptions, before: unknown): unknown {
  const { filename, kubeadmConfig } = options;
  if ((filename === undefined) === (kubeadmConfig === undefined))
    throw new CommandError('usage', 'give either --kubeadm-config FILE or -f RECORD.json');
  if (filename !== undefined) {
    if (options.node || options.worker || options.trustDomain || options.kubernetesVersion)
      throw new CommandError('usage', 'with -f, everything stands in the record file');
    return parseJson(filename);
  }
  if (kubeadmConfig === undefined || options.trustDomain === undefined)
    throw new CommandError('usage', '--kubeadm-config needs --trust-domain NAME too');
  const config = readKubeadmConfig(readGivenText(kubeadmConfig), kubeadmConfig);
  const nodes = [
    ...(options.node ?? []).map((text) => parseNodeOption(text, 'control-plane')),
    ...(options.worker ?? []).map((text) => parseNodeOption(text, 'worker')),
  ];
  const known = clusterRecordSchema.safeParse(before);
  const record = buildRecord(name, options.trustDomain, config, nodes, known.data);
  const { kubernetesVersion } = options;
  return kubernetesVersion === undefined ? record : { ...record, kubernetesVersion };
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
