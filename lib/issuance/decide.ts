/** Decides about one object: door, policy, approvals, and the draft of the certificate. Writes nothing. */

import { type IssuingCa, issuingCa, readTrustDomain } from '../ca/trust-domain.ts';
import { readClusterRecord } from '../cluster/read-record.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { issuedNameOf, type RequestAddress, VALIDITY_METADATA } from '../contract/request-key.ts';
import { readRequest } from '../csr/read-request.ts';
import { digestOfObject, findWhatMustGo } from '../csr/what-must-go.ts';
import {
  type PlanToApprove,
  requestApprovalKey,
  requestApprovalSchema,
  standingApprovalKey,
  standingApprovalSchema,
  weighApprovals,
} from '../policy/approval.ts';
import { type IssuancePlan, judgeRequest } from '../policy/judge-request.ts';
import { judgeUserRequest } from '../policy/judge-user.ts';
import {
  approvalDenied,
  caExpired,
  clusterUnknown,
  outlivesCa,
  pathUnknown,
  trustDomainUnknown,
} from '../policy/refusals.ts';
import { type IssuedName, USER_NAME } from '../profiles/certificate-names.ts';
import { kindOf } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import { certificateFields } from './certificate-fields.ts';
import type { Wake } from './process-request.ts';
import { describeFields, type IssueRecord, type RejectRecord } from './record.ts';
import { writeTbsCertificate } from './tbs-certificate.ts';

export type Decision =
  | { readonly kind: 'issue'; readonly record: IssueRecord }
  | { readonly kind: 'reject'; readonly record: RejectRecord }
  | {
      readonly kind: 'pending';
      readonly plan: PlanToApprove;
      readonly uploader: string | undefined;
      readonly waitingFor: string;
    }
  | { readonly kind: 'ignore'; readonly reason: string };

/** What is known of the request while it is decided. */
interface Case {
  readonly address: RequestAddress;
  readonly csrSha256: string;
  readonly uploader: string | undefined;
  readonly wakingApproval: Wake['approval'];
  readonly certificateName: IssuedName | undefined;
  readonly decidedAt: Date;
}

export async function decide(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  { uploader, approval: wakingApproval }: Pick<Wake, 'uploader' | 'approval'>,
): Promise<Decision> {
  const csrSha256 = digestOfObject(object);
  const certificateName = issuedNameOf(address);
  const decidedAt = service.now();
  const about: Case = {
    address,
    csrSha256,
    uploader,
    wakingApproval,
    certificateName,
    decidedAt,
  };
  const mustGo = findWhatMustGo(object);
  if (mustGo) return { kind: 'reject', record: rejectRecord(about, [mustGo]) };
  if (!certificateName) return decideUnknownPath(about);
  const door = readRequest(object.body);
  const record = await readClusterRecord(service.authority, address.cluster);
  if (!record) return reject(about, [...door.violations, clusterUnknown(address.cluster)]);
  const ca = await findCa(service, record, certificateName, about.decidedAt);
  const judged =
    certificateName === USER_NAME
      ? judgeUserRequest(door, { record, uploader, validityPeriod: validityPeriodOf(object) })
      : judgeRequest(door, { address, certificateName, record, uploader });
  const violations = [...judged.violations, ...('code' in ca ? [ca] : [])];
  if (violations.length > 0 || !judged.plan || 'code' in ca) return reject(about, violations);
  return decidePlan(service, about, judged.plan, record, ca);
}

async function decidePlan(
  service: Service,
  about: Case,
  plan: IssuancePlan,
  record: ClusterRecord,
  ca: IssuingCa,
): Promise<Decision> {
  if (plan.certificateName === USER_NAME && endsAfter(plan, ca, about.decidedAt))
    return reject(about, [outlivesCa(plan.validitySeconds, ca)]);
  const toApprove = planToApprove(about, plan, record);
  const approval =
    plan.approvalReason && (await findApproval(service, toApprove, approverOf(about).approver));
  if (approval && approval.state === 'denied')
    return reject(about, [approvalDenied(approval.reason)]);
  if (approval && approval.state === 'waiting')
    return {
      kind: 'pending',
      plan: toApprove,
      uploader: about.uploader,
      waitingFor: `an approver: ${plan.approvalReason}${uncounted(approval.uncounted)}`,
    };
  const fields = certificateFields(plan, ca, about.decidedAt, service.randomBytes);
  const tbs = writeTbsCertificate(fields, ca);
  return {
    kind: 'issue',
    record: {
      ...commonFields(about),
      decision: 'issue',
      certificateName: plan.certificateName,
      kubernetesVersion: record.kubernetesVersionText,
      trustDomain: record.trustDomain,
      ca: ca.name,
      caVersion: ca.version,
      keyId: ca.keyId,
      ...(approval && { approval: approval.by }),
      ...(approval && approval.kind === 'request' && approverOf(about)),
      certificate: describeFields(fields),
      tbs: Buffer.from(tbs).toString('base64'),
    },
  };
}

function planToApprove(about: Case, plan: IssuancePlan, record: ClusterRecord): PlanToApprove {
  return {
    request: about.address.key,
    cluster: record.cluster,
    certificateName: plan.certificateName,
    csrSha256: about.csrSha256,
    trustDomain: record.trustDomain,
    validitySeconds: plan.validitySeconds,
    ...(plan.approvers && { approvers: plan.approvers }),
  };
}

/** An approval is written once: after one that does not count, only a new request helps. */
function uncounted(by: string | undefined): string {
  if (by === undefined) return '';
  return `; the approval that is there does not count, since users.approvers does not list who wrote it: ${by}. Ask again under a new request id`;
}

function endsAfter({ validitySeconds }: IssuancePlan, ca: IssuingCa, now: Date): boolean {
  return now.getTime() + validitySeconds * 1000 > ca.notAfter.getTime();
}

/** How long the certificate of a user is asked to be good, as S3 user metadata. */
function validityPeriodOf({ metadata }: StoredObject): string | undefined {
  return metadata[VALIDITY_METADATA];
}

async function findApproval(service: Service, plan: PlanToApprove, writtenBy: string | undefined) {
  const ofRequest = requestApprovalKey(plan.request, plan.csrSha256);
  const [request, standing] = await Promise.all([
    readDocument(service.authority, ofRequest, requestApprovalSchema),
    readDocument(service.authority, standingApprovalKey(plan.cluster), standingApprovalSchema),
  ]);
  return weighApprovals(plan, request, standing, writtenBy);
}

/** The principal that wrote the approval, if it was that approval that woke us and not another object beside it. */
function approverOf({ address, csrSha256, wakingApproval }: Case): { approver?: string } {
  const isIt = wakingApproval?.key === requestApprovalKey(address.key, csrSha256);
  const principal = isIt ? wakingApproval?.principal : undefined;
  return principal === undefined ? {} : { approver: principal };
}

async function findCa(
  service: Service,
  record: ClusterRecord,
  certificateName: IssuedName,
  now: Date,
): Promise<IssuingCa | Violation> {
  const { trustDomain } = record;
  const document = await readTrustDomain(service.authority, trustDomain);
  if (!document) return trustDomainUnknown(trustDomain);
  const ca = issuingCa(document, kindOf(certificateName).ca);
  if (ca.notAfter.getTime() - now.getTime() >= MIN_CA_REMAINING_MS) return ca;
  return caExpired(ca, trustDomain);
}

const MIN_CA_REMAINING_MS = 60 * 60 * 1000;

function decideUnknownPath(about: Case): Decision {
  const { path } = about.address;
  if (!path.endsWith('.csr'))
    return { kind: 'ignore', reason: 'the object is no .csr file and holds no private key' };
  return reject(about, [pathUnknown(about.address)]);
}

function reject(about: Case, violations: readonly Violation[]): Decision {
  return { kind: 'reject', record: rejectRecord(about, violations) };
}

function rejectRecord(about: Case, violations: readonly Violation[]): RejectRecord {
  return {
    ...commonFields(about),
    decision: 'reject',
    ...(about.certificateName && { certificateName: about.certificateName }),
    violations,
  };
}

function commonFields({ address, csrSha256, uploader, decidedAt }: Case) {
  return {
    schema: 1 as const,
    request: address.key,
    csrSha256,
    ...(uploader !== undefined && { uploader }),
    decidedAt: decidedAt.toISOString(),
  };
}
