/** Who is heard: whether what a node or a forwarder has written can be used, and which nodes are gone. */
import { quote } from '../printable.ts';
import type {
  ClusterEvidence,
  ClusterFacts,
  NodeEvidence,
  NodeFacts,
  NodeObject,
  Stated,
} from './evidence/evidence.ts';
import type { Question, Reason } from './gate-question.ts';

/** What is known about a node: from its own report, or from that of the forwarder of its cluster. */
export type HeardNode =
  | { readonly state: 'reports'; readonly facts: NodeFacts }
  /** A worker without AWS, which cannot write a report. */
  | { readonly state: 'seen'; readonly object: NodeObject }
  | { readonly state: 'gone'; readonly note: string }
  | { readonly state: 'silent'; readonly reasons: readonly [Reason, ...Reason[]] };

const ON_NODE =
  'run cakeless renew all on the node, or look at its timer; if the node is gone, remove it from the cluster record or waive it';

export function hearNode(
  { node, role, isNamed, report, lastIssuedAt }: NodeEvidence,
  cluster: ClusterEvidence,
  question: Question,
): HeardNode {
  const object = objectOf(node, cluster, question);
  const lastSign = [report?.writtenAt, lastIssuedAt].reduce<string>(
    (latest, at = '') => (at > latest ? at : latest),
    '',
  );
  if (!isNamed && object === 'missing' && isOlder(lastSign, question, 'goneAfterSeconds'))
    return {
      state: 'gone',
      note: `${cluster.cluster}: node ${quote(node)} counts as gone: the cluster has no Node object for it, its record has no entry, and it was last heard ${lastSign || 'never'}`,
    };
  if (!report && role === 'worker' && typeof object === 'object') return { state: 'seen', object };
  if (!report) return silent('it has written no report', ON_NODE);
  const { writtenAt, facts, problem = '' } = report;
  if (!facts) return silent(`its report cannot be used: ${quote(problem)}`, ON_NODE);
  if (isOlder(writtenAt, question, 'heardWithinSeconds'))
    return silent(`its last report is of ${writtenAt}`, ON_NODE);
  const seen = facts.rotation?.sequence;
  const late = whyLate(seen, question);
  if (late === undefined) return { state: 'reports', facts };
  return silent(late, (seen ?? 0) > (question.sequence ?? 0) ? AHEAD : ON_NODE);
}

/** docs/ca-rotation.md, "When nodes ignore a rotation". */
const AHEAD =
  'someone may have written the number into the exchange bucket: find out who, then remove the file that cakeless renew names on the node, and run it again';

const silent = (why: string, fix: string): HeardNode => ({
  state: 'silent',
  reasons: [{ why, fix }],
});

/** The Node object of a node; `unknown` if the forwarder says nothing that can be used. */
function objectOf(
  node: string,
  { report }: ClusterEvidence,
  question: Question,
): NodeObject | 'missing' | 'unknown' {
  if (whyUnusable(report, question) !== undefined || !report?.facts) return 'unknown';
  const { nodes, truncated } = report.facts;
  const found = nodes.find(({ name }) => name === node);
  return found ?? (truncated.includes('nodes') ? 'unknown' : 'missing');
}

export type HeardCluster = { readonly facts: ClusterFacts } | { readonly reason: Reason };

/** What the forwarder of a cluster says, or why that cannot be used. */
export function hearCluster({ report }: ClusterEvidence, question: Question): HeardCluster {
  const why = whyUnusable(report, question);
  if (why === undefined && report?.facts) return { facts: report.facts };
  return {
    reason: {
      why: why ?? 'no forwarder has written a report about the cluster',
      fix: 'look at the forwarder of the cluster: kubectl -n kube-system logs deployment/cakeless-csrsigning, or journalctl -u cakeless-csrsigning; a cluster without one is waived by this name, after a person has looked at its ConfigMaps, Secrets and webhooks',
    },
  };
}

function whyUnusable(
  report: Stated<ClusterFacts> | undefined,
  question: Question,
): string | undefined {
  if (!report) return 'no forwarder has written a report about the cluster';
  const { writtenAt, facts, problem = '' } = report;
  if (!facts) return `the report about the cluster cannot be used: ${quote(problem)}`;
  if (isOlder(writtenAt, question, 'heardWithinSeconds'))
    return `the last report about the cluster is of ${writtenAt}`;
  return whyLate(facts.sequence, question);
}

/** Why a report is not about the phase as it is now. Before the start, no report has to have seen anything. */
function whyLate(seen: number | undefined, { sequence, transition }: Question): string | undefined {
  if (transition.before === 'stable' || sequence === undefined || seen === sequence)
    return undefined;
  if (seen === undefined)
    return `its report says nothing about the rotation, whose last change is ${sequence}`;
  return seen < sequence
    ? `its report has not seen the last change of the rotation: ${seen}, not ${sequence}`
    : `its report claims to have seen change ${seen} of the rotation, whose last one is ${sequence}`;
}

function isOlder(
  at: string,
  { now, rules }: Question,
  rule: 'heardWithinSeconds' | 'goneAfterSeconds',
): boolean {
  // never heard is older than anything
  return !(now.getTime() - Date.parse(at) <= rules[rule] * 1000);
}
