/** Before the end: nothing holds the old CA any more, and nothing that needs it is in place. */
import type { ClusterEvidence, Evidence, NodeEvidence, NodeObject } from './evidence/evidence.ts';
import { judgeClusterEnd } from './gate-cluster.ts';
import { holdsOld, reasonsOfLeft, reasonsOfOldFiles, reasonsOfStarts } from './gate-files.ts';
import { hearNode } from './gate-heard.ts';
import { notesOfReplaced, reasonsOfLines, reasonsOfPlaces } from './gate-leaves.ts';
import {
  about,
  type Findings,
  judgeAll,
  nodeSubject,
  type Question,
  type Reason,
  type Said,
} from './gate-question.ts';
import { judgeHeard, ON_WORKER, reasonsOfObject } from './gate-trusts-new.ts';

export const judgeEnd = (evidence: Evidence, question: Question): Findings =>
  judgeAll(evidence, question, judgeNode, (cluster, asked) => {
    const said = judgeClusterEnd(cluster, asked);
    return { ...said, notes: [...said.notes, ...notesOfReplaced(cluster, asked)] };
  });

function judgeNode(node: NodeEvidence, cluster: ClusterEvidence, question: Question): Said {
  const said = judgeHeard(node, cluster, question, {
    reports: (facts) => [
      ...reasonsOfOldFiles(facts, question),
      ...reasonsOfStarts(node, facts, question),
      ...reasonsOfLeft(facts),
    ],
    seen: (object) => [
      ...reasonsOfObject(object, question),
      ...reasonsOfOldObject(object, question),
    ],
  });
  const heard = hearNode(node, cluster, question);
  if (heard.state === 'gone') return said;
  const subject = nodeSubject(cluster.cluster, node.node);
  const places =
    heard.state === 'reports' ? reasonsOfPlaces(cluster, node, heard.facts, question) : [];
  const lines = about(subject, reasonsOfLines(node.lines, question));
  return { missing: [...said.missing, ...lines, ...places], notes: said.notes };
}

function reasonsOfOldObject(
  { caFile = [], kubeconfig = [] }: NodeObject,
  question: Question,
): Reason[] {
  const whys = [
    holdsOld(caFile, question) && 'its CA file still holds the old CA',
    holdsOld(kubeconfig, question) && 'its kubeconfig still holds the old CA',
  ].filter((why) => why !== false);
  return whys.map((why) => ({ why, fix: ON_WORKER }));
}
