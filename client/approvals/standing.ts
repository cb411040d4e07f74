/** Standing approvals: certificate names of a cluster that are signed without an approval for each request. */

import { requireRecordOf } from '../../lib/cluster/read-record.ts';
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import {
  parseStandingApprovalKey,
  type StandingApproval,
  type StandingGrant,
  standingApprovalKey,
  standingApprovalSchema,
  standingApprovalsPrefix,
} from '../../lib/contract/approvals.ts';
import { mayStand } from '../../lib/contract/request-kinds.ts';
import { standingGrantFor } from '../../lib/policy/standing-grant.ts';
import { CERTIFICATE_NAMES, type CertificateName } from '../../lib/profiles/certificate-names.ts';
import {
  checkDocument,
  formatDocument,
  readDocument,
  readJsonObject,
} from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { readRecord } from '../read-record.ts';
import { writeOver } from '../write-over.ts';

/** What to do with the names; `withdraw` without names withdraws all. */
export interface StandingChange {
  readonly action: 'grant' | 'withdraw';
  readonly names: readonly CertificateName[];
  /** `aws:userid` of the approver: IAM lets an approver write only keys that end in it. */
  readonly approver: string;
}

export interface GivenStanding {
  /** `aws:userid` */
  readonly approver: string;
  readonly approval: StandingApproval;
}

/** The standing approvals of a cluster, by approver. @throws CommandError if the cluster has no record */
export async function readStanding(
  authority: ObjectStore,
  cluster: string,
): Promise<GivenStanding[]> {
  await readRecord(authority, cluster);
  const given: GivenStanding[] = [];
  for await (const { key } of authority.list(standingApprovalsPrefix(cluster))) {
    const approver = parseStandingApprovalKey(key)?.approver;
    const approval = await readDocument(authority, key, standingApprovalSchema);
    if (approver !== undefined && approval) given.push({ approver, approval });
  }
  return given;
}

/**
 * Changes the approver's own standing approval.
 * @returns the approval after the change, written only if the change makes a difference; undefined if there is no approval
 * @throws CommandError if the cluster has no record; conflict if someone else changed the approval in the meantime
 */
export async function changeStanding(
  authority: ObjectStore,
  cluster: string,
  { action, names, approver }: StandingChange,
  now: Date,
): Promise<StandingApproval | undefined> {
  const key = standingApprovalKey(cluster, approver);
  const object = await readJsonObject(authority, key);
  const current = object && checkDocument(object.value, key, standingApprovalSchema);
  const record = requireRecordOf(cluster, parseClusterRecord(await readRecord(authority, cluster)));
  const before = current?.grants ?? [];
  const decidedAt = now.toISOString();
  const given =
    action === 'grant' ? names.map((name) => ({ ...grantFor(name, record), decidedAt })) : [];
  const fresh = given.filter((grant) => !before.some((known) => isSame(known, grant)));
  const grants =
    action === 'grant'
      ? [...before.filter((known) => !fresh.some((grant) => replaces(grant, known))), ...fresh]
      : before.filter((known) => names.length > 0 && !names.includes(known.certificateName));
  if (fresh.length === 0 && grants.length === before.length) return current;
  const approval = { cluster, grants, denials: current?.denials ?? [] };
  if (await writeOver(authority, key, formatDocument(approval), object?.object.eTag))
    return approval;
  throw new CommandError(
    'conflict',
    `cluster ${cluster}: someone else changed the standing approval while this command was running; nothing was written`,
    `run cakeless standing-approval ${cluster} to see what is approved now, then run the same command again`,
  );
}

function grantFor(name: CertificateName, record: ClusterRecord) {
  const grant = standingGrantFor(name, record);
  if (grant) return grant;
  throw new CommandError(
    'usage',
    `${name}: kubeadm has no such certificate in Kubernetes ${record.kubernetesVersionText}`,
  );
}

function replaces(grant: StandingGrant, known: StandingGrant): boolean {
  return grant.certificateName === known.certificateName;
}

function isSame(known: StandingGrant, grant: StandingGrant): boolean {
  return (
    replaces(grant, known) &&
    known.trustDomain === grant.trustDomain &&
    known.organizations.join() === grant.organizations.join() &&
    known.maxValiditySeconds === grant.maxValiditySeconds
  );
}

/** @throws CommandError if the text is not a certificate name, or one that must be approved each time */
export function standingName(text: string): CertificateName {
  const name = CERTIFICATE_NAMES.find((candidate) => candidate === text);
  if (!name) throw new CommandError('usage', `${text}: not one of ${CERTIFICATE_NAMES.join(', ')}`);
  if (mayStand(name)) return name;
  throw new CommandError(
    'usage',
    `${name}: cannot have a standing approval: its holder bypasses all authorization, and every run of generate-csr requests one`,
    'approve each request with cakeless approve',
  );
}
