/**
 * Policy for certificates of users (`cakeless kubeconfig user`): the cluster record's rule for users decides. CN (user)
 * and O (groups) are all that the API server knows about a client, so neither may have a special meaning in Kubernetes.
 */

import { fitsPattern } from '../cluster/find-node.ts';
import type { ClusterRecord, UserRule } from '../cluster/record.ts';
import type { CheckedRequest, CsrReading } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { formatDuration, parseDurationSeconds } from '../duration.ts';
import { listed, quote } from '../printable.ts';
import { USER_NAME } from '../profiles/certificate-names.ts';
import { PROFILES, USER_PROFILE } from '../profiles/profiles.ts';
import type { Violation } from '../refusal/violation.ts';
import { MASTERS, whyAlwaysApproved } from './always-approved.ts';
import type { IssuancePlan, Judgement } from './issuance-plan.ts';
import { judgeKey, judgeLongest, judgeNoNames, judgeUploader } from './judge-common.ts';

export interface UserContext {
  readonly record: ClusterRecord;
  readonly uploader: string | undefined;
  /** `validity-period` of the object's metadata. @default the rule's maxValidityPeriod */
  readonly validityPeriod: string | undefined;
  /** The longest validity that the trust domain allows. */
  readonly maxValiditySeconds: number;
}

export function judgeUserRequest(
  { request, seen, violations: ofCsr }: CsrReading,
  { record, uploader, validityPeriod, maxValiditySeconds }: UserContext,
): Judgement {
  const rule = record.users;
  const violations: Violation[] = [...ofCsr];
  if (!rule) violations.push(usersNotAllowed(record.cluster));
  else violations.push(...judgeUploader(uploader, rule.uploaders));
  if (seen.key) violations.push(...judgeKey(seen.key, record));
  if (seen.subject) violations.push(...judgeUser(seen.subject, rule));
  if (seen.names) violations.push(...judgeNoNames(seen.names));
  const validity = judgeValidity(validityPeriod, rule);
  violations.push(...validity.violations);
  if (validity.seconds !== undefined && validity.violations.length === 0)
    violations.push(...judgeLongest(validity.seconds, record, maxValiditySeconds));
  if (violations.length > 0 || !request || !rule || !validity.seconds) return { violations };
  return { plan: userPlan(request, rule, validity.seconds), violations: [] };
}

/** What is certified for a valid request that the rule allows. */
export function userPlan(
  { subject, key }: CheckedRequest,
  rule: UserRule,
  validitySeconds: number,
): IssuancePlan {
  return {
    certificateName: USER_NAME,
    profile: USER_PROFILE,
    subject,
    names: [],
    key,
    validitySeconds,
    approvalReason: approvalReason(subject, rule),
    ...(rule.approvers.length > 0 && { approvers: rule.approvers }),
  };
}

/** How long the certificate is to be valid; undefined if that is not known. */
function judgeValidity(
  period: string | undefined,
  rule: UserRule | undefined,
): { readonly seconds: number | undefined; readonly violations: readonly Violation[] } {
  if (period === undefined) return { seconds: rule?.maxValiditySeconds, violations: [] };
  const seconds = parseDurationSeconds(period);
  const isAllowed = seconds !== undefined && (!rule || seconds <= rule.maxValiditySeconds);
  return { seconds, violations: isAllowed ? [] : [badValidity(period, rule)] };
}

function approvalReason({ organizations }: Subject, rule: UserRule): string | undefined {
  const {
    cas: [ca],
    name: certificateName,
  } = USER_PROFILE;
  const always = whyAlwaysApproved({ ca, certificateName, organizations });
  if (always !== undefined) return always;
  return rule.approvalRequired
    ? "the cluster record's rule for users requires approval"
    : undefined;
}

/** Without a rule, only what no rule can allow is a violation. */
export function judgeUser(subject: Subject, rule: UserRule | undefined): Violation[] {
  const { commonName, organizations } = subject;
  return [...judgeUserName(commonName, rule), ...judgeUserOrganizations(organizations, rule)];
}

/** What no rule can allow has its own code: the same CSR need not be tried again. */
function judgeUserName(commonName: string, rule: UserRule | undefined): Violation[] {
  const field = 'subject.commonName';
  const got = quote(commonName) || '(none)';
  if (!isUserName(commonName))
    return [
      {
        ...{ code: 'user-name-forbidden', field, got, allowed: USER_NAME_RULE },
        fix: 'choose another name; names of cluster components are reserved',
      },
    ];
  const patterns = rule?.namePatterns ?? [];
  if (patterns.length === 0 || patterns.some((pattern) => fitsPattern(commonName, pattern)))
    return [];
  return [
    {
      ...{ code: 'user-name', field, got, allowed: `a name that matches ${listed(patterns)}` },
      fix: 'choose another name, or extend users.namePatterns in the cluster record',
    },
  ];
}

/** Without a rule there is no list, but organizations that no rule can list are violations anyway. */
function judgeUserOrganizations(organizations: Organizations, rule?: UserRule): Violation[] {
  const violations: Violation[] = [];
  const field = 'subject.organizations';
  const forbidden = organizations.filter((o) => !isUserOrganization(o));
  if (forbidden.length > 0)
    violations.push({
      ...{ code: 'user-organization-forbidden', field, got: listed(forbidden) },
      allowed: `printable ASCII, and none that begins with system: except ${MASTERS}`,
      fix: 'leave out the organization',
    });
  const allowed = rule?.organizations ?? organizations;
  const foreign = organizations.filter((o) => isUserOrganization(o) && !allowed.includes(o));
  if (foreign.length > 0)
    violations.push({
      ...{ code: 'user-organization', field, got: listed(foreign), allowed: listed(allowed) },
      fix: 'leave out the organization, or add it to users.organizations in the cluster record',
    });
  return violations;
}

type Organizations = Subject['organizations'];

/**
 * Unambiguous ASCII: no white space, control characters or look-alikes, and no colon, which Kubernetes uses in names
 * with a special meaning (`system:node:x`, `system:serviceaccount:x:y`).
 */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,62}[A-Za-z0-9])?$/;
export const USER_NAME_RULE =
  "1 to 64 characters from A-Z, a-z, 0-9 and ._@+-, starting and ending with a letter or digit, and not one of kubeadm's names";

/** CNs that kubeadm binds to rights or that a component checks (`--requestheader-allowed-names`), of any CA. */
const RESERVED: ReadonlySet<string> = new Set([
  ...PROFILES.map(({ commonName }) => commonName),
  'kube-etcd',
  'kube-etcd-peer',
  'etcd-server',
  'etcd-peer',
  'kubernetes',
  'kubernetes-ca',
  'etcd-ca',
  'front-proxy-ca',
  'kubelet-ca',
]);

export function isUserName(text: string): boolean {
  return NAME.test(text) && !RESERVED.has(text.toLowerCase());
}

/** Printable ASCII without spaces at its ends; of `system:` only system:masters, which needs approval. */
export function isUserOrganization(text: string): boolean {
  if (!/^[!-~](?:[ -~]{0,62}[!-~])?$/.test(text)) return false;
  return text === MASTERS || !text.toLowerCase().startsWith('system:');
}

export function usersNotAllowed(cluster: string): Violation {
  return {
    code: 'users-not-allowed',
    field: 'users',
    got: `missing in the record of ${cluster}`,
    allowed: 'a cluster whose record has users',
    fix: 'add users to the cluster record',
  };
}

function badValidity(got: string, rule: UserRule | undefined): Violation {
  const most = rule ? ` of at most ${formatDuration(rule.maxValiditySeconds)}` : '';
  return {
    code: 'validity-period',
    field: 'validityPeriod',
    got: quote(got) || '(empty)',
    allowed: `a duration in hours, minutes and seconds${most}`,
    fix: 'request a shorter --validity-period, or raise users.maxValidityPeriod in the cluster record',
  };
}
