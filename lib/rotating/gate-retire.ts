/**
 * Before `retire`, in which nodes drop the old CA: everything trusts the new one, and the newest certificate of each line is
 * of the new one and in place. The certificates that it replaced need not have expired.
 */
import type { ClusterEvidence, Evidence, NodeEvidence } from './evidence/evidence.ts';
import { judgeClusterTrust } from './gate-cluster.ts';
import { hearCluster, hearNode } from './gate-heard.ts';
import {
  missingOfUsers,
  notesOfReplaced,
  reasonsOfLines,
  reasonsOfPlaces,
  reasonsOfServed,
  reasonsOfServing,
} from './gate-leaves.ts';
import {
  about,
  type Findings,
  judgeAll,
  nodeSubject,
  type Question,
  type Said,
} from './gate-question.ts';
import type { Missing } from './gate-result.ts';
import { judgeHeard, reasonsOfObject, reasonsOfReportInIssue } from './gate-trusts-new.ts';

export function judgeRetire(evidence: Evidence, question: Question): Findings {
  const { missing, notes, progress } = judgeAll(evidence, question, judgeNode, judgeOneCluster);
  const { to } = question.transition;
  const newest = evidence.clusters.flatMap((cluster) =>
    cluster.nodes
      .filter((node) => hearNode(node, cluster, question).state !== 'gone')
      .flatMap(({ lines }) => lines.map((line) => line.newest.version === to)),
  );
  return {
    missing: [...tooEarly(question), ...missing],
    notes,
    progress: [
      ...progress,
      { what: 'certificates', done: newest.filter(Boolean).length, of: newest.length },
    ],
  };
}

function judgeNode(node: NodeEvidence, cluster: ClusterEvidence, question: Question): Said {
  const subject = nodeSubject(cluster.cluster, node.node);
  const trust = judgeHeard(node, cluster, question, {
    reports: (facts) => reasonsOfReportInIssue(node, facts, question),
    seen: (object) => reasonsOfObject(object, question),
  });
  const heard = hearNode(node, cluster, question);
  if (heard.state === 'gone') return trust;
  const forwarder = hearCluster(cluster, question);
  const object =
    'facts' in forwarder ? forwarder.facts.nodes.find(({ name }) => name === node.node) : undefined;
  const leaves = about(subject, [
    ...reasonsOfLines(node.lines, question),
    ...reasonsOfServing(object, question),
    ...(heard.state === 'reports' ? reasonsOfServed(heard.facts, question) : []),
  ]);
  const places =
    heard.state === 'reports' ? reasonsOfPlaces(cluster, node, heard.facts, question) : [];
  return { missing: [...trust.missing, ...leaves, ...places], notes: trust.notes };
}

function judgeOneCluster(cluster: ClusterEvidence, question: Question): Said {
  const said = judgeClusterTrust(cluster, question);
  return {
    missing: [...said.missing, ...missingOfUsers(cluster, question)],
    notes: [...said.notes, ...notesOfReplaced(cluster, question)],
  };
}

/** Every timer has to run in the phase. A compromised CA is dropped as soon as nothing else is missing. */
function tooEarly({ transition, rules, now }: Question): Missing[] {
  const { rotation, compromised, trustDomain } = transition;
  const until = Date.parse(rotation?.since ?? '') + rules.issueSeconds * 1000;
  if (compromised || now.getTime() >= until) return [];
  const earliest = Number.isNaN(until) ? 'unknown' : new Date(until).toISOString();
  return [
    {
      subject: `${trustDomain}/phase/issue`,
      why: `phase issue must last until ${earliest}, so that every timer has run in it`,
      fix: `wait until ${earliest}`,
    },
  ];
}
