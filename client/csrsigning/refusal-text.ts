/**
 * Describes a rejection to those who read a CSR. The service's fixes are for people who upload; here the forwarder does,
 * and a request id is nothing that anyone chooses.
 */
import type { RejectionDocument } from '../../lib/contract/outcomes.ts';
import { mayPass } from '../../lib/refusal/may-pass.ts';
import { describeRefusal } from '../wording/refusals.ts';

export function refusalText(
  certificateName: string,
  violations: RejectionDocument['violations'],
): string {
  const isRepeated = violations.every(({ code }) => mayPass(code));
  const reworded = violations.map((violation) => ({
    ...violation,
    fix: forwardersFix(violation.fix, isRepeated),
  }));
  const text = describeRefusal(certificateName, reworded).join('; ');
  return isRepeated ? `${text}. The forwarder requests it again` : text;
}

const forwardersFix = (fix: string, isRepeated: boolean): string =>
  fix
    .replace(
      /[,;] then upload under a new request id/g,
      isRepeated ? '' : ', then create the CSR again',
    )
    .replace(/upload the CSR again under a new request id/g, 'create the CSR again')
    .replace(/,? under a new request id/g, '');
