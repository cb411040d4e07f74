/** `cakeless cluster`: its commands and their options. */
import type { Command } from 'commander';
import type { Buckets } from '../buckets.ts';
import type { DocumentFormat } from '../commands/change-record.ts';
import type { ApplyOptions } from '../commands/cluster.ts';
import { collect, documentOutputOption, subdomain, tableOutputOption } from '../options.ts';
import type { OutputFormat, Terminal } from '../terminal.ts';
import { addClusterNodeCommands } from './cluster-node.ts';

export function addClusterCommands(program: Command, buckets: Buckets, terminal: Terminal): void {
  const group = program.command('cluster').description('manage cluster records');
  group
    .command('apply')
    .argument(
      '[name]',
      'the cluster; with -f, it can be left out: records name their cluster',
      subdomain,
    )
    .description('write cluster records, from record files or a kubeadm configuration')
    .option(
      '--kubeadm-config <file>',
      'kubeadm configuration with a ClusterConfiguration, the ConfigMap kubeadm-config, or an object of Cluster API',
    )
    .option(
      '-f, --filename <path>',
      'a complete record in JSON or YAML, as cluster show -o json and -o yaml print it; without NAME, a file or folder with any number of records',
    )
    .option('-R, --recursive', 'with a folder, also read the folders below it')
    .option('--trust-domain <name>', 'the trust domain whose CAs sign for the cluster', subdomain)
    .option(
      '--kubernetes-version <version>',
      'overrides the Kubernetes version in the kubeadm configuration',
    )
    .option(
      '--node <name=address,...>',
      'a control-plane node; the first address is the advertise address; may be given several times',
      collect,
    )
    .option('--worker <name=address,...>', 'a worker node; may be given several times', collect)
    .option(
      '--during-rotation <trust-domain>',
      'move a cluster from or to this trust domain although one of its CAs is being rotated; may be given several times',
      collect,
    )
    .option('--dry-run', 'print what would change, as a unified diff, and write nothing')
    .addOption(documentOutputOption())
    .action(async (name: string | undefined, options: ApplyOptions) => {
      const { applyCluster, applyFiles } = await import('../commands/cluster.ts');
      if (name === undefined) await applyFiles(buckets, terminal, options);
      else await applyCluster(buckets, terminal, name, options);
    });
  group
    .command('show')
    .argument('<name>', 'the cluster', subdomain)
    .description('show the record of a cluster')
    .addOption(documentOutputOption('wide'))
    .action(async (name: string, { output }: { output: DocumentFormat | 'wide' }) => {
      const { showCluster } = await import('../commands/cluster.ts');
      await showCluster(buckets, terminal, name, output);
    });
  group
    .command('list')
    .description('list the clusters that have a record')
    .addOption(tableOutputOption())
    .action(async ({ output }: { output: OutputFormat }) => {
      const { printClusters } = await import('../commands/cluster.ts');
      await printClusters(buckets, terminal, output);
    });
  group
    .command('nodes')
    .argument('<cluster>', 'the cluster', subdomain)
    .description('show what the nodes of a cluster report about themselves')
    .addOption(tableOutputOption())
    .action(async (cluster: string, { output }: { output: OutputFormat }) => {
      const { printNodes } = await import('../commands/cluster-nodes.ts');
      await printNodes(buckets, terminal, cluster, output);
    });
  addClusterNodeCommands(group, buckets, terminal);
}
