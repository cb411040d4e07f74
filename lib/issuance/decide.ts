/** Decides on one object: CSR, policy, approvals, and the draft of the certificate. Writes nothing. */
import { type IssuingCa, issuingCa, readTrustDomain } from '../ca/issuing-ca.ts';
import { readClusterRecord } from '../cluster/read-record.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import {
  requestApprovalKey,
  requestApprovalSchema,
  standingApprovalKey,
  standingApprovalSchema,
} from '../contract/approvals.ts';
import type { IssueRecord, RejectRecord } from '../contract/decision-record.ts';
import { type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import type { RequestKind } from '../contract/request-kinds.ts';
import { digestOfObject, findForbidden } from '../csr/forbidden-upload.ts';
import { type PlanToApprove, weighApprovals } from '../policy/approval.ts';
import type { IssuancePlan } from '../policy/issuance-plan.ts';
import { judgeOf } from '../policy/judges.ts';
import {
  approvalDenied,
  caExpired,
  clusterUnknown,
  outlivesCa,
  pathUnknown,
  trustDomainUnknown,
} from '../policy/refusals.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import { issuedProfileOf } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import { certificateFields } from './certificate-fields.ts';
import { describeFields } from './recorded-fields.ts';
import { writeTbsCertificate } from './tbs-certificate.ts';
import type { Wake } from './wake.ts';

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

/** What is known about the request at the time of the decision. */
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
  const kind = requestKindOf(address);
  const certificateName = kind?.certificates.get(address.path);
  const about: Case = {
    address,
    csrSha256: digestOfObject(object),
    uploader,
    wakingApproval,
    certificateName,
    decidedAt: service.now(),
  };
  const forbidden = findForbidden(object);
  if (forbidden) return reject(about, [forbidden]);
  if (!kind)
    return { kind: 'ignore', reason: 'the object is not a request and contains no private key' };
  if (!certificateName) return reject(about, [pathUnknown(kind, address.path)]);
  const judge = judgeOf(kind);
  const csr = judge.read(object);
  const record = await readClusterRecord(service.authority, address.cluster);
  if (!record) return reject(about, [...csr.violations, clusterUnknown(address.cluster)]);
  const ca = await findCa(service, record, certificateName, about.decidedAt);
  const context = { address, certificateName, record, uploader, upload: object };
  const { plan, violations } = judge.judge(csr, context);
  if ('code' in ca) return reject(about, [...violations, ca]);
  if (!plan) return reject(about, violations);
  return decidePlan(service, about, kind, plan, record, ca);
}

async function decidePlan(
  service: Service,
  about: Case,
  kind: RequestKind,
  plan: IssuancePlan,
  record: ClusterRecord,
  ca: IssuingCa,
): Promise<Decision> {
  if (kind.beyondCa === 'refuse' && endsAfter(plan, ca, about.decidedAt))
    return reject(about, [outlivesCa(plan.validitySeconds, ca)]);
  const toApprove = planToApprove(about, kind, plan, record);
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

function planToApprove(
  about: Case,
  kind: RequestKind,
  plan: IssuancePlan,
  record: ClusterRecord,
): PlanToApprove {
  return {
    request: about.address.key,
    cluster: record.cluster,
    certificateName: plan.certificateName,
    csrSha256: about.csrSha256,
    trustDomain: record.trustDomain,
    validitySeconds: plan.validitySeconds,
    mayStand: kind.standingApprovals.includes(plan.certificateName),
    ...(plan.approvers && { approvers: plan.approvers }),
  };
}

/** An approval is written only once: if it does not count, a new request is needed. */
function uncounted(by: string | undefined): string {
  if (by === undefined) return '';
  return `; the existing approval does not count, because users.approvers does not list its author, ${by}; upload again under a new request id`;
}

function endsAfter({ validitySeconds }: IssuancePlan, ca: IssuingCa, now: Date): boolean {
  return now.getTime() + validitySeconds * 1000 > ca.notAfter.getTime();
}

async function findApproval(service: Service, plan: PlanToApprove, writtenBy: string | undefined) {
  const ofRequest = requestApprovalKey(plan.request, plan.csrSha256);
  const [request, standing] = await Promise.all([
    readDocument(service.authority, ofRequest, requestApprovalSchema),
    readDocument(service.authority, standingApprovalKey(plan.cluster), standingApprovalSchema),
  ]);
  return weighApprovals(plan, request, standing, writtenBy);
}

/** The principal that wrote the approval, but only if this approval, and no other object, caused the wake-up. */
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
  const ca = issuingCa(document, issuedProfileOf(certificateName).ca);
  if (ca.notAfter.getTime() - now.getTime() >= MIN_CA_REMAINING_MS) return ca;
  return caExpired(ca, trustDomain);
}

const MIN_CA_REMAINING_MS = 60 * 60 * 1000;

function reject(about: Case, violations: readonly Violation[]): Decision {
  return {
    kind: 'reject',
    record: {
      ...commonFields(about),
      decision: 'reject',
      ...(about.certificateName && { certificateName: about.certificateName }),
      violations: [...violations],
    },
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
