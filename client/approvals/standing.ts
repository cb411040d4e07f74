/** Standing approvals: certificate names of a cluster that are signed without an approval for each request. */

import {
  type StandingApproval,
  standingApprovalKey,
  standingApprovalSchema,
} from '../../lib/contract/approvals.ts';
import { clusterRecordKey, clusterRecordSchema } from '../../lib/contract/cluster-record.ts';
import { mayStand } from '../../lib/contract/request-kinds.ts';
import { CERTIFICATE_NAMES, type CertificateName } from '../../lib/profiles/certificate-names.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

/** What to do with the names; `withdraw` without names withdraws all. */
export interface StandingChange {
  readonly action: 'grant' | 'withdraw';
  readonly names: readonly CertificateName[];
  readonly approver: string;
}

/** @throws CommandError if the cluster has no record */
export async function readStanding(
  authority: ObjectStore,
  cluster: string,
): Promise<StandingApproval | undefined> {
  await recordOf(authority, cluster);
  return currentOf(authority, cluster);
}

/**
 * @returns the approval after the change, written only if the change makes a difference
 * @throws CommandError if the cluster has no record
 */
export async function changeStanding(
  authority: ObjectStore,
  cluster: string,
  { action, names, approver }: StandingChange,
  now: Date,
): Promise<StandingApproval> {
  const current = await currentOf(authority, cluster);
  const { trustDomain } = await recordOf(authority, cluster);
  const before = current?.certificateNames ?? [];
  const certificateNames =
    action === 'grant'
      ? [...new Set([...before, ...names])]
      : before.filter((name) => names.length > 0 && !names.includes(name));
  const decidedAt = now.toISOString();
  const approval = { cluster, trustDomain, certificateNames, approver, decidedAt };
  const unchanged =
    certificateNames.join() === before.join() && current?.trustDomain === trustDomain;
  if (!unchanged)
    await authority.put(standingApprovalKey(cluster), formatDocument(approval), JSON_TYPE);
  return approval;
}

const currentOf = (authority: ObjectStore, cluster: string) =>
  readDocument(authority, standingApprovalKey(cluster), standingApprovalSchema);

async function recordOf(authority: ObjectStore, cluster: string) {
  const record = await readDocument(authority, clusterRecordKey(cluster), clusterRecordSchema);
  if (record) return record;
  throw new CommandError('usage', `cluster ${cluster}: no such cluster record`);
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
