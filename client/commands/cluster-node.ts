import type { Buckets } from '../buckets.ts';
import type { Clock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import {
  addNode,
  describeValid,
  removeNodes,
  validCertificates,
} from '../operator/change-nodes.ts';
import type { NodeDocument } from '../operator/cluster-record.ts';
import { readExisting } from '../operator/existing-record.ts';
import type { Terminal } from '../terminal.ts';
import { type ChangeOptions, changeRecord } from './change-record.ts';

export interface AddOptions extends ChangeOptions {
  role: NodeDocument['role'];
  kubeletCertSan?: string[];
  replace?: true;
}

export interface RemoveOptions extends ChangeOptions {
  acceptValidCertificates?: true;
}

export async function addNodeToRecord(
  buckets: Buckets,
  terminal: Terminal,
  cluster: string,
  { name, addresses }: { readonly name: string; readonly addresses: readonly string[] },
  options: AddOptions,
): Promise<void> {
  const { role, replace, kubeletCertSan } = options;
  const node = {
    name,
    addresses: [...addresses],
    role,
    ...(kubeletCertSan && { kubelet: { certSANs: kubeletCertSan } }),
  };
  const source = addNode(cluster, node, replace === true);
  await changeRecord(await buckets.authority(), terminal, cluster, source, options);
}

interface RemoveDeps {
  readonly buckets: Buckets;
  readonly terminal: Terminal;
  readonly clock: Pick<Clock, 'now'>;
}

export async function removeNodesFromRecord(
  { buckets, terminal, clock }: RemoveDeps,
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
