/** docs/first-installation.md on a node: `cakeless prepare`, its approver, and the command that it says is next. */
import type { CakelessService } from '../kubernetes/cakeless-service.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { CLUSTER } from './plan.ts';

const PENDING = 4;

export interface PreparedNode {
  /** Of `cakeless prepare`, all the same each time. */
  readonly args: string[];
  /** The command line after `next: `. */
  readonly next: string;
  /** Commands that an approver had to run. */
  readonly approvals: readonly string[];
}

/** @param options beside --config and --cluster: hashes of the CAs, sa.key */
export async function prepare(
  service: CakelessService,
  node: KubeadmNode,
  configFile: string,
  options: readonly string[],
): Promise<PreparedNode> {
  const args = ['prepare', '--config', configFile, '--cluster', CLUSTER, ...options];
  const said = await node.cakeless(args, [0, PENDING]);
  const approvals = [...said.matchAll(/^an approver has to run: cakeless (.+)$/gm)].map(
    ([, command = '']) => command,
  );
  for (const command of approvals) await service.mustCakeless('approver', command.split(' '));
  const final = approvals.length === 0 ? said : await node.cakeless([...args, '--wait', '1m']);
  return { args, next: nextIn(final), approvals };
}

/** @throws Error if the second run says or leaves anything else than the first */
export async function prepareAgain(node: KubeadmNode, { args, next }: PreparedNode) {
  const before = node.files();
  const again = nextIn(await node.cakeless(args));
  if (again !== next) throw new Error(`it said: ${next}; now: ${again}`);
  const after = node.files();
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (path) => before[path] !== after[path],
  );
  if (changed.length > 0) throw new Error(`changed: ${changed.join(', ')}`);
  return Object.keys(after).length;
}

function nextIn(said: string): string {
  const [, next] = /^next: (.+)$/m.exec(said) ?? [];
  if (next === undefined) throw new Error(said);
  return next;
}
