/** docs/first-installation.md on a node: `cakeless prepare`, approvals, and the next command that it prints. */
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { KubeadmNode } from './kubeadm-node.ts';

const PENDING = 4;
/** The result is checked later. */
const ANY = [...Array(256).keys()];

export interface PreparedNode {
  /** The arguments of `cakeless prepare`, equal for each run. */
  readonly args: string[];
  /** The command line after `next: `. */
  readonly next: string;
  /** The requests that an approver had to approve. */
  readonly approvals: readonly string[];
}

/** @param options besides --config and --cluster: hashes of the CAs, sa.key */
export async function prepare(
  service: CakelessService,
  node: KubeadmNode,
  configFile: string,
  options: readonly string[],
): Promise<PreparedNode> {
  const args = ['prepare', '--config', configFile, '--cluster', node.cluster, ...options];
  const said = await node.cakeless(args, [0, PENDING]);
  const approvals = [...said.matchAll(/^ask an approver to run: cakeless approve (\S+)$/gm)].map(
    ([, request = '']) => request,
  );
  for (const request of approvals) await service.approve(request, 'first installation');
  const final = approvals.length === 0 ? said : await node.cakeless([...args, '--wait', '1m']);
  return { args, next: nextIn(final), approvals };
}

/**
 * Has to run right away, because kubeadm changes the files.
 * @returns a function that throws if the second run printed another command or changed a file
 */
export async function prepareAgain(
  node: KubeadmNode,
  { args, next }: PreparedNode,
): Promise<() => string> {
  const before = node.files();
  const output = await node.cakeless(args, ANY);
  const after = node.files();
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (path) => before[path] !== after[path],
  );
  return () => {
    if (nextIn(output) !== next) throw new Error(`${node.name}: first: ${next}; second: ${output}`);
    if (changed.length > 0) throw new Error(`${node.name}: changed: ${changed.join(', ')}`);
    return `${node.name.split('.')[0]}: ${Object.keys(after).length} files`;
  };
}

function nextIn(output: string): string {
  const [, next] = /^next: (.+)$/m.exec(output) ?? [];
  if (next === undefined) throw new Error(output);
  return next;
}
