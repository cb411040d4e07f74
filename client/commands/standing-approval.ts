import { formatDuration } from '../../lib/duration.ts';
import type { GivenStanding } from '../../lib/policy/approval.ts';
import { listed } from '../../lib/printable.ts';
import type { CertificateName } from '../../lib/profiles/certificate-names.ts';
import {
  grantStanding,
  previewStanding,
  readStanding,
  type StandingList,
  standingName,
  withdrawStanding,
} from '../approvals/standing.ts';
import type { StandingPlan } from '../approvals/standing-plan.ts';
import { type Column, formatTable, type Line } from '../table.ts';
import { type OutputFormat, printResult } from '../terminal.ts';
import { shellCommand } from '../wording/shell.ts';
import {
  type ApproverConnection,
  type ApproverDeps,
  confirmPlan,
  requireReason,
} from './decisions.ts';
import { failIfUnreadable } from './unreadable.ts';

export interface StandingOptions {
  readonly withdraw?: true;
  readonly maxValidityPeriod?: number;
  readonly reason?: string;
  readonly plan?: string;
  readonly dryRun?: true;
  readonly output: OutputFormat;
}

export async function standingApproval(
  deps: Deps,
  cluster: string,
  texts: readonly string[],
  options: StandingOptions,
): Promise<void> {
  const standing = await run(deps, cluster, texts.map(standingName), options);
  if (standing === undefined) return;
  const { approvals, unreadable } = standing;
  printResult(deps.terminal, options.output, approvals.map(asJson), () =>
    approvals.length === 0 && unreadable.length > 0 ? [] : describe(cluster, approvals),
  );
  failIfUnreadable(
    unreadable.map(({ approver, problem }) => `${approver}: ${problem}`),
    `no standing approval of the cluster counts until its author has run cakeless standing-approval ${cluster} --withdraw`,
  );
}

interface Deps extends ApproverDeps {
  readonly connection: ApproverConnection;
}

/** @returns the standing approvals after it; undefined after a dry run, which prints its own result */
async function run(
  { connection, terminal, prompt, clock }: Deps,
  cluster: string,
  names: readonly CertificateName[],
  { withdraw, maxValidityPeriod, reason, plan, dryRun, output }: StandingOptions,
): Promise<StandingList | undefined> {
  const deps = { ...connection, now: clock.now };
  const giveReason = () => requireReason(prompt, reason);
  if (withdraw) return withdrawStanding(deps, cluster, names, giveReason);
  const options = { names, maxValiditySeconds: maxValidityPeriod };
  if (dryRun) {
    const preview = await previewStanding(await connection.authority(), cluster, options);
    printResult(terminal, output, preview, () => describePlan(preview));
    return undefined;
  }
  if (names.length === 0) return readStanding(await connection.authority(), cluster);
  return grantStanding(deps, cluster, options, async (shown) => {
    await confirmPlan({ terminal, prompt }, plan, {
      digest: shown.plan,
      description: describePlan(shown),
      command: commandFor(cluster, names, maxValidityPeriod, reason),
    });
    return giveReason();
  });
}

function commandFor(
  cluster: string,
  names: readonly CertificateName[],
  maxValiditySeconds: number | undefined,
  reason = 'TEXT',
): string {
  const period =
    maxValiditySeconds === undefined
      ? []
      : ['--max-validity-period', formatDuration(maxValiditySeconds)];
  const words = ['standing-approval', cluster, ...names, ...period, '--reason', reason];
  return shellCommand('cakeless', ...words);
}

function describePlan({ cluster, grants, plan, consequences }: StandingPlan): string[] {
  return [
    `standing approval for cluster ${cluster}, until it is withdrawn:`,
    ...formatTable(
      ['CERTIFICATE', 'TRUST DOMAIN', 'ORGANIZATIONS', 'LONGEST VALIDITY'],
      grants.map(({ certificateName, trustDomain, organizations, maxValiditySeconds }) => [
        certificateName,
        trustDomain,
        listed(organizations),
        formatDuration(maxValiditySeconds),
      ]),
    ),
    ...consequences,
    `plan: ${plan}`,
  ];
}

/** What each approver decided. */
const asJson = ({ approver, document: { grants, denials } }: GivenStanding) => ({
  approver,
  grants,
  denials,
});

const COLUMNS: readonly Column[] = [
  'APPROVER',
  { title: 'DECISION', cut: 'end' },
  'CERTIFICATE',
  { title: 'TRUST DOMAIN', drop: 3 },
  { title: 'ORGANIZATIONS', cut: 'end', drop: 4 },
  { title: 'LONGEST VALIDITY', drop: 2 },
  { title: 'SINCE', drop: 1 },
  { title: 'REASON', cut: 'end', drop: 5 },
];

function describe(cluster: string, standing: readonly GivenStanding[]): Line[] {
  const lines = standing.flatMap(({ approver, document: { grants, denials } }) => [
    ...grants.map((grant) => [
      approver,
      isDenied(standing, grant) ? 'granted, but withdrawn by another approver' : 'granted',
      grant.certificateName,
      grant.trustDomain,
      listed(grant.organizations),
      formatDuration(grant.maxValiditySeconds),
      grant.decidedAt,
      grant.reason ?? '',
    ]),
    ...denials.map(({ certificateName, decidedAt, reason = '' }) => [
      approver,
      'withdrawn',
      certificateName,
      '',
      '',
      '',
      decidedAt,
      reason,
    ]),
  ]);
  return lines.length === 0
    ? [`cluster ${cluster} has no standing approval`]
    : [{ columns: COLUMNS, rows: lines }];
}

const isDenied = (
  standing: readonly GivenStanding[],
  { certificateName }: { readonly certificateName: CertificateName },
): boolean =>
  standing.some(({ document }) =>
    document.denials.some((denial) => denial.certificateName === certificateName),
  );
