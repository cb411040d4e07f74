/**
 * Judges whether a rotation may enter a phase, by evidence that has been read. Anything unknown counts as missing: a report
 * that does not exist, is too old, cannot be read or has not seen the last change proves nothing. A report is used only for
 * its own node or cluster, so a lie of a node harms that node, and a lie of a forwarder its cluster.
 */

import { X509Certificate } from 'node:crypto';
import { issuingCa } from '../ca/issuing-ca.ts';
import { certificatesIn } from '../certificate/pem.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { digestEvidence, type Evidence } from './evidence/evidence.ts';
import { judgeBack } from './gate-back.ts';
import { judgeEnd } from './gate-end.ts';
import { judgeIssue } from './gate-issue.ts';
import type { Findings, Question } from './gate-question.ts';
import type { GateResult, GateRules, Transition } from './gate-result.ts';
import { judgeRetire } from './gate-retire.ts';
import { judgeStart } from './gate-start.ts';

/** @throws Fault document-malformed if the document lacks a version that the rotation names */
export function judgeGate(
  evidence: Evidence,
  transition: Transition,
  document: TrustDomainDocument,
  rules: GateRules,
  now: Date,
): GateResult {
  const question = questionOf(transition, document, rules, now);
  const findings = judgeOf(transition)(evidence, question);
  return { ...findings, evidenceSha256: digestEvidence(evidence) };
}

type Judge = (evidence: Evidence, question: Question) => Findings;

function judgeOf({ direction, after }: Transition): Judge {
  if (direction === 'back') return judgeBack;
  if (after === 'trust') return judgeStart;
  if (after === 'issue') return judgeIssue;
  return after === 'retire' ? judgeRetire : judgeEnd;
}

function questionOf(
  transition: Transition,
  document: TrustDomainDocument,
  rules: GateRules,
  now: Date,
): Question {
  const { ca, from, to, before } = transition;
  const versions = document.cas[ca]?.versions ?? [];
  const old = versions.find(({ version }) => version === from);
  const replacements = versions.find(({ version }) => version === to);
  return {
    transition,
    rules,
    now,
    sequence: document.sequence,
    oldSha256: new Set([
      sha256OfVersion(document, transition, from),
      ...(old?.renewed ?? []).flatMap((pem) => certificatesIn(pem).map(sha256OfPem)),
    ]),
    // before the start, the new version is not in the document yet
    newSha256: before === 'stable' ? '' : sha256OfVersion(document, transition, to),
    hasCross: replacements?.cross !== undefined && !transition.compromised,
  };
}

function sha256OfVersion(
  document: TrustDomainDocument,
  { ca, trustDomain }: Transition,
  version: number,
): string {
  const found = issuingCa(document, ca, version);
  if (found) return hex(found.certificate);
  throw new Fault('document-malformed', `${trustDomain}: ${ca} has no version ${version}`);
}

const sha256OfPem = (pem: string) => hex(new X509Certificate(pem));
const hex = ({ fingerprint256 }: X509Certificate) =>
  fingerprint256.replaceAll(':', '').toLowerCase();
