/**
 * Before `issue`. With a cross certificate, clients that know only the old CA accept leaf certificates of the new one, so
 * only control planes have to be ready: their components verify each other. Without it, everything has to trust the new CA.
 */
import type { Evidence } from './evidence/evidence.ts';
import { judgeClusterTrust } from './gate-cluster.ts';
import { type Findings, judgeAll, type Question } from './gate-question.ts';
import { judgeNodeTrust } from './gate-trusts-new.ts';

export function judgeIssue(evidence: Evidence, question: Question): Findings {
  if (!question.hasCross) return judgeAll(evidence, question, judgeNodeTrust, judgeClusterTrust);
  const clusters = evidence.clusters.map((cluster) => ({
    ...cluster,
    nodes: cluster.nodes.filter(({ role }) => role === 'control-plane'),
  }));
  return judgeAll({ ...evidence, clusters }, question, judgeNodeTrust);
}
