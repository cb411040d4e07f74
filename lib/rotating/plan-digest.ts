/** The digest by which an approval names a plan of a rotation. */
import { hash } from 'node:crypto';
import type { RotationPlan } from './rotation-request.ts';

/** Distinguishes the text from any other text that could be hashed, and from that of a later release. */
const PURPOSE = 'cakeless rotation plan 1';

/** SHA-256 in lower-case hex. An approver's client and `create-ca` both compute it from what they read. */
export function rotationPlanDigest(plan: Omit<RotationPlan, 'digest'>): string {
  const { from, to } = plan;
  // an array has one order; what is absent has a place in it, too, except the last one
  const text = JSON.stringify([
    PURPOSE,
    plan.trustDomain,
    plan.ca,
    plan.phase,
    plan.sequence,
    [from.version, from.sha256],
    [
      ...[to.version, to.publicKeySha256, to.tbsSha256 ?? null, to.sha256 ?? null],
      ...(to.above ? [to.above.map(({ sha256 }) => sha256)] : []),
    ],
    plan.crossTbsSha256 ?? null,
    plan.compromised,
    plan.waivers.map(({ subject, reason }) => [subject, reason]),
  ]);
  return hash('sha256', text, 'hex');
}
