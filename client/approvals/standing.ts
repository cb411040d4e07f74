/** Standing approvals: certificate names of a cluster that are signed without an approval for each request. */
import { requireRecordOf } from '../../lib/cluster/read-record.ts';
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import {
  parseStandingApprovalKey,
  type StandingApproval,
  standingApprovalKey,
  standingApprovalSchema,
  standingApprovalsPrefix,
} from '../../lib/contract/approvals.ts';
import { mayStand } from '../../lib/contract/request-kinds.ts';
import { Fault } from '../../lib/fault.ts';
import type { GivenStanding } from '../../lib/policy/approval.ts';
import { CERTIFICATE_NAMES, type CertificateName } from '../../lib/profiles/certificate-names.ts';
import {
  checkDocument,
  formatDocument,
  orMalformed,
  parseDocumentObject,
  readDocument,
  readDocumentObject,
} from '../../lib/store/documents.ts';
import type { BucketObject, ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { readRecord } from '../read-record.ts';
import { mapSideBySide } from '../side-by-side.ts';
import { writeOver } from '../write-over.ts';
import { type GrantOptions, planStanding, type StandingPlan } from './standing-plan.ts';

export interface StandingDeps {
  authority(): Promise<ObjectStore>;
  /** The approver's own `aws:userid`. */
  userId(): Promise<string>;
  now(): Date;
}

export interface StandingList {
  readonly approvals: readonly GivenStanding[];
  /** Objects that cannot be read, and why. While there is one, no standing approval of the cluster counts. */
  readonly unreadable: readonly { readonly approver: string; readonly problem: string }[];
}

/** What every approver allows and denies. @throws CommandError if the cluster has no record */
export async function readStanding(authority: ObjectStore, cluster: string): Promise<StandingList> {
  await readRecord(authority, cluster);
  return readAll(authority, cluster);
}

async function readAll(authority: ObjectStore, cluster: string): Promise<StandingList> {
  const found: { key: string; approver: string }[] = [];
  for await (const { key } of authority.list(standingApprovalsPrefix(cluster))) {
    const name = parseStandingApprovalKey(key);
    if (name) found.push({ key, approver: name.approver });
  }
  const read = await mapSideBySide(found, async ({ key, approver }) => {
    const document = await readDocument(authority, key, standingApprovalSchema).catch(orMalformed);
    if (document instanceof Fault) return { approver, problem: document.message };
    return document && { approver, document };
  });
  const known = read.filter((one) => one !== undefined);
  return {
    approvals: known.flatMap(({ approver, document }) =>
      document ? [{ approver, document }] : [],
    ),
    unreadable: known.flatMap(({ approver, problem }) => (problem ? [{ approver, problem }] : [])),
  };
}

/** What `grantStanding` would grant. @throws CommandError if the cluster has no record */
export async function previewStanding(
  authority: ObjectStore,
  cluster: string,
  options: GrantOptions,
): Promise<StandingPlan> {
  return planStanding(await readParsedRecord(authority, cluster), options);
}

async function readParsedRecord(authority: ObjectStore, cluster: string): Promise<ClusterRecord> {
  return requireRecordOf(cluster, parseClusterRecord(await readRecord(authority, cluster)));
}

/**
 * Grants what `confirm` accepts: the organizations and the validity of certificates as they are now, and nothing beyond.
 * @param confirm returns the reason, or throws
 * @returns the standing approvals after it
 * @throws CommandError if the cluster has no record, or another approver denies standing approvals of a name
 */
export async function grantStanding(
  deps: StandingDeps,
  cluster: string,
  options: GrantOptions,
  confirm: (plan: StandingPlan) => Promise<string>,
): Promise<StandingList> {
  const [authority, approver] = await Promise.all([deps.authority(), deps.userId()]);
  const plan = await previewStanding(authority, cluster, options);
  requireNotDenied(await readAll(authority, cluster), cluster, options.names, approver);
  const about = { reason: await confirm(plan), decidedAt: deps.now().toISOString() };
  const granted = plan.grants.map((terms) => ({ ...terms, ...about }));
  const isGranted = ({ certificateName }: Named) => options.names.includes(certificateName);
  await change(authority, cluster, approver, ({ grants, denials }) => ({
    grants: [...grants.filter((one) => !isGranted(one)), ...granted],
    denials: denials.filter((one) => !isGranted(one)),
  }));
  return readAll(authority, cluster);
}

/** An approval that would not count is refused when it is given. */
function requireNotDenied(
  { approvals, unreadable }: StandingList,
  cluster: string,
  names: readonly CertificateName[],
  approver: string,
): void {
  const [broken] = unreadable;
  if (broken)
    throw new CommandError(
      'denied',
      `cluster ${cluster}: no standing approval counts while that of ${broken.approver} cannot be read: ${broken.problem}`,
      `${broken.approver} has to replace it with cakeless standing-approval ${cluster} --withdraw`,
    );
  for (const { approver: other, document } of approvals) {
    const denial = document.denials.find(({ certificateName }) => names.includes(certificateName));
    if (!denial || other === approver) continue;
    throw new CommandError(
      'denied',
      `cluster ${cluster}: ${other} withdrew the standing approval of ${denial.certificateName}${denial.reason === undefined ? '' : ` (${denial.reason})`}`,
      `${other} has to grant it again, or approve each request with cakeless approve`,
    );
  }
}

/**
 * Withdraws the caller's own grants of these names, or of all names if none are given, and denies those of others.
 * @returns the standing approvals after it
 * @throws CommandError if the cluster has no record
 */
export async function withdrawStanding(
  deps: StandingDeps,
  cluster: string,
  names: readonly CertificateName[],
  reason: () => Promise<string>,
): Promise<StandingList> {
  const [authority, approver] = await Promise.all([deps.authority(), deps.userId()]);
  const standing = await readStanding(authority, cluster);
  const granted = standing.approvals.flatMap(({ approver: by, document }) =>
    document.grants
      .filter(({ certificateName }) => names.length === 0 || names.includes(certificateName))
      .map(({ certificateName }) => ({ by, certificateName })),
  );
  const isOwnBroken = standing.unreadable.some((one) => one.approver === approver);
  if (granted.length === 0 && !isOwnBroken) return standing;
  const isWithdrawn = ({ certificateName }: Named) =>
    granted.some((one) => one.certificateName === certificateName);
  const ofOthers = new Set(
    granted.filter(({ by }) => by !== approver).map(({ certificateName }) => certificateName),
  );
  const about = { reason: await reason(), decidedAt: deps.now().toISOString() };
  await change(authority, cluster, approver, ({ grants, denials }) => {
    const denied = new Set(denials.map(({ certificateName }) => certificateName));
    const more = [...ofOthers].filter((name) => !denied.has(name));
    return {
      grants: grants.filter((one) => !isWithdrawn(one)),
      denials: [...denials, ...more.map((certificateName) => ({ certificateName, ...about }))],
    };
  });
  return readAll(authority, cluster);
}

interface Named {
  readonly certificateName: CertificateName;
}

type Decisions = Pick<StandingApproval, 'grants' | 'denials'>;

/** Changes the approver's own object; nobody else can write it. */
async function change(
  authority: ObjectStore,
  cluster: string,
  approver: string,
  how: (before: Decisions) => Decisions,
): Promise<void> {
  const key = standingApprovalKey(cluster, approver);
  const object = await readDocumentObject(authority, key);
  const before = object && decisionsIn(object, key);
  const after = how({ grants: before?.grants ?? [], denials: before?.denials ?? [] });
  const document: StandingApproval = { cluster, ...after };
  if (await writeOver(authority, key, formatDocument(document), object?.eTag)) return;
  throw new CommandError(
    'conflict',
    `cluster ${cluster}: the standing approvals of ${approver} changed while this command was running; nothing was written`,
    `run cakeless standing-approval ${cluster} to see what is approved now, then run the same command again`,
  );
}

/** What cannot be read does not count, so it is withdrawn as a whole; `requireNotDenied` lets nobody grant over it. */
function decisionsIn(object: BucketObject, key: string): Decisions | undefined {
  try {
    return checkDocument(parseDocumentObject(object, key), key, standingApprovalSchema);
  } catch (error) {
    orMalformed(error);
    return undefined;
  }
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
