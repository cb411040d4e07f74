/** What every gate is asked, and what it finds. */
import { hash } from 'node:crypto';
import { quote } from '../printable.ts';
import type { ClusterEvidence, Evidence, NodeEvidence } from './evidence/evidence.ts';
import type { GateResult, GateRules, Missing, Transition } from './gate-result.ts';

export interface Question {
  readonly transition: Transition;
  readonly rules: GateRules;
  readonly now: Date;
  /** Of the last change of the trust domain: a report has to have seen it. Absent before the first change. */
  readonly sequence: number | undefined;
  /** SHA-256 of the certificate of the old CA, and of those that were renewed with its key. */
  readonly oldSha256: ReadonlySet<string>;
  /** SHA-256 of the certificate of the new CA; empty before the start. */
  readonly newSha256: string;
  /** Whether leaves of the new CA carry the cross certificate, so that clients that know only the old CA accept them. */
  readonly hasCross: boolean;
}

export type Findings = Pick<GateResult, 'missing' | 'notes' | 'progress'>;

/** Why the evidence of a subject is missing, and what a person does about it. */
export type Reason = Omit<Missing, 'subject'>;

/**
 * The name in a waiver of something that others have named, for example in the Kubernetes API. Two of them never have the
 * same name, so that a waiver of one does not cover the other.
 */
export function waivable(name: string): string {
  const shown = quote(name);
  return shown === name ? name : `${shown}#${hash('sha256', name, 'hex').slice(0, 16)}`;
}

export const nodeSubject = (cluster: string, node: string) => `${cluster}/node/${waivable(node)}`;
export const reportSubject = (cluster: string) => `${cluster}/report/cluster`;

export const about = (subject: string, reasons: readonly Reason[]): Missing[] =>
  reasons.map((reason) => ({ subject, ...reason }));

/** What a judge says about one node, or a part of one cluster. */
export interface Said {
  readonly missing: readonly Missing[];
  readonly notes: readonly string[];
  /** A node that no longer exists is not counted. */
  readonly isGone?: true;
}

export type JudgeNode = (node: NodeEvidence, cluster: ClusterEvidence, question: Question) => Said;
export type JudgeCluster = (cluster: ClusterEvidence, question: Question) => Said;

/**
 * Judges every node and every cluster, and counts the nodes of which nothing is missing. The biggest obstacles come
 * first, since a long list is shortened: unknown clusters, control planes, clusters, workers; each by the name of the cluster.
 */
export function judgeAll(
  evidence: Evidence,
  question: Question,
  judgeNode: JudgeNode,
  judgeCluster: JudgeCluster = () => ({ missing: [], notes: [] }),
): Findings {
  const ofClusters = emptyList();
  const ofNodes = { 'control-plane': emptyList(), worker: emptyList() };
  const counts = { 'control-plane': { done: 0, of: 0 }, worker: { done: 0, of: 0 } };
  let done = 0;
  for (const cluster of evidence.clusters) {
    const said = judgeCluster(cluster, question);
    let isDone = said.missing.length === 0;
    for (const node of cluster.nodes) {
      const ofNode = judgeNode(node, cluster, question);
      const count = counts[node.role];
      if (!ofNode.isGone) count.of += 1;
      if (!ofNode.isGone && ofNode.missing.length === 0) count.done += 1;
      add(ofNodes[node.role], ofNode);
      isDone &&= ofNode.missing.length === 0;
    }
    add(ofClusters, said);
    if (isDone) done += 1;
  }
  const { 'control-plane': ofControlPlanes, worker: ofWorkers } = ofNodes;
  return {
    missing: [
      ...unknownClusters(evidence),
      ...ofControlPlanes.missing,
      ...ofClusters.missing,
      ...ofWorkers.missing,
    ],
    notes: [
      ...(evidence.clusters.length === 0
        ? [`no cluster record names trust domain ${evidence.trustDomain}`]
        : []),
      ...ofControlPlanes.notes,
      ...ofWorkers.notes,
      ...ofClusters.notes,
    ],
    progress: [
      { what: 'control-plane nodes', ...counts['control-plane'] },
      { what: 'workers', ...counts.worker },
      { what: 'clusters', done, of: evidence.clusters.length },
    ].filter(({ of }) => of > 0),
  };
}

const emptyList = () => ({ missing: [] as Missing[], notes: [] as string[] });

function add(list: ReturnType<typeof emptyList>, { missing, notes }: Said): void {
  list.missing.push(...missing);
  list.notes.push(...notes);
}

const unknownClusters = ({ unknown }: Evidence): Missing[] =>
  unknown.map(({ cluster, problem }) => ({
    subject: `${cluster}/record/cluster`,
    why: `it is unknown whether the cluster is of this trust domain: ${problem}`,
    fix: 'apply the record of the cluster with cakeless cluster apply, or waive it if it no longer exists or is of another trust domain',
  }));
