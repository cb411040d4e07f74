import { shortRequestKey } from '../../lib/contract/request-key.ts';
import { readUpload } from '../../lib/csr/read-upload.ts';
import { formatDuration } from '../../lib/duration.ts';
import { type Approved, approve, type Decided, deny, type Review } from '../approvals/decide.ts';
import type { Examined } from '../approvals/examine.ts';
import { listPending } from '../approvals/pending.ts';
import { showApiRequest, showApprovals, showPlan } from '../approvals/show.ts';
import { openBoth } from '../buckets.ts';
import type { Column, Line } from '../table.ts';
import { type OutputFormat, printResult } from '../terminal.ts';
import { countOf } from '../wording/count.ts';
import { describeSubject } from '../wording/csrs.ts';
import { shellCommand } from '../wording/shell.ts';
import {
  type ApproverConnection,
  type ApproverDeps,
  confirmPlan,
  requireReason,
} from './decisions.ts';
import { describeReview } from './describe-request.ts';
import { failIfUnreadable } from './unreadable.ts';

export interface PendingOptions {
  readonly cluster?: string;
  readonly output: OutputFormat;
}

export interface DecisionOptions {
  readonly reason?: string;
  readonly plan?: string;
}

export async function printPending(
  connection: ApproverConnection,
  { terminal, clock }: ApproverDeps,
  { cluster, output }: PendingOptions,
): Promise<void> {
  const buckets = await openBoth(connection);
  const { requests, unreadable } = await listPending(buckets, cluster, clock.now());
  printResult(terminal, output, requests.map(asJson), () =>
    requests.length === 0 && unreadable.length > 0 ? [] : describe(requests),
  );
  failIfUnreadable(
    unreadable,
    'update cakeless; if that does not help, have the certificates requested again',
  );
}

export async function approveRequest(
  connection: ApproverConnection,
  { terminal, prompt, clock: { now } }: ApproverDeps,
  request: string,
  { reason, plan }: DecisionOptions,
): Promise<void> {
  const approved = await approve({ ...connection, now }, request, async (review) => {
    await confirmPlan({ terminal, prompt }, plan, {
      digest: review.plan.digest,
      description: describeFor(review, now()),
      command: shellCommand('cakeless', 'approve', request, '--reason', reason ?? 'TEXT'),
    });
    return requireReason(prompt, reason);
  });
  for (const line of describeApproved(approved)) terminal.print(line);
}

export async function denyRequest(
  connection: ApproverConnection,
  { terminal, prompt, clock: { now } }: ApproverDeps,
  request: string,
  { reason }: DecisionOptions,
): Promise<void> {
  const deps = { ...connection, now };
  const denied = await deny(deps, request, await requireReason(prompt, reason));
  terminal.print(`denied ${nameOf(denied)}`);
}

const nameOf = ({ address, certificateName }: Decided): string =>
  `${certificateName} of ${address.cluster}/${address.node} (${address.key})`;

function describeApproved(approved: Approved): string[] {
  const { count, required, address } = approved;
  const command = shellCommand('cakeless', 'approve', shortRequestKey(address.key));
  return [
    `approved ${nameOf(approved)}: ${count} of ${countOf(required, 'approval')}`,
    ...(count < required ? [`ask another approver to run: ${command}`] : []),
  ];
}

function describeFor({ examined, plan, ...weighed }: Review, now: Date): string[] {
  const { pending, address, object } = examined;
  const api = object && readUpload(address.path, object.body).object;
  const shown = showPlan(plan, now);
  return describeReview(
    address.key,
    api && showApiRequest(api),
    pending,
    shown,
    showApprovals(weighed),
  );
}

/** As computed here if possible; without `plan` the request cannot be approved as it is, and `problems` say why. */
function asJson({ address, pending, plan, problems }: Examined) {
  const { planDigest: _, ...published } = pending;
  return {
    ...published,
    ...plan?.terms,
    request: address.key,
    cluster: address.cluster,
    node: address.node,
    subject: describeSubject(plan?.terms ?? pending),
    ...(plan && problems.length === 0 && { plan: plan.digest }),
    problems,
  };
}

/** The next command needs the key of the request, which also contains the node. */
const COLUMNS: readonly Column[] = [
  { title: 'NODE', drop: 6 },
  'CERTIFICATE',
  { title: 'SUBJECT', cut: 'end', drop: 7 },
  { title: 'VALIDITY', drop: 4 },
  { title: 'TRUST DOMAIN', drop: 2 },
  { title: 'UPLOADER', cut: 'end', drop: 1 },
  { title: 'SINCE', drop: 3 },
  { title: 'APPROVALS', drop: 5 },
  'REQUEST',
];

function describe(requests: readonly Examined[]): Line[] {
  if (requests.length === 0) return ['no request needs approval'];
  const lines = requests.map(({ address, pending, plan }) => {
    const terms = plan?.terms ?? pending;
    return [
      `${address.cluster}/${address.node}`,
      terms.certificateName,
      describeSubject(terms),
      formatDuration(terms.validitySeconds),
      terms.trustDomain,
      pending.uploader ?? 'unknown',
      pending.since,
      `${pending.approvals.length} of ${pending.requiredApprovals}`,
      address.key,
    ];
  });
  const problems = requests.flatMap(({ address, problems: all }) =>
    all.map((problem) => `${address.key}: cannot be approved as it is: ${problem}`),
  );
  return [{ columns: COLUMNS, rows: lines }, ...problems];
}
