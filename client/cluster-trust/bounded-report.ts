/** An inspection as a report that readers take: no list, text or document is longer than the contract allows. */
import {
  CLUSTER_REPORT_LIMITS,
  type ClusterReport,
  MAX_CLUSTER_REPORT_BYTES,
} from '../../lib/contract/cluster-report.ts';
import { OTHER_NAMESPACES, ROOT_CA, rootCaObject } from './root-ca.ts';

const { items, text } = CLUSTER_REPORT_LIMITS;
/** As the contract has it. */
const MAX_TRUNCATED = 20;

type Holder = ClusterReport['holders'][number];

const LISTS = ['nodes', 'holders', 'withoutRootCa', 'oldPods', 'unavailable'] as const;

export function textOfClusterReport(report: ClusterReport): string {
  let most: number = items;
  for (;;) {
    const written = `${JSON.stringify(bounded(report, most))}\n`;
    if (Buffer.byteLength(written) <= MAX_CLUSTER_REPORT_BYTES || most === 0) return written;
    most = Math.floor(most / 2);
  }
}

function bounded(report: ClusterReport, most: number): ClusterReport {
  const holders = fewer(report.holders, most);
  const whole = { ...report, holders };
  const cut = LISTS.filter((name) => whole[name].length > most);
  return {
    ...whole,
    nodes: whole.nodes.slice(0, most).map((node) => ({ ...node, name: short(node.name) })),
    holders: holders.slice(0, most).map((one) => ({ ...one, object: short(one.object) })),
    withoutRootCa: whole.withoutRootCa.slice(0, most).map(short),
    oldPods: whole.oldPods.slice(0, most).map(({ namespace, pod, owner, ...rest }) => ({
      ...{ namespace: short(namespace), pod: short(pod), owner: short(owner) },
      ...rest,
    })),
    unavailable: whole.unavailable.slice(0, most).map(short),
    truncated: [...new Set([...cut, ...whole.truncated])].slice(0, MAX_TRUNCATED).map(short),
  };
}

const short = (one: string) => one.slice(0, text);

/**
 * Of very many namespaces, most have the same certificates: one entry stands for those, so that all that differ have
 * their own.
 */
function fewer(holders: readonly Holder[], most: number): readonly Holder[] {
  if (holders.length <= most) return holders;
  const groups = new Map<string, Holder[]>();
  for (const holder of holders) {
    if (!holder.object.endsWith(`/${ROOT_CA}`)) continue;
    const same = groups.get(holder.sha256.join()) ?? [];
    same.push(holder);
    groups.set(holder.sha256.join(), same);
  }
  const [largest = []] = [...groups.values()].sort((a, b) => b.length - a.length);
  const since = largest
    .map((one) => one.since ?? '')
    .sort()
    .at(-1);
  const [first] = largest;
  if (first === undefined) return holders;
  const all = { ...first, object: rootCaObject(OTHER_NAMESPACES), ...(since && { since }) };
  const others = new Set(largest);
  return [all, ...holders.filter((one) => !others.has(one))];
}
