/**
 * Policy for certificates of users (`cakeless kubeconfig user`): the cluster record's rule for users decides. The API
 * server knows a client by CN (user) and O (groups) alone, so neither may be one that Kubernetes gives a meaning.
 */

import { fitsPattern } from '../cluster/find-node.ts';
import type { ClusterRecord, UserRule } from '../cluster/record.ts';
import { formatName } from '../csr/alternative-names.ts';
import type { DoorResult } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { formatDuration, parseDurationSeconds } from '../duration.ts';
import { USER_NAME } from '../profiles/certificate-names.ts';
import { PROFILES, USER_PROFILE } from '../profiles/profiles.ts';
import { listed, quote, type Violation } from '../refusal/violation.ts';
import {
  type Judgement,
  judgeKey,
  judgeUploader,
  MASTERS,
  MASTERS_REASON,
} from './judge-request.ts';

export interface UserContext {
  readonly record: ClusterRecord;
  readonly uploader: string | undefined;
  /** `validity-period` of the object's metadata; undefined asks for the rule's maxValidityPeriod. */
  readonly validityPeriod: string | undefined;
}

export function judgeUserRequest(
  { request, seen, violations: ofDoor }: DoorResult,
  { record, uploader, validityPeriod }: UserContext,
): Judgement {
  const rule = record.users;
  const violations: Violation[] = [...ofDoor];
  if (!rule) violations.push(notAllowed(record.cluster));
  else violations.push(...judgeUploader(uploader, rule.uploaders));
  if (seen.key) violations.push(...judgeKey(seen.key, record));
  if (seen.subject) violations.push(...judgeUser(seen.subject, rule));
  if (seen.names && seen.names.length > 0)
    violations.push({
      code: 'san-not-allowed',
      field: 'subjectAltName',
      got: listed(seen.names.map(formatName)),
      allowed: 'none',
      fix: 'a client certificate carries no names',
    });
  const validitySeconds =
    validityPeriod === undefined ? rule?.maxValiditySeconds : parseDurationSeconds(validityPeriod);
  const unreadable = validityPeriod !== undefined && validitySeconds === undefined;
  if (unreadable || (rule && validitySeconds && validitySeconds > rule.maxValiditySeconds))
    violations.push(badValidity(validityPeriod ?? '', rule));
  if (violations.length > 0 || !request || !rule || !validitySeconds) return { violations };
  return {
    plan: {
      certificateName: USER_NAME,
      profile: USER_PROFILE,
      subject: request.subject,
      names: [],
      key: request.key,
      validitySeconds,
      approvalReason: approvalReason(request.subject, rule),
      ...(rule.approvers.length > 0 && { approvers: rule.approvers }),
    },
    violations: [],
  };
}

/**
 * Invariant: system:masters of `ca` is never signed without an approver, whatever the rule says. Neither are the groups
 * that kubeadm binds to rights of its own, kubeadm:cluster-admins above all (kubernetes#121305).
 */
function approvalReason({ organizations }: Subject, rule: UserRule): string | undefined {
  if (organizations.includes(MASTERS)) return MASTERS_REASON;
  const ofKubeadm = organizations.find((name) => name.toLowerCase().startsWith('kubeadm:'));
  if (ofKubeadm !== undefined) return `O=${ofKubeadm} is a group of kubeadm's own`;
  return rule.approvalRequired ? "the cluster record's rule for users wants it" : undefined;
}

function judgeUser(subject: Subject, rule: UserRule | undefined): Violation[] {
  const { commonName, organizations } = subject;
  const violations: Violation[] = [];
  const patterns = rule?.namePatterns ?? [];
  const fits =
    patterns.length === 0 || patterns.some((pattern) => fitsPattern(commonName, pattern));
  if (!isUserName(commonName) || !fits)
    violations.push({
      code: 'user-name',
      field: 'subject.commonName',
      got: quote(commonName) || '(none)',
      allowed: `${USER_NAME_RULE}${fits ? '' : `, like ${listed(patterns)}`}`,
      fix: "choose another --client-name, or widen users.namePatterns in the cluster record; names of the cluster's own components are nobody's",
    });
  // Without a rule there is no list; what no rule could list is named all the same.
  const allowed = rule?.organizations ?? organizations;
  const foreign = organizations.filter((o) => !isUserOrganization(o) || !allowed.includes(o));
  if (foreign.length > 0)
    violations.push({
      code: 'user-organization',
      field: 'subject.organizations',
      got: listed(foreign),
      allowed: listed(rule?.organizations ?? []),
      fix: 'leave the organisation out, or list it in users.organizations of the cluster record',
    });
  return violations;
}

/**
 * ASCII that cannot be mistaken: no white space, control characters or look-alikes, and no colon, which in Kubernetes
 * sets names with a meaning apart (`system:node:x`, `system:serviceaccount:x:y`).
 */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._@+-]{0,62}[A-Za-z0-9])?$/;
export const USER_NAME_RULE =
  "1 to 64 of A-Z, a-z, 0-9 and ._@+-, the first and last a letter or digit, and none of kubeadm's own names";

/** CNs that kubeadm binds to rights or that a component looks for (`--requestheader-allowed-names`), of any CA. */
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
]);

export function isUserName(text: string): boolean {
  return NAME.test(text) && !RESERVED.has(text.toLowerCase());
}

/** Printable ASCII without spaces at its ends; of `system:` only system:masters, which waits for an approver. */
export function isUserOrganization(text: string): boolean {
  if (!/^[!-~](?:[ -~]{0,62}[!-~])?$/.test(text)) return false;
  return text === MASTERS || !text.toLowerCase().startsWith('system:');
}

function notAllowed(cluster: string): Violation {
  return {
    code: 'users-not-allowed',
    field: 'users',
    got: `missing in the record of ${cluster}`,
    allowed: 'a cluster whose record has users',
    fix: 'add users to the cluster record (docs/cluster-record.md), then upload under a new request id',
  };
}

function badValidity(got: string, rule: UserRule | undefined): Violation {
  const most = rule ? `, ${formatDuration(rule.maxValiditySeconds)} at most` : '';
  return {
    code: 'validity-period',
    field: 'validityPeriod',
    got: quote(got) || '(empty)',
    allowed: `a duration in hours, minutes and seconds${most}`,
    fix: 'ask for less with --validity-period, or raise users.maxValidityPeriod in the cluster record',
  };
}
