/** Reads the evidence for a change of phase, and judges it. */
import { collectEvidence } from './evidence/collect.ts';
import type { Evidence } from './evidence/evidence.ts';
import { judgeGate } from './gate.ts';
import { needsEvidenceBack } from './gate-back.ts';
import type { ExamineGate } from './gate-result.ts';

export const examineGate: ExamineGate = async (service, document, transition, rules) => {
  const { trustDomain, ca, direction, after } = transition;
  // people go back during an outage, and must not wait for thousands of reads
  const nothing: Evidence = { trustDomain, ca, clusters: [], unknown: [] };
  const isNeeded = direction === 'forward' || needsEvidenceBack(after);
  const evidence = isNeeded ? await collectEvidence(service, document, ca) : nothing;
  return judgeGate(evidence, transition, document, rules, service.now());
};
