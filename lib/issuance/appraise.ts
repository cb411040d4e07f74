/**
 * What would be certified for a CSR, or why nothing: from the CSR, the cluster record and the trust domain. `sign` and
 * an approver's client use the same code, so both compute the same digest.
 */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { type RequestAddress, requestKindOf } from '../contract/request-key.ts';
import type { RequestKind } from '../contract/request-kinds.ts';
import { digestOfObject, findForbidden } from '../csr/forbidden-upload.ts';
import type { PlanToApprove } from '../policy/approval.ts';
import { chooseCa, type ForWhom } from '../policy/choose-ca.ts';
import { type IssuancePlan, namesByType } from '../policy/issuance-plan.ts';
import { type Judges, judgeOf } from '../policy/judge.ts';
import { type PlanTerms, planDigest } from '../policy/plan-digest.ts';
import {
  caAbsent,
  caExpired,
  clusterUnknown,
  notProbed,
  outlivesCa,
  pathUnknown,
  trustDomainUnknown,
} from '../policy/refusals.ts';
import { type IssuedName, isProbeName } from '../profiles/certificate-names.ts';
import { issuedProfileOf } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Service } from '../service.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Declarations } from './grounds.ts';

/** What an appraisal compares with. A client does not know the rules, and passes `RULES_UNKNOWN`. */
export interface AppraisalDeps extends Pick<Service, 'now' | 'rules'> {
  readonly declared: Declarations;
  /** A function loads most of them late, and a command with the rest of its code. */
  readonly judges: Judges;
}

export type Appraisal =
  /** The object is neither a request nor forbidden. */
  | { readonly kind: 'not-a-request' }
  | {
      readonly kind: 'refused';
      readonly certificateName: IssuedName | undefined;
      readonly violations: readonly Violation[];
    }
  | AppraisedPlan;

export interface AppraisedPlan {
  readonly kind: 'planned';
  readonly plan: IssuancePlan;
  readonly terms: PlanTerms;
  /** SHA-256 of the terms: what an approval names. */
  readonly digest: string;
  /** Set if the plan needs approval. */
  readonly toApprove: PlanToApprove | undefined;
  readonly ca: IssuingCa;
  readonly record: ClusterRecord;
}

/**
 * @param uploader as the S3 event says; undefined if no event was seen
 * @throws Fault document-malformed if the cluster record or the trust domain cannot be read
 */
export async function appraise(
  { declared, judges, rules, now }: AppraisalDeps,
  address: RequestAddress,
  object: StoredObject,
  uploader: string | undefined,
): Promise<Appraisal> {
  const kind = requestKindOf(address);
  const certificateName = kind?.certificates.get(address.path);
  const refused = (...violations: readonly Violation[]): Appraisal => ({
    kind: 'refused',
    certificateName,
    violations,
  });
  const forbidden = findForbidden(object);
  if (forbidden) return refused(forbidden);
  if (!kind) return { kind: 'not-a-request' };
  if (!certificateName) return refused(pathUnknown(kind, address.path));
  const judge = await judgeOf(kind, judges);
  const csr = judge.read(object);
  const record = await declared.clusterRecord(address.cluster);
  if (!record) return refused(...csr.violations, clusterUnknown(address.cluster));
  const domain =
    certificateName === 'kubelet-serving'
      ? await declared.trustDomainNames(record.trustDomain)
      : undefined;
  const { commonName = '' } = csr.seen.subject ?? {};
  const ca = await findCa(declared, certificateName, { commonName, record, domain }, now());
  const { maxValiditySeconds, requiredApprovals } = rules(record.trustDomain);
  const context = { address, certificateName, record, uploader, upload: object, domain };
  const { plan, violations } = judge.judge(csr, { ...context, maxValiditySeconds });
  if ('code' in ca) return refused(...violations, ca);
  if (!plan) return refused(...violations);
  if (kind.beyondCa === 'refuse' && endsAfter(plan, ca, now()))
    return refused(outlivesCa(plan.validitySeconds, ca));
  const terms = termsOf(address, digestOfObject(object), plan, record, ca);
  const digest = planDigest(terms);
  const required = Math.max(requiredApprovals, record.requiredApprovals);
  const toApprove = planToApprove(kind, plan, { terms, digest, required });
  return { kind: 'planned', plan, terms, digest, toApprove, ca, record };
}

/** `check-record.ts` computes the terms again from the record alone, to check what was written here. */
function termsOf(
  { key, cluster }: RequestAddress,
  csrSha256: string,
  plan: IssuancePlan,
  { trustDomain }: ClusterRecord,
  ca: IssuingCa,
): PlanTerms {
  return {
    request: key,
    csrSha256,
    cluster,
    trustDomain,
    ca: ca.name,
    certificateName: plan.certificateName,
    commonName: plan.subject.commonName,
    organizations: plan.subject.organizations,
    ...namesByType(plan.names),
    extendedKeyUsages: plan.profile.extendedKeyUsages,
    validitySeconds: plan.validitySeconds,
  };
}

function planToApprove(
  { standingApprovals }: RequestKind,
  { certificateName, approvalReason, approvers }: IssuancePlan,
  about: Pick<PlanToApprove, 'terms' | 'digest' | 'required'>,
): PlanToApprove | undefined {
  if (approvalReason === undefined) return undefined;
  return {
    ...about,
    reason: approvalReason,
    mayStand: standingApprovals.includes(certificateName),
    ...(approvers && { approvers }),
  };
}

function endsAfter({ validitySeconds }: IssuancePlan, ca: IssuingCa, now: Date): boolean {
  return now.getTime() + validitySeconds * 1000 > ca.notAfter.getTime();
}

async function findCa(
  declared: Declarations,
  certificateName: IssuedName,
  whom: ForWhom,
  now: Date,
): Promise<IssuingCa | Violation> {
  const { trustDomain } = whom.record;
  const document = await declared.trustDomain(trustDomain);
  if (!document) return trustDomainUnknown(trustDomain);
  const ca = chooseCa(document, certificateName, whom);
  const { cas } = issuedProfileOf(certificateName);
  if (!ca && isProbeName(certificateName)) return notProbed(cas[0], trustDomain);
  if (!ca) return caAbsent(cas, trustDomain);
  if (ca.notAfter.getTime() - now.getTime() >= MIN_CA_REMAINING_MS) return ca;
  return caExpired(ca, trustDomain);
}

const MIN_CA_REMAINING_MS = 60 * 60 * 1000;
