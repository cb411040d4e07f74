/** `cakeless cluster node`: its commands and their options. */
import { type Command, Option } from 'commander';
import type { Buckets } from '../buckets.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { AddOptions, RemoveOptions } from '../commands/cluster-node.ts';
import { collect, documentOutputOption, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';

export function addClusterNodeCommands(
  cluster: Command,
  buckets: Buckets,
  terminal: Terminal,
  clock: Clock = systemClock,
): void {
  const group = cluster.command('node').description('add and remove nodes of a cluster record');
  group
    .command('add')
    .argument('<cluster>', 'the cluster', subdomain)
    .argument('<node>', 'its name in kubeadm')
    .argument('<addresses...>', 'its IP addresses; the first is the advertise address')
    .description('add a node to the record of a cluster, so that it may have certificates')
    .addOption(
      new Option('--role <role>', 'which certificates it may have')
        .choices(['control-plane', 'worker'])
        .makeOptionMandatory(),
    )
    .option(
      '--kubelet-cert-san <name>',
      "a name or address that its kubelet's serving certificate may have besides; may be given several times",
      collect,
    )
    .option(
      '--replace',
      'change the role, addresses and kubelet names of a node that the record has',
    )
    .option('--dry-run', 'print what would change, as a unified diff, and write nothing')
    .addOption(documentOutputOption())
    .action(async (name: string, node: string, addresses: string[], options: AddOptions) => {
      const { addNodeToRecord } = await import('../commands/cluster-node.ts');
      await addNodeToRecord(buckets, terminal, name, { name: node, addresses }, options);
    });
  group
    .command('remove')
    .argument('<cluster>', 'the cluster', subdomain)
    .argument('<nodes...>', 'names of nodes')
    .description('remove nodes from the record of a cluster, so that they get no more certificates')
    .option(
      '--accept-valid-certificates',
      'remove nodes whose certificates have not expired; nothing revokes those',
    )
    .option('--dry-run', 'print what would change, as a unified diff, and write nothing')
    .addOption(documentOutputOption())
    .action(async (name: string, nodes: string[], options: RemoveOptions) => {
      const { removeNodesFromRecord } = await import('../commands/cluster-node.ts');
      await removeNodesFromRecord({ buckets, terminal, clock }, name, nodes, options);
    });
}
