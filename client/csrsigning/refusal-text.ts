/** Describes a rejection to those who read a CSR. They upload nothing: the forwarder requests it again, if that can help. */
import type { RejectionDocument } from '../../lib/contract/outcomes.ts';
import { mayPass } from '../../lib/refusal/may-pass.ts';
import { describeRefusal } from '../wording/refusals.ts';

export function refusalText(
  certificateName: string,
  violations: RejectionDocument['violations'],
): string {
  const isRepeated = violations.every(({ code }) => mayPass(code));
  const next = isRepeated ? 'The forwarder requests it again' : 'The refusal is final for this CSR';
  return `${describeRefusal(certificateName, violations).join('; ')}. ${next}`;
}
