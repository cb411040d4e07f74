/** `cakeless renew` on a node, as that node. */
import type { RenewReport } from '../../../client/node/renewal/report.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { ControlPlane } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';

export interface Renewal {
  readonly exitCode: number;
  /** undefined if it failed. */
  readonly report: RenewReport | undefined;
  /** Its progress messages. */
  readonly stderr: string;
}

export async function tryRenew(
  service: CakelessService,
  { cluster }: ControlPlane,
  node: ClusterNode,
  args: readonly string[],
): Promise<Renewal> {
  const principal = `node:${cluster}/${node.name}`;
  const at = ['--cluster', cluster, '--node', node.name, '-o', 'json'];
  const ran = await service.cakelessOn(node.space, principal, 'renew', ...args, ...at);
  return { ...ran, report: ran.stdout === '' ? undefined : JSON.parse(ran.stdout) };
}

/** @throws Error with its output unless it exits with this code and a report */
export async function mustRenew(
  exitCode: number,
  ...[service, plane, node, args]: Parameters<typeof tryRenew>
): Promise<{ report: RenewReport; stderr: string }> {
  const { report, ...ran } = await tryRenew(service, plane, node, args);
  if (report && ran.exitCode === exitCode) return { report, ...ran };
  throw new Error(`renew ${args.join(' ')} exited with ${ran.exitCode}: ${ran.stderr}`);
}
