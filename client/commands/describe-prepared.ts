/** Describes what `cakeless prepare` did, or would do. */
import { formatName } from '../../lib/csr/alternative-names.ts';
import { CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import type { PlannedCertificate } from '../node/prepare/plan.ts';
import type { PreparedCertificate } from '../node/prepare/preparation.ts';
import type { Prepared } from '../node/prepare/prepare-node.ts';
import type { Line } from '../table.ts';
import { describeSubject } from '../wording/csrs.ts';
import { describeOutcomes, type NamedOutcome } from '../wording/outcomes.ts';

export function describePrepared(result: Prepared): Line[] {
  const { certificates, trust, trustProblems, trustNotes, preflightProblems } = result;
  const isTrusted = trustProblems.length === 0;
  return [
    {
      columns: ['CERTIFICATE', 'STATE', 'EXPIRES', { title: 'FILE', drop: 1 }],
      rows: certificates.map((c) => [c.name, c.state, c.notAfter ?? '', c.file]),
    },
    ...trust.map(
      ({ ca, sha256, trustedBy, chain }) =>
        `${ca}: sha256:${sha256}, trusted by ${trustedBy}${chain === undefined ? '' : `; what is above it is in ${chain}`}`,
    ),
    ...describeOutcomes(
      certificates.map((certificate) => asOutcome(certificate, isTrusted)),
      { notDone: 'not written' },
    ),
    ...trustProblems.map((problem) => `nothing was written: ${problem}`),
    ...(isTrusted ? trustNotes : []),
    ...(isTrusted ? preflightProblems : []).map(
      ({ file, problem }) => `kubeadm would fail: ${file}: ${problem}`,
    ),
    whatNext(result),
    ...(result.next !== undefined && certificates.some(({ name }) => name === CSRSIGNING_CONF)
      ? [THEN_CSRSIGNING]
      : []),
  ];
}

const THEN_CSRSIGNING =
  'then, for certificates of kubelets: cakeless csrsigning --rbac | kubectl apply -f -, once in each cluster, and cakeless install-csrsigning';

/** Without trust every certificate has the same problem, which `trustProblems` explains. */
function asOutcome(
  { request, problems, ...certificate }: PreparedCertificate,
  isTrusted: boolean,
): NamedOutcome {
  return { ...certificate, requestKey: request, problems: isTrusted ? problems : [] };
}

function whatNext({ next, trustProblems }: Prepared): string {
  if (next !== undefined) return `next: ${next}`;
  return trustProblems.length > 0
    ? 'find out which CAs are the right ones (operators: cakeless trust-domain show NAME), then run the command again with their hashes or certificates; nothing is requested twice'
    : 'resolve the above, then run the same command again';
}

/** A certificate in place needs neither a key nor a CSR. */
export interface PlannedRow {
  readonly name: string;
  readonly subject: string;
  readonly names: readonly string[];
  readonly key?: string;
  readonly csr?: string;
  readonly state: string;
}

export function planRows(planned: readonly PlannedCertificate[]): PlannedRow[] {
  return planned.map(({ name, contents, keyKind, isInPlace, privateKey, csr }) => ({
    name,
    subject: describeSubject(contents.subject),
    names: contents.names.map(formatName),
    ...(!isInPlace && {
      key: privateKey === undefined ? keyKind : 'exists',
      csr: csr === undefined ? 'would be created' : 'exists',
    }),
    state: isInPlace ? 'exists' : 'would be requested',
  }));
}

export const describePlan = (rows: readonly PlannedRow[]): Line[] => [
  {
    columns: [
      'CERTIFICATE',
      'STATE',
      { title: 'SUBJECT', cut: 'end', drop: 2 },
      { title: 'KEY', drop: 1 },
      { title: 'NAMES', cut: 'end' },
    ],
    rows: rows.map((c) => [c.name, c.state, c.subject, c.key ?? '', c.names.join(', ')]),
  },
  '(dry run: nothing was written or sent)',
];
