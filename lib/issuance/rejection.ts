/**
 * The document that a node reads if its request is rejected. Each `fix` says what has to become true; how to request
 * again depends on who does so, and everyone who presents a rejection knows that. For readers of the object itself, it is
 * said here.
 */
import { attemptOf, requestIdOf } from '../certificates-api/attempts.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import type { RejectionDocument } from '../contract/outcomes.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import { mayPass } from '../refusal/may-pass.ts';

export function rejectionOf(
  address: RequestAddress,
  { certificateName, decidedAt, violations }: Omit<RejectionDocument, 'request' | 'tryAgain'>,
): RejectionDocument {
  const tryAgain = howToTryAgain(address, violations);
  return { request: address.key, certificateName, decidedAt, violations, tryAgain };
}

const AFTER = 'this rejection is final; once everything is fixed';

function howToTryAgain(
  { path, requestId }: RequestAddress,
  violations: RejectionDocument['violations'],
): string {
  if (!signerOfPath(path)) return `${AFTER}, upload under a new request id`;
  const attempt = attemptOf(requestId);
  if (!attempt || !violations.every(({ code }) => mayPass(code)))
    return `${AFTER}, create a new CSR in the cluster`;
  const next = requestIdOf({ ...attempt, number: attempt.number + 1 });
  return `${AFTER}, upload the CSR again under the request id ${next}`;
}
