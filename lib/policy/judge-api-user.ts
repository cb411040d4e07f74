/**
 * Policy for certificates of users by the certificates API: the rule for users decides, as it does for those that are
 * uploaded, and so do its approvers. The forwarder uploads, so `csrSigning.uploaders` counts instead of the rule's.
 */
import type { CsrObject } from '../certificates-api/csr-object.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { CsrReading } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { listed } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';
import { MASTERS } from './always-approved.ts';
import type { Judgement } from './issuance-plan.ts';
import { apiValidity, judgeApiObject, signingNotAllowed } from './judge-api-object.ts';
import { judgeKey, judgeLongest, judgeNoNames, judgeUploader } from './judge-common.ts';
import { judgeUser, userPlan, usersNotAllowed } from './judge-user.ts';

export interface ApiUserContext {
  readonly address: RequestAddress;
  readonly record: ClusterRecord;
  readonly uploader: string | undefined;
  /** The longest validity that the trust domain allows. */
  readonly maxValiditySeconds: number;
}

export function judgeApiUserRequest(
  { request, seen, violations: ofCsr }: CsrReading,
  object: CsrObject | undefined,
  { address, record, uploader, maxValiditySeconds }: ApiUserContext,
): Judgement {
  const { users: rule, csrSigning, cluster } = record;
  const signer = signerOfPath(address.path);
  const violations: Violation[] = [
    ...ofCsr,
    ...(object ? judgeApiObject(address, object) : []),
    ...judgeUploader(uploader, csrSigning?.uploaders ?? []),
    ...(csrSigning?.kubeAPIServerClient || !signer ? [] : [signingNotAllowed(cluster, signer)]),
    ...(rule ? [] : [usersNotAllowed(cluster)]),
  ];
  if (seen.key) violations.push(...judgeKey(seen.key, record));
  if (seen.subject)
    violations.push(...judgeUser(seen.subject, rule), ...judgeNotMasters(seen.subject));
  if (seen.names) violations.push(...judgeNoNames(seen.names));
  const mostSeconds = Math.min(
    rule?.maxValiditySeconds ?? Number.POSITIVE_INFINITY,
    csrSigning?.maxValiditySeconds ?? record.validitySeconds,
  );
  const validitySeconds = object ? apiValidity(object, mostSeconds) : mostSeconds;
  violations.push(...judgeLongest(validitySeconds, record, maxValiditySeconds));
  if (violations.length > 0 || !request || !rule) return { violations };
  return { plan: userPlan(request, rule, validitySeconds), violations: [] };
}

/** Kubernetes refuses it, too (CertificateSubjectRestriction); here the object is the forwarder's word. */
export function judgeNotMasters({ organizations }: Subject): Violation[] {
  if (!organizations.includes(MASTERS)) return [];
  return [
    {
      code: 'subject-organization',
      field: 'subject.organizations',
      got: listed(organizations),
      allowed: `without ${MASTERS}, which the certificates API never grants`,
      fix: 'request it with cakeless kubeconfig user, or use super-admin.conf',
    },
  ];
}
