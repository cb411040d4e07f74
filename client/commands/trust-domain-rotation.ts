/** `cakeless trust-domain rotate`, `rotation`, `approve`, `deny` and `declare-compromised`: wording and exit codes. */
import type { Waiver } from '../../lib/contract/rotation.ts';
import type { Phase } from '../../lib/contract/rotation-phases.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { ApprovedPhase } from '../../lib/rotating/rotation-request.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { approvePlan, denyPlan } from '../rotation/approve.ts';
import type { Rotated, RotationStatus, ShownPlan } from '../rotation/responses.ts';
import {
  declareCompromised as declare,
  readStatus,
  rotate as rotateCa,
} from '../rotation/rotate.ts';
import type { Column, Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { shellCommand } from '../wording/shell.ts';
import {
  type ApproverConnection,
  type ApproverDeps,
  confirmPlan,
  requireReason,
} from './decisions.ts';

export interface RotateOptions {
  readonly ca: CaName;
  readonly to: Phase;
  readonly compromised?: true;
  readonly waive?: readonly Waiver[];
  readonly key?: string;
  readonly keySpec?: string;
  readonly validityDays?: number;
  readonly ownRoot?: true;
  readonly dryRun?: true;
  readonly output: OutputFormat;
}

export async function rotate(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  options: RotateOptions,
): Promise<ExitCode> {
  const { ca, to, compromised = false, waive: waivers = [], dryRun = false, output } = options;
  const { key: keyId, keySpec, validityDays, ownRoot } = options;
  const newCa = {
    ...(keyId !== undefined && { keyId }),
    ...(keySpec !== undefined && { keySpec }),
    ...(validityDays !== undefined && { validityDays }),
    ...(ownRoot && { ownRoot }),
  };
  if (to !== 'trust' && (compromised || Object.keys(newCa).length > 0))
    throw new CommandError(
      'usage',
      '--compromised, --key, --key-spec, --validity-days and --own-root are only for --to trust',
      compromised
        ? 'run cakeless trust-domain declare-compromised if the rotation has already begun'
        : undefined,
    );
  const wanted = { trustDomain, ca, to, compromised, waivers, dryRun, newCa };
  const rotated = await rotateCa(connection, wanted);
  const isWaiting = rotated.missing.length > 0;
  terminal.progress(describeChange(rotated, to, dryRun));
  if (rotated.changed && rotated.phase !== 'stable')
    terminal.progress(
      `nodes follow with their next renewals; ${shellCommand('cakeless', 'trust-domain', 'rotation', trustDomain)} shows how far they are`,
    );
  printResult(terminal, output, rotated, () => describeFindings(rotated));
  return isWaiting ? EXIT.pending : EXIT.done;
}

function describeChange(rotated: Rotated, to: Phase, dryRun: boolean): string {
  const { trustDomain, ca, phase, changed, missing } = rotated;
  const what = `${ca} of trust domain ${trustDomain}`;
  if (changed) return `${what}: phase ${phase}`;
  if (missing.length > 0)
    return `${what}: phase ${phase}; nothing was changed: ${describeMissing(missing)} is missing`;
  if (phase === to) return `${what}: phase ${phase} already; nothing was changed`;
  return `${what}: would change from phase ${phase} to ${to}${dryRun ? ' (dry run)' : ''}`;
}

function describeMissing(missing: Rotated['missing']): string {
  if (missing.some(({ subject }) => subject === 'certificate'))
    return 'the certificate of the new CA';
  return missing.every(isApproval) ? 'an approval' : 'evidence';
}

/** No waiver covers a missing approval. */
const isApproval = ({ subject }: Rotated['missing'][number]): boolean =>
  subject === 'approval' || subject === 'denial';

/** In a fleet of a thousand clusters, thousands of things may be missing; the most important ones come first. */
const MOST_SHOWN = 50;

/** @param left how many the function has left out itself */
function describeRest(given: number, left: number): string[] {
  const more = Math.max(0, given - MOST_SHOWN) + left;
  if (more === 0) return [];
  return [`and ${more} more; -o json lists ${left > 0 ? `the first ${given}` : 'all'}`];
}

const MISSING: readonly Column[] = [
  'MISSING',
  { title: 'WHY', cut: 'end' },
  { title: 'TO FIX', cut: 'end', drop: 1 },
];

function describeFindings({
  missing,
  notes,
  progress,
  leftOut,
  plan,
}: Pick<Rotated, 'missing' | 'notes' | 'progress' | 'leftOut' | 'plan'>): Line[] {
  const rows = missing.slice(0, MOST_SHOWN).map(({ subject, why, fix }) => [subject, why, fix]);
  return [
    ...progress.map(({ what, done, of }) => `ready: ${done} of ${of} ${what}`),
    ...(missing.length > 0 ? [{ columns: MISSING, rows }] : []),
    ...describeRest(missing.length, leftOut.missing),
    ...notes.map((note) => `note: ${note}`),
    ...(leftOut.notes > 0 ? [`and ${leftOut.notes} more notes`] : []),
    ...(plan && missing.some(isApproval) ? describePlan(plan) : []),
    ...(plan && missing.some(({ subject }) => subject === 'approval')
      ? [`ask an approver to run: ${approveCommand(plan)} --plan ${plan.digest}`]
      : []),
  ];
}

/** What is approved, in full: neither shortened nor left out. */
function describePlan(plan: ShownPlan): string[] {
  const { trustDomain, ca, phase, from, to, crossTbsSha256, compromised, waivers, digest } = plan;
  return [
    phase === 'trust'
      ? `start of the rotation of ${ca} of trust domain ${trustDomain}: all nodes will trust a new CA beside the old one`
      : `${ca} of trust domain ${trustDomain}: all nodes will drop the old CA; what still needs it stops working`,
    `old CA: version ${from.version}, SHA-256 of the certificate ${from.sha256}`,
    `new CA: version ${to.version}, SHA-256 of the public key ${to.publicKeySha256}`,
    ...(to.notAfter === undefined
      ? []
      : [`new CA: valid until ${to.notAfter}, with the ${to.keySpec} key ${to.keyId}`]),
    ...(to.tbsSha256 === undefined
      ? []
      : [
          `new CA: SHA-256 of the certificate that will be signed (TBSCertificate): ${to.tbsSha256}`,
        ]),
    ...(to.sha256 === undefined ? [] : [`new CA: SHA-256 of the certificate ${to.sha256}`]),
    ...(to.above ?? []).map(
      ({ subject, sha256 }) => `above the new CA: ${subject}, SHA-256 of the certificate ${sha256}`,
    ),
    ...(phase === 'trust'
      ? [
          crossTbsSha256 === undefined
            ? 'no cross certificate: nodes accept the new CA only with --ca-cert-hash'
            : `cross certificate, with which nodes accept the new CA without a person; SHA-256 (TBSCertificate): ${crossTbsSha256}`,
        ]
      : []),
    ...(compromised ? ['the old CA is compromised: it cannot vouch for the new CA'] : []),
    ...waivers.map(({ subject, reason }) => `waived: ${subject}: ${reason}`),
    `plan: ${digest}`,
  ];
}

const approveCommand = (plan: ShownPlan, reason?: string): string =>
  planCommand('approve', plan, ...(reason === undefined ? [] : ['--reason', reason]));

/** With everything that makes it this plan: with another waiver, it is another one. */
function planCommand(verb: 'approve' | 'rotate', plan: ShownPlan, ...more: string[]): string {
  const { trustDomain, ca, phase, compromised, waivers } = plan;
  return shellCommand(
    ...['cakeless', 'trust-domain', verb, trustDomain, '--ca', ca, '--to', phase],
    ...(compromised && phase === 'trust' ? ['--compromised'] : []),
    ...waivers.flatMap(({ subject, reason }) => ['--waive', `${subject}=${reason}`]),
    ...more,
  );
}

export interface StatusOptions {
  readonly live?: boolean;
  readonly output: OutputFormat;
}

export async function rotation(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  { live = false, output }: StatusOptions,
): Promise<void> {
  const status = await readStatus(connection.invokeCreateCa, trustDomain, live);
  printResult(terminal, output, status, () => describeStatus(status));
}

function describeStatus(status: RotationStatus): Line[] {
  const { trustDomain, rotation, phase, evidence, leftOut, todo } = status;
  if (!rotation) return [`no CA of trust domain ${trustDomain} is being rotated`];
  const { ca, from, to, since, next, compromised } = rotation;
  return [
    `${ca} of trust domain ${trustDomain}: from version ${from} to version ${to}${compromised ? '; the old CA is compromised' : ''}`,
    `phase ${phase} since ${since}; next: ${next}`,
    ...(evidence?.isSummary
      ? [`as the daily check found it at ${evidence.at}; --live looks at all clusters now`]
      : []),
    ...describeFindings({ ...status, plan: undefined }),
    ...(status.plan ? [`plan of the next phase, without waivers: ${status.plan.digest}`] : []),
    ...(todo.length > 0 ? ['to do now:'] : []),
    ...todo.slice(0, MOST_SHOWN).map((what) => `- ${what}`),
    ...describeRest(todo.length, leftOut.todo ?? 0),
  ];
}

export async function declareCompromised(
  connection: Connection,
  terminal: Terminal,
  trustDomain: string,
  ca: CaName,
  output: OutputFormat,
): Promise<void> {
  const rotated = await declare(connection.invokeCreateCa, trustDomain, ca);
  terminal.progress(
    rotated.changed
      ? `declared the old ${ca} of trust domain ${trustDomain} compromised: it cannot vouch for the new CA`
      : `the old ${ca} of trust domain ${trustDomain} was declared compromised already; nothing was changed`,
  );
  terminal.progress(
    'nodes that do not have the new CA yet accept it only with --accept-ca-change and --ca-cert-hash',
  );
  printResult(terminal, output, rotated, () => describeFindings(rotated));
}

export interface PlanOptions {
  readonly ca: CaName;
  readonly to: ApprovedPhase;
  readonly compromised?: true;
  readonly waive?: readonly Waiver[];
  readonly plan?: string;
  readonly reason?: string;
}

export async function approveRotation(
  connection: ApproverConnection,
  { terminal, prompt, clock }: ApproverDeps,
  trustDomain: string,
  { plan: given, reason, ...options }: PlanOptions,
): Promise<void> {
  const deps = { ...connection, now: clock.now };
  const { plan, approver } = await approvePlan(
    deps,
    wantedBy(trustDomain, options),
    async (plan) => {
      await confirmPlan({ terminal, prompt }, given, {
        digest: plan.digest,
        description: describePlan(plan),
        command: approveCommand(plan, reason ?? 'TEXT'),
      });
      return requireReason(prompt, reason);
    },
  );
  terminal.progress(
    `approved as ${approver}; an operator continues with ${planCommand('rotate', plan)}`,
  );
}

export async function denyRotation(
  connection: ApproverConnection,
  { terminal, prompt, clock }: ApproverDeps,
  trustDomain: string,
  { plan: given, reason, ...options }: PlanOptions,
): Promise<void> {
  const deps = { ...connection, now: clock.now };
  const { approver } = await denyPlan(deps, wantedBy(trustDomain, options), (plan) => {
    if (given !== undefined && given !== plan.digest)
      throw new CommandError(
        'conflict',
        `not denied: the plan is not ${given}, but ${plan.digest}`,
      );
    for (const line of describePlan(plan)) terminal.progress(line);
    return requireReason(prompt, reason);
  });
  terminal.progress(`denied as ${approver}`);
}

const wantedBy = (
  trustDomain: string,
  { ca, to, compromised, waive = [] }: Omit<PlanOptions, 'plan' | 'reason'>,
) => ({ trustDomain, ca, to, compromised: compromised ?? false, waivers: waive });
