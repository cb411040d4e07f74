/** docs/first-installation.md on a node: `cakeless prepare`, its approver, and the command that it says is next. */
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { CLUSTER } from './plan.ts';

const PENDING = 4;
/** Whatever it ends with is looked at later. */
const ANY = [...Array(256).keys()];

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

/** Has to be done at once: kubeadm changes what there is. @returns what throws if it said or left anything else */
export async function prepareAgain(
  node: KubeadmNode,
  { args, next }: PreparedNode,
): Promise<() => string> {
  const before = node.files();
  const said = await node.cakeless(args, ANY);
  const after = node.files();
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (path) => before[path] !== after[path],
  );
  return () => {
    if (nextIn(said) !== next) throw new Error(`${node.name}: it said: ${next}; then: ${said}`);
    if (changed.length > 0) throw new Error(`${node.name}: changed: ${changed.join(', ')}`);
    return `${node.name.split('.')[0]}: ${Object.keys(after).length} files`;
  };
}

function nextIn(said: string): string {
  const [, next] = /^next: (.+)$/m.exec(said) ?? [];
  if (next === undefined) throw new Error(said);
  return next;
}
