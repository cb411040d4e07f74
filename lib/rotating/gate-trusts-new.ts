/** Whether a node trusts the new CA. */
import type { ClusterEvidence, NodeEvidence, NodeFacts, NodeObject } from './evidence/evidence.ts';
import {
  reasonsOfBothFiles,
  reasonsOfLeft,
  reasonsOfProofs,
  reasonsOfRefusals,
  reasonsOfStarts,
} from './gate-files.ts';
import { type HeardNode, hearNode } from './gate-heard.ts';
import { about, nodeSubject, type Question, type Reason, type Said } from './gate-question.ts';

export interface NodeJudges {
  /** By its own report. */
  readonly reports: (facts: NodeFacts) => readonly Reason[];
  /** By the report of the forwarder, for a worker without AWS. */
  readonly seen: (object: NodeObject) => readonly Reason[];
}

/** A node that is gone or silent is the same for every gate; `judges` decide about any other. */
export function judgeHeard(
  node: NodeEvidence,
  cluster: ClusterEvidence,
  question: Question,
  judges: NodeJudges,
): Said {
  const heard = hearNode(node, cluster, question);
  if (heard.state === 'gone') return { missing: [], notes: [heard.note], isGone: true };
  const subject = nodeSubject(cluster.cluster, node.node);
  return { missing: about(subject, reasonsOf(heard, judges)), notes: [] };
}

function reasonsOf(
  heard: Exclude<HeardNode, { state: 'gone' }>,
  judges: NodeJudges,
): readonly Reason[] {
  if (heard.state === 'silent') return heard.reasons;
  return heard.state === 'reports' ? judges.reports(heard.facts) : judges.seen(heard.object);
}

/** In the phase `trust`: files, starts, and proofs by probe certificates. */
export const judgeNodeTrust = (
  node: NodeEvidence,
  cluster: ClusterEvidence,
  question: Question,
): Said =>
  judgeHeard(node, cluster, question, {
    reports: (facts) => [
      ...reasonsOfBothFiles(facts, question),
      ...reasonsOfStarts(node, facts, question),
      ...reasonsOfProofs(node, facts, question),
      ...reasonsOfLeft(facts),
    ],
    seen: (object) => [
      ...reasonsOfObject(object, question),
      ...(object.acceptsNew === undefined && question.transition.ca === 'ca'
        ? [
            {
              why: 'no probe has proved that its kubelet accepts certificates of the new CA',
              fix: 'run a forwarder on a control-plane node, which probes the kubelet once the annotation of the Node says that its CA file holds the new CA; or replace the node, or waive it',
            },
          ]
        : []),
    ],
  });

/** In phase `issue` there are no new probes: a refusal still counts, but a proof is not required. */
export const reasonsOfReportInIssue = (
  node: NodeEvidence,
  facts: NodeFacts,
  question: Question,
): Reason[] => [
  ...reasonsOfBothFiles(facts, question),
  ...reasonsOfStarts(node, facts, question),
  ...reasonsOfRefusals(facts.rotation?.proved ?? []),
  ...reasonsOfLeft(facts),
];

export const ON_WORKER =
  'run cakeless renew --trust-from-cluster on the node, replace the node, or waive it';

/** What a worker without AWS holds, as its annotation says, and what its kubelet accepts. */
export function reasonsOfObject(object: NodeObject, question: Question): Reason[] {
  const { caFile, kubeconfig, restarted, acceptsNew } = object;
  if (question.transition.ca !== 'ca') return [];
  const holds = (sha256: readonly string[] | undefined) => sha256?.includes(question.newSha256);
  const whys = [
    caFile === undefined &&
      'it writes no report, and its Node object has no annotation of Cakeless',
    caFile !== undefined && !holds(caFile) && 'its CA file does not hold the new CA',
    caFile !== undefined && !holds(kubeconfig) && 'its kubeconfig does not hold the new CA',
    caFile !== undefined &&
      restarted !== true &&
      'its kubelet has not started since its CA files changed',
    acceptsNew === 'refused' && 'its kubelet refused a certificate of the new CA',
    acceptsNew === 'unreachable' && 'its kubelet could not be reached on port 10250 for a probe',
  ].filter((why) => why !== false);
  return whys.map((why) => ({ why, fix: ON_WORKER }));
}
