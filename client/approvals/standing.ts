/** Standing approvals: certificate names of a cluster that are signed without an approval for each request. */

import {
  type StandingApproval,
  standingApprovalKey,
  standingApprovalSchema,
} from '../../lib/contract/approvals.ts';
import { mayStand } from '../../lib/contract/request-kinds.ts';
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
  readonly approver: string;
}

/** @throws CommandError if the cluster has no record */
export async function readStanding(
  authority: ObjectStore,
  cluster: string,
): Promise<StandingApproval | undefined> {
  await readRecord(authority, cluster);
  return readDocument(authority, standingApprovalKey(cluster), standingApprovalSchema);
}

/**
 * @returns the approval after the change, written only if the change makes a difference; undefined if the cluster has no approval
 * @throws CommandError if the cluster has no record; conflict if someone else changed the approval in the meantime
 */
export async function changeStanding(
  authority: ObjectStore,
  cluster: string,
  { action, names, approver }: StandingChange,
  now: Date,
): Promise<StandingApproval | undefined> {
  const key = standingApprovalKey(cluster);
  const object = await readJsonObject(authority, key);
  const current = object && checkDocument(object.value, key, standingApprovalSchema);
  const { trustDomain } = await readRecord(authority, cluster);
  const moved = current !== undefined && current.trustDomain !== trustDomain;
  // An approval for another trust domain has no effect: written again for this one, its names would be granted.
  const before = current === undefined || moved ? [] : current.certificateNames;
  const certificateNames =
    action === 'grant'
      ? [...new Set([...before, ...names])]
      : before.filter((name) => names.length > 0 && !names.includes(name));
  if (!moved && certificateNames.join() === before.join()) return current;
  const decidedAt = now.toISOString();
  const approval = { cluster, trustDomain, certificateNames, approver, decidedAt };
  if (await writeOver(authority, key, formatDocument(approval), object?.object.eTag))
    return approval;
  throw new CommandError(
    'conflict',
    `cluster ${cluster}: someone else changed the standing approval while this command was running; nothing was written`,
    `run cakeless standing-approval ${cluster} to see what is approved now, then run the same command again`,
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
