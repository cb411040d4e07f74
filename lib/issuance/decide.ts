/** Decides on one object: CSR, policy, approvals, and the draft of the certificate. Writes nothing. */
import { signerOfPath } from '../certificates-api/signers.ts';
import type { IssueRecord, RejectRecord } from '../contract/decision-record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/forbidden-upload.ts';
import type { PlanToApprove } from '../policy/approval.ts';
import { approvalDenied } from '../policy/refusals.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import type { StoredObject } from '../store/object-store.ts';
import { type AppraisedPlan, appraise } from './appraise.ts';
import type { AttemptOrder, UnrecordedAttempt } from './attempts.ts';
import type { CommonFields } from './draft.ts';
import type { Grounds } from './grounds.ts';
import { loadIssue } from './issue-later.ts';
import { JUDGES_LATER } from './judges-later.ts';
import type { Waiting } from './weigh.ts';

export type Decision =
  | { readonly kind: 'issue'; readonly record: IssueRecord; readonly after?: UnrecordedAttempt }
  | { readonly kind: 'reject'; readonly record: RejectRecord; readonly after?: UnrecordedAttempt }
  | {
      readonly kind: 'pending';
      readonly plan: PlanToApprove;
      readonly uploader: string | undefined;
      readonly given: Waiting;
      readonly waitingFor: string;
      /** An earlier attempt that has to be recorded before this one; undefined for almost every request. */
      readonly after?: UnrecordedAttempt;
    }
  | { readonly kind: 'ignore'; readonly reason: string };

/** What is known about the request at the time of the decision. */
interface Case {
  readonly grounds: Grounds;
  readonly address: RequestAddress;
  readonly csrSha256: string;
  readonly uploader: string | undefined;
  /** The uploader is unknown, but the upload event may still arrive. */
  readonly uploaderMayBeNamed: boolean;
  readonly decidedAt: Date;
}

export interface KnownUploader {
  /** As the upload event named it; undefined if none was seen. */
  readonly uploader: string | undefined;
  /** When a run first found the request pending without its uploader. */
  readonly unknownSince?: Date | undefined;
}

/**
 * S3 delivers events within seconds, seldom minutes. Until then an approval does not count without the uploader: an
 * approver could otherwise approve their own upload before its event arrives. The time begins with the first run, not with
 * the upload: while no run takes messages, the event waits, too.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
 */
const EVENT_LOST_AFTER_MS = 15 * 60 * 1000;

export async function decide(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  { uploader, unknownSince }: KnownUploader,
  grounds: Grounds,
): Promise<Decision> {
  const decidedAt = service.now();
  const about: Case = {
    grounds,
    address,
    csrSha256: digestOfObject(object),
    uploader,
    uploaderMayBeNamed:
      uploader === undefined &&
      decidedAt.getTime() - (unknownSince ?? decidedAt).getTime() < EVENT_LOST_AFTER_MS,
    decidedAt,
  };
  const { now, rules } = service;
  const [appraisal, { violations, unrecorded }] = await Promise.all([
    appraise({ now, rules, declared: grounds, judges: JUDGES_LATER }, address, object, uploader),
    isRepeated(address) ? judgeRepeated(service, address) : FIRST_ATTEMPT,
  ]);
  switch (appraisal.kind) {
    case 'not-a-request':
      return {
        kind: 'ignore',
        reason: 'the object is not a request and contains no private key',
      };
    case 'refused':
      return after(
        unrecorded,
        reject(about, appraisal.certificateName, [...appraisal.violations, ...violations]),
      );
    case 'planned':
      return violations.length > 0
        ? reject(about, appraisal.plan.certificateName, violations)
        : after(unrecorded, await decidePlan(service, about, appraisal));
  }
}

/** By the address alone: whether it may be a later attempt of a CSR of the certificates API. */
const isRepeated = ({ path, requestId }: RequestAddress) =>
  signerOfPath(path) !== undefined && requestId.includes('.');

const FIRST_ATTEMPT: AttemptOrder = { violations: [] };

/** Loaded when it is needed: most requests are the first attempt of theirs. */
async function judgeRepeated(service: Service, address: RequestAddress): Promise<AttemptOrder> {
  return (await import('./certificates-api.ts')).judgeAttempt(service, address);
}

const after = (attempt: UnrecordedAttempt | undefined, decision: Decision): Decision =>
  attempt && decision.kind !== 'ignore' ? { ...decision, after: attempt } : decision;

async function decidePlan(
  service: Service,
  about: Case,
  appraised: AppraisedPlan,
): Promise<Decision> {
  const { toApprove } = appraised;
  if (!toApprove) return issue(service, about, appraised, undefined);
  const { weigh } = await import('./weigh.ts');
  const state = await weigh(toApprove, about);
  switch (state.state) {
    case 'denied':
      return reject(
        about,
        appraised.plan.certificateName,
        [approvalDenied(state.reason)],
        state.by,
      );
    case 'waiting':
      return {
        kind: 'pending',
        plan: toApprove,
        uploader: about.uploader,
        given: state,
        waitingFor: state.waitingFor,
      };
    case 'approved': {
      const { reason, digest, required } = toApprove;
      const by = [...state.by];
      return issue(service, about, appraised, { reason, planDigest: digest, required, by });
    }
  }
}

async function issue(
  { randomBytes }: Service,
  about: Case,
  appraised: AppraisedPlan,
  approval: IssueRecord['approval'],
): Promise<Decision> {
  const { draftRecord } = await loadIssue();
  const { decidedAt } = about;
  const record = draftRecord(appraised, approval, {
    common: commonFields(about),
    decidedAt,
    randomBytes,
  });
  return { kind: 'issue', record };
}

function reject(
  about: Case,
  certificateName: IssuedName | undefined,
  violations: readonly Violation[],
  deniedBy?: string,
): Decision {
  return {
    kind: 'reject',
    record: {
      ...commonFields(about),
      decision: 'reject',
      ...(certificateName && { certificateName }),
      ...(deniedBy !== undefined && { deniedBy }),
      violations: [...violations],
    },
  };
}

function commonFields({ address, csrSha256, uploader, decidedAt }: Case): CommonFields {
  return {
    schema: 1,
    request: address.key,
    csrSha256,
    ...(uploader !== undefined && { uploader }),
    decidedAt: decidedAt.toISOString(),
  };
}
