/**
 * Before `trust`: every node reports, because later gates depend on its reports, and no kube-controller-manager signs with
 * the CA.
 */
import { listed } from '../printable.ts';
import type { ClusterEvidence, Evidence, NodeEvidence, NodeFacts } from './evidence/evidence.ts';
import { hearNode } from './gate-heard.ts';
import {
  type Findings,
  judgeAll,
  nodeSubject,
  type Question,
  type Reason,
  type Said,
} from './gate-question.ts';
import { judgeHeard } from './gate-trusts-new.ts';

export const judgeStart = (evidence: Evidence, question: Question): Findings =>
  judgeAll(evidence, question, judgeNode);

function judgeNode(node: NodeEvidence, cluster: ClusterEvidence, question: Question): Said {
  const said = judgeHeard(node, cluster, question, {
    reports: (facts) =>
      node.role === 'control-plane' && question.transition.ca === 'ca'
        ? reasonsOfSigner(facts)
        : [],
    seen: ({ ready }) =>
      ready
        ? []
        : [{ why: 'its Node object is not Ready', fix: 'repair, replace or remove the node' }],
  });
  return { ...said, notes: [...said.notes, ...notesOf(node, cluster, question)] };
}

/** It would take the bundle in ca.crt for the certificate that it signs with, and stop (kubernetes/pkg/controller/certificates/signer/ca_provider.go). */
function reasonsOfSigner({ signing }: NodeFacts): Reason[] {
  const fix = 'run cakeless release-keys on the node';
  if (!signing)
    return [
      {
        why: 'its report says nothing about the flags of kube-controller-manager',
        fix: 'run cakeless renew all on the node; if kube-controller-manager is no static pod there, make sure that it has no flags to sign, and waive the node',
      },
    ];
  return signing.signs || signing.flags.length > 0
    ? [
        {
          why: `kube-controller-manager has flags to sign certificates, and would fail with two CAs in its CA file: ${listed(signing.flags)}`,
          fix,
        },
      ]
    : [];
}

function notesOf(node: NodeEvidence, cluster: ClusterEvidence, question: Question): string[] {
  const heard = hearNode(node, cluster, question);
  const name = nodeSubject(cluster.cluster, node.node);
  if (heard.state === 'seen')
    return [
      `${name} writes no report: it needs cakeless renew --trust-from-cluster, or has to be replaced or waived later`,
    ];
  const exitCode = heard.state === 'reports' ? (heard.facts.renewalExitCode ?? 0) : 0;
  return exitCode === 0 ? [] : [`${name}: its last renewal exited with ${exitCode}`];
}
