/** Describes a request to the person who decides about it: `cakeless request show`, and `approve` before it asks. */
import { signerOf } from '../../lib/certificates-api/signers.ts';
import { formatName } from '../../lib/csr/alternative-names.ts';
import { formatDuration } from '../../lib/duration.ts';
import { USER_NAME } from '../../lib/profiles/certificate-names.ts';
import type {
  ShownApiRequest,
  ShownApprovals,
  ShownDecision,
  ShownPending,
  ShownPlan,
  ShownRequest,
} from '../approvals/show.ts';
import { formatTable } from '../table.ts';
import { describeSubject } from '../wording/csrs.ts';

type Row = readonly [what: string, value: string];

/** One line for each thing, with the values in one column. */
function rows(found: readonly Row[]): string[] {
  const width = Math.max(0, ...found.map(([what]) => what.length)) + 2;
  return found.map(([what, value]) => `${`${what}:`.padEnd(width)} ${value}`);
}

export function describeRequest(request: ShownRequest): string[] {
  const { cluster, node, certificateName = 'unknown', csr, pending, decision } = request;
  const consequence = pending?.consequence;
  return [
    ...rows([
      ['request', request.request],
      ['certificate', `${certificateName} of ${cluster}/${node}`],
      ['state', request.state],
      ...(csr ? [['CSR', csr.sha256] as const] : []),
      ...(request.api ? describeApiRequest(request.api) : []),
      ...(pending ? describeUpload(pending) : []),
      ...(decision ? describeDecision(decision) : []),
      ...(pending ? describePlan(pending) : []),
      ['replaces', describeReplaced(request)],
    ]),
    ...describeComparison(request),
    ...(pending ? describeFourEyes(request.api) : []),
    ...(pending?.problems ?? []).map((problem) => `cannot be approved as it is: ${problem}`),
    ...(consequence === undefined ? [] : ['', consequence]),
  ];
}

/** The forwarder's word, except for the CSR in it. */
function describeApiRequest(api: ShownApiRequest): Row[] {
  const { username, groups } = api.requester;
  const { expirationSeconds, conditions } = api;
  const validity =
    expirationSeconds === undefined ? '' : `, for ${formatDuration(expirationSeconds)}`;
  return [
    ['object', `${api.name}, uid ${api.uid}`],
    ['signer', `${api.signerName}, usages ${api.usages.join(', ') || 'none'}${validity}`],
    ['requester', `${username} in ${groups.join(', ') || 'no group'}`],
    ['conditions', conditions.join(', ') || 'none'],
  ];
}

/**
 * The uploader, whose approval does not count, is the forwarder here: nothing else keeps people from approving their own
 * CSRs.
 */
function describeFourEyes(api: ShownApiRequest | undefined): string[] {
  if (!api || signerOf(api.signerName)?.certificateName !== USER_NAME) return [];
  return [
    `requested in the cluster by ${api.requester.username}, who must not approve it: Cakeless cannot compare a user of Kubernetes with an approver`,
  ];
}

/** What an approver has to see before `approve` asks. */
export function describeReview(
  request: string,
  api: ShownApiRequest | undefined,
  about: Pick<ShownPending, 'uploader' | 'since' | 'waitingFor'>,
  plan: ShownPlan,
  approvals: ShownApprovals,
): string[] {
  return [
    ...rows([
      ['request', request],
      ...(api ? describeApiRequest(api) : []),
      ...describeUpload(about),
      ...describePlan({ ...plan, approvals }),
    ]),
    ...describeFourEyes(api),
    plan.consequence,
  ];
}

function describeUpload({
  uploader,
  since,
  waitingFor,
}: Pick<ShownPending, 'uploader' | 'since' | 'waitingFor'>): Row[] {
  return [
    ['uploader', uploader ?? 'unknown, because the event of the upload was lost'],
    ['since', since],
    ['waiting for', waitingFor],
  ];
}

function describePlan({ plan, certificate, approvals }: Partial<ShownPending>): Row[] {
  if (plan === undefined || certificate === undefined) return [];
  const { dnsNames, ipAddresses, validitySeconds, notAfter } = certificate;
  const names = [
    ...dnsNames.map((value) => formatName({ type: 'DNS', value })),
    ...ipAddresses.map((value) => formatName({ type: 'IP', value })),
  ];
  const { ca, caVersion, trustDomain, extendedKeyUsages } = certificate;
  return [
    ['CA', `${ca} (version ${caVersion}) of trust domain ${trustDomain}`],
    ['subject', describeSubject(certificate)],
    ['names', names.join(', ') || 'none'],
    ['usages', extendedKeyUsages.join(', ')],
    ['validity', `${formatDuration(validitySeconds)}, until ${notAfter} if it is issued now`],
    ['plan', plan],
    ...(approvals ? [['approvals', describeApprovals(approvals)] as const] : []),
  ];
}

function describeApprovals({ required, counted, uncounted, denied }: ShownApprovals): string {
  if (denied) return `denied by ${denied.by}: ${denied.reason}`;
  const by = counted.map(({ approver, kind }) =>
    kind === 'standing' ? `${approver} (standing)` : approver,
  );
  return [
    `${counted.length} of ${required}${by.length > 0 ? `: ${by.join(', ')}` : ''}`,
    ...uncounted.map(({ approver, reason }) => `that of ${approver} does not count: ${reason}`),
  ].join('; ');
}

function describeDecision(decision: ShownDecision): Row[] {
  const { decidedAt, uploader, serialNumber, notAfter, approvedBy, deniedBy, violations } =
    decision;
  return [
    ['uploader', uploader ?? 'unknown'],
    ['decided', decidedAt],
    ...(serialNumber === undefined ? [] : [['serial number', serialNumber] as const]),
    ...(notAfter === undefined ? [] : [['valid until', notAfter] as const]),
    ...(approvedBy === undefined ? [] : [['approved by', approvedBy.join(', ')] as const]),
    ...(deniedBy === undefined ? [] : [['denied by', deniedBy] as const]),
    ...(violations ?? []).map((violation) => ['violation', violation] as const),
  ];
}

function describeReplaced({ replaces, node }: ShownRequest): string {
  if (!replaces) return `nothing: the ledger has no earlier certificate of this name for ${node}`;
  const { serialNumber, notAfter, request } = replaces;
  return `${serialNumber}, ${describeSubject(replaces)}, of ${request}; it stays valid until ${notAfter}`;
}

function describeComparison({ comparison = [] }: ShownRequest): string[] {
  if (comparison.length === 0) return [];
  return [
    '',
    ...formatTable(
      ['FIELD', 'IN THE CSR', 'THE CLUSTER RECORD EXPECTS'],
      comparison.map(({ field, requested, expected }) => [field, requested || '-', expected]),
    ),
  ];
}
