/** Everything about one request that an approver or an auditor decides by. */

import type { CsrObject } from '../../lib/certificates-api/csr-object.ts';
import { readClusterRecord } from '../../lib/cluster/read-record.ts';
import {
  type DecisionRecord,
  decisionRecordSchema,
  recordKey,
} from '../../lib/contract/decision-record.ts';
import { type CountedApproval, readPending } from '../../lib/contract/outcomes.ts';
import { issuedNameOf, outcomeKeys, type RequestAddress } from '../../lib/contract/request-key.ts';
import { formatName } from '../../lib/csr/alternative-names.ts';
import { digestOfObject } from '../../lib/csr/forbidden-upload.ts';
import { readUpload } from '../../lib/csr/read-upload.ts';
import { certificateFields } from '../../lib/issuance/certificate-fields.ts';
import { LIMITS } from '../../lib/limits.ts';
import type { Uncounted } from '../../lib/policy/approval.ts';
import type { PlanTerms } from '../../lib/policy/plan-digest.ts';
import { isKubeletName } from '../../lib/profiles/certificate-names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore, StoredObject } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { describeSubject } from '../wording/csrs.ts';
import { type ComparedField, compareWithRecord } from './comparison.ts';
import { describeConsequence } from './consequence.ts';
import { type ApprovablePlan, type Examined, examine } from './examine.ts';
import { findReplaced, type ReplacedCertificate } from './replaced.ts';
import { type Weighed, weigh } from './weigh.ts';

interface Stores {
  readonly exchange: ObjectStore;
  readonly authority: ObjectStore;
}

/** What would be issued, and what that means. */
export interface ShownPlan {
  /** The digest that an approval names. */
  readonly plan: string;
  readonly certificate: Omit<PlanTerms, 'request' | 'csrSha256' | 'cluster' | 'certificateName'> & {
    readonly caVersion: number;
    /** If it were issued now. */
    readonly notAfter: string;
  };
  readonly consequence: string;
}

export interface ShownApprovals {
  readonly required: number;
  readonly counted: readonly CountedApproval[];
  readonly uncounted: readonly Uncounted[];
  readonly denied?: { readonly by: string; readonly reason: string };
}

export interface ShownPending extends Partial<ShownPlan> {
  readonly since: string;
  /** undefined if the event of the upload was lost. */
  readonly uploader?: string | undefined;
  readonly waitingFor: string;
  readonly approvals?: ShownApprovals;
  /** Why it cannot be approved as it is. */
  readonly problems: readonly string[];
}

export interface ShownDecision {
  readonly decidedAt: string;
  readonly uploader: string | undefined;
  readonly serialNumber?: string;
  readonly notAfter?: string;
  readonly approvedBy?: readonly string[];
  readonly deniedBy?: string;
  readonly violations?: readonly string[];
}

export interface ShownRequest {
  readonly request: string;
  readonly cluster: string;
  readonly node: string;
  readonly certificateName: string | undefined;
  readonly state: 'pending' | 'issued' | 'rejected' | 'no-outcome';
  readonly csr?: {
    readonly sha256: string;
    readonly subject: string;
    readonly names: readonly string[];
    readonly key: string;
  };
  /** Of a CSR of the certificates API, as the forwarder says. */
  readonly api?: ShownApiRequest;
  /** What the CSR requests, next to what the cluster record expects. */
  readonly comparison?: readonly ComparedField[];
  readonly pending?: ShownPending;
  readonly decision?: ShownDecision;
  /** The node's last certificate of this name. */
  readonly replaces?: ReplacedCertificate;
}

export interface ShownApiRequest {
  readonly name: string;
  readonly uid: string;
  readonly signerName: string;
  readonly usages: readonly string[];
  /** Who created it in the cluster. */
  readonly requester: { readonly username: string; readonly groups: readonly string[] };
  readonly expirationSeconds?: number;
  readonly conditions: readonly string[];
}

/** @throws CommandError if there is neither a CSR nor a decision */
export async function showRequest(
  stores: Stores,
  address: RequestAddress,
  now: Date,
): Promise<ShownRequest> {
  const { exchange, authority } = stores;
  const [object, pending, decision, replaces] = await Promise.all([
    exchange.get(address.key, LIMITS.maxObjectBytes),
    readPending(exchange, outcomeKeys(address).pending),
    readDocument(authority, recordKey(address.key), decisionRecordSchema),
    findReplaced(authority, address),
  ]);
  if (!object && !pending && !decision)
    throw new CommandError(
      'usage',
      `${address.key}: no such request: it was never uploaded, or has expired`,
      'run cakeless pending to list the requests that need approval',
    );
  const { key: request, cluster, node } = address;
  // a record decides, even if the pending document has not been deleted yet
  const isPending = pending !== undefined && decision === undefined;
  return {
    request,
    cluster,
    node,
    certificateName: issuedNameOf(address),
    state: decision ? STATES[decision.decision] : isPending ? 'pending' : 'no-outcome',
    ...(object && (await showCsr(authority, address, object))),
    ...(isPending && {
      pending: await showPending(stores, await examine(stores, address, pending, now), now),
    }),
    ...(decision && { decision: showDecision(decision) }),
    ...(replaces && { replaces }),
  };
}

const STATES = { issue: 'issued', reject: 'rejected' } as const;

/** Without a CSR that can be read there is nothing to compare. */
async function showCsr(
  authority: ObjectStore,
  address: RequestAddress,
  object: StoredObject,
): Promise<Pick<ShownRequest, 'csr' | 'comparison' | 'api'>> {
  const upload = readUpload(address.path, object.body);
  const { seen } = upload.csr;
  const { subject, names = [], key } = seen;
  const csr = {
    sha256: digestOfObject(object),
    subject: subject ? describeSubject(subject) : '',
    names: names.map(formatName),
    key: key?.kind ?? '',
  };
  const certificateName = issuedNameOf(address);
  const record = await readClusterRecord(authority, address.cluster);
  const about = { csr, ...(upload.object && { api: showApiRequest(upload.object) }) };
  // what a kubelet may request depends on rules, on all clusters of the trust domain, and on who asks
  const isKubelets = certificateName !== undefined && isKubeletName(certificateName);
  if (!record || certificateName === undefined || isKubelets) return about;
  return { ...about, comparison: compareWithRecord(seen, address, certificateName, record) };
}

export function showApiRequest({ metadata, spec, status }: CsrObject): ShownApiRequest {
  const { signerName, usages, username, groups, expirationSeconds } = spec;
  return {
    name: metadata.name,
    uid: metadata.uid,
    signerName,
    usages,
    requester: { username, groups },
    ...(expirationSeconds !== undefined && { expirationSeconds }),
    conditions: (status.conditions ?? []).map(({ type }) => type),
  };
}

async function showPending(
  { authority }: Stores,
  examined: Examined,
  now: Date,
): Promise<ShownPending> {
  const { pending, plan, problems } = examined;
  const { since, uploader, waitingFor } = pending;
  const about = { since, uploader, waitingFor, problems };
  if (!plan) return about;
  const weighed = await weigh(authority, examined, plan.toApprove);
  return { ...about, ...showPlan(plan, now), approvals: showApprovals(weighed) };
}

/** The date depends on when it is issued; everything else is what the digest covers. */
export function showPlan(plan: ApprovablePlan, now: Date): ShownPlan {
  const { request, csrSha256, cluster, certificateName, ...terms } = plan.terms;
  const { notAfter } = certificateFields(plan.plan, plan.ca, now, (count) => new Uint8Array(count));
  return {
    plan: plan.digest,
    certificate: { ...terms, caVersion: plan.ca.version, notAfter: notAfter.toISOString() },
    consequence: describeConsequence(plan.terms, notAfter),
  };
}

/** Which approvals count; after a denial, only the denial. */
export function showApprovals({ required, state }: Weighed): ShownApprovals {
  if (state.state === 'denied') {
    const { by, reason } = state;
    return { required, counted: [], uncounted: [], denied: { by, reason } };
  }
  const uncounted = state.state === 'waiting' ? state.uncounted : [];
  return { required, counted: state.by, uncounted };
}

function showDecision(record: DecisionRecord): ShownDecision {
  const { decidedAt, uploader } = record;
  if (record.decision === 'reject') {
    const violations = record.violations.map(
      ({ code, field, got }) => `${code}: ${field} is ${got}`,
    );
    const { deniedBy } = record;
    return { decidedAt, uploader, violations, ...(deniedBy !== undefined && { deniedBy }) };
  }
  const { serialNumber, notAfter } = record.certificate;
  const approvedBy = record.approval?.by.map(({ approver }) => approver);
  return { decidedAt, uploader, serialNumber, notAfter, ...(approvedBy && { approvedBy }) };
}
