/** `cakeless cluster node`: which nodes of a cluster may have certificates. */
import { type Command, Option } from 'commander';
import type { Buckets } from '../buckets.ts';
import { type Clock, systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import {
  addNode,
  describeValid,
  removeNodes,
  validCertificates,
} from '../operator/change-nodes.ts';
import type { NodeDocument } from '../operator/cluster-record.ts';
import { readExisting } from '../operator/existing-record.ts';
import { documentOutputOption, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { type ChangeOptions, changeRecord } from './change-record.ts';

interface AddOptions extends ChangeOptions {
  role: NodeDocument['role'];
  replace?: true;
}

interface RemoveOptions extends ChangeOptions {
  acceptValidCertificates?: true;
}

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
    .option('--replace', 'change the role and the addresses of a node that the record has')
    .option('--dry-run', 'print what would change, as a unified diff, and write nothing')
    .addOption(documentOutputOption())
    .action(async (name: string, node: string, addresses: string[], options: AddOptions) => {
      const source = addNode(
        name,
        { name: node, addresses, role: options.role },
        options.replace === true,
      );
      await changeRecord(await buckets.authority(), terminal, name, source, options);
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
    .action((name: string, nodes: string[], options: RemoveOptions) =>
      remove(buckets, terminal, clock, name, nodes, options),
    );
}

async function remove(
  buckets: Buckets,
  terminal: Terminal,
  clock: Clock,
  cluster: string,
  nodes: readonly string[],
  options: RemoveOptions,
): Promise<void> {
  const authority = await buckets.authority();
  const source = removeNodes(cluster, nodes);
  source.build(await readExisting(authority, cluster)); // a mistyped name is reported first
  const valid = describeValid(await validCertificates(authority, cluster, nodes, clock.now()));
  if (valid.length > 0 && !options.acceptValidCertificates && !options.dryRun)
    throw new CommandError(
      'usage',
      `cluster ${cluster}: certificates stay valid after the node is removed: ${valid.join('; ')}`,
      'remove the node from Kubernetes first (kubeadm reset, kubectl delete node), then run the same command with --accept-valid-certificates',
    );
  for (const line of valid) terminal.progress(`warning: ${line}; nothing revokes them`);
  await changeRecord(authority, terminal, cluster, source, options);
}
