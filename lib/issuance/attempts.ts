/**
 * The attempts of one CSR of the certificates API. Each is a request with its own record, so the order is what keeps a
 * CSR from having two certificates: attempt n+1 is judged only if attempt n is recorded as a rejection that may pass.
 * Records are never changed, so at most one attempt of a CSR is ever issued in one place.
 */
import { attemptOf, requestIdOf } from '../certificates-api/attempts.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import {
  type DecisionRecord,
  decisionRecordSchema,
  type RejectRecord,
  recordKey,
} from '../contract/decision-record.ts';
import { type RejectionDocument, readRejection } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress, requestKey } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/forbidden-upload.ts';
import { Fault } from '../fault.ts';
import { LIMITS } from '../limits.ts';
import { mayPass } from '../refusal/may-pass.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';

/** The attempt before this one was refused without a record, so it has to get one before this one is recorded. */
export interface UnrecordedAttempt {
  readonly request: string;
  readonly rejection: RejectionDocument;
}

export interface AttemptOrder {
  readonly violations: readonly Violation[];
  readonly unrecorded?: UnrecordedAttempt;
}

const IN_ORDER: AttemptOrder = { violations: [] };

/** Whether the request is the first attempt of its CSR, or follows a refusal that may pass. Reads nothing for the first. */
export async function judgeAttempt(
  { authority, exchange }: Pick<Service, 'authority' | 'exchange'>,
  address: RequestAddress,
): Promise<AttemptOrder> {
  const attempt = signerOfPath(address.path) && attemptOf(address.requestId);
  if (!attempt || attempt.number === 1) return IN_ORDER;
  const number = attempt.number - 1;
  const earlier = { ...address, requestId: requestIdOf({ uid: attempt.uid, number }) };
  const request = requestKey(earlier);
  const record = await readDocument(authority, recordKey(request), decisionRecordSchema);
  if (record)
    return isPassing(record)
      ? IN_ORDER
      : { violations: [outOfOrder(attempt.number, describe(record))] };
  // What exceeds a budget is refused without a record.
  const rejection = await readRejection(exchange, outcomeKeys(earlier).rejected);
  if (rejection && isOverBudget(rejection))
    return { violations: [], unrecorded: { request, rejection } };
  return { violations: [outOfOrder(attempt.number, 'has not been rejected')] };
}

const allMayPass = ({ violations }: Pick<RejectRecord | RejectionDocument, 'violations'>) =>
  violations.every(({ code }) => mayPass(code));

const isPassing = (record: DecisionRecord) => record.decision === 'reject' && allMayPass(record);

const isOverBudget = (rejection: RejectionDocument) =>
  rejection.violations.some(({ code }) => code === 'budget-exceeded') && allMayPass(rejection);

function describe(record: DecisionRecord): string {
  if (record.decision === 'issue') return 'was issued';
  const lasting = record.violations.find(({ code }) => !mayPass(code));
  return `was rejected for a reason that stays: ${lasting?.code}`;
}

function outOfOrder(number: number, what: string): Violation {
  return {
    code: 'attempt-order',
    field: 'requestId',
    got: `attempt ${number}, but attempt ${number - 1} ${what}`,
    allowed: 'the attempt after a rejection whose reasons can all be fixed',
    fix: 'use the certificate of the attempt that was issued, or create a new CSR',
  };
}

/**
 * Records the refusal of an attempt that was refused without a record: after that it can never be issued. The budget
 * that counts the next attempt limits how many of these records there are.
 * @throws Fault unavailable if the attempt was decided otherwise in the meantime: then this one is judged again
 */
export async function recordUnrecorded(
  { authority, exchange, now }: Pick<Service, 'authority' | 'exchange' | 'now'>,
  { request, rejection }: UnrecordedAttempt,
): Promise<void> {
  const object = await exchange.get(request, LIMITS.maxObjectBytes);
  const record: RejectRecord = {
    schema: 1,
    request,
    csrSha256: object ? digestOfObject(object) : 'unread',
    decidedAt: now().toISOString(),
    decision: 'reject',
    ...(rejection.certificateName !== undefined && { certificateName: rejection.certificateName }),
    violations: rejection.violations,
  };
  const key = recordKey(request);
  if ((await authority.create(key, formatDocument(record), JSON_TYPE)) === 'created') return;
  const found = await readDocument(authority, key, decisionRecordSchema);
  if (found && isPassing(found)) return;
  throw new Fault('unavailable', `${request}: was decided in the meantime`);
}
