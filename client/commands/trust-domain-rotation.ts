/** `cakeless trust-domain rotate` and `rotation`: wording and exit codes. */
import type { Waiver } from '../../lib/contract/rotation.ts';
import type { Phase } from '../../lib/contract/rotation-phases.ts';
import { Fault } from '../../lib/fault.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Rotated, ShownPlan, ShownStatus } from '../rotation/responses.ts';
import { readLiveStatus, readRecordedStatus, rotate as rotateCa } from '../rotation/rotate.ts';
import type { Column, Line } from '../table.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { shellCommand } from '../wording/shell.ts';
import type { ApproverDeps } from './decisions.ts';
import { describeLastRotation } from './describe-last-rotation.ts';
import { approveCommand, describePlan } from './describe-plan.ts';
import { describeAge } from './describe-summary.ts';

export interface RotateOptions {
  readonly ca: CaName;
  readonly to: Phase;
  readonly compromised?: true;
  readonly waive?: readonly Waiver[];
  readonly key?: string;
  readonly keySpec?: string;
  readonly validityDays?: number;
  readonly ownRoot?: true;
  readonly newDraft?: number;
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
  const { key: keyId, keySpec, validityDays, ownRoot, newDraft: abandon } = options;
  const newCa = {
    ...(keyId !== undefined && { keyId }),
    ...(keySpec !== undefined && { keySpec }),
    ...(validityDays !== undefined && { validityDays }),
    ...(ownRoot && { ownRoot }),
    ...(abandon !== undefined && { abandon }),
  };
  if (to !== 'trust' && (compromised || Object.keys(newCa).length > 0))
    throw new CommandError(
      'usage',
      '--compromised, --key, --key-spec, --validity-days, --own-root and --new-draft are only for --to trust',
      compromised
        ? 'run cakeless trust-domain declare-compromised if the rotation has already begun'
        : undefined,
    );
  if (abandon !== undefined && dryRun)
    throw new CommandError('usage', '--new-draft cannot be combined with --dry-run');
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
    return `${what}: the phase is still ${phase}: ${describeMissing(missing)} is missing`;
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
}: Pick<ShownStatus, 'missing' | 'notes' | 'progress' | 'leftOut'> & {
  readonly plan?: ShownPlan | undefined;
}): Line[] {
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

export interface StatusOptions {
  readonly live?: boolean;
  readonly output: OutputFormat;
}

export async function rotation(
  connection: Connection,
  { terminal, clock }: Pick<ApproverDeps, 'terminal' | 'clock'>,
  trustDomain: string,
  { live = false, output }: StatusOptions,
): Promise<void> {
  const { now } = clock;
  const status = live
    ? await examineNow(connection, trustDomain)
    : await readStatus(connection, trustDomain, now);
  printResult(terminal, output, status, () => describeStatus(status, now()));
}

async function examineNow(
  { invokeCreateCa }: Connection,
  trustDomain: string,
): Promise<ShownStatus> {
  try {
    return await readLiveStatus(invokeCreateCa, trustDomain);
  } catch (error) {
    if (!isNotAllowed(error)) throw error;
    throw new CommandError(
      'denied',
      `these credentials may not call create-ca, which examines all clusters: ${error.message}`,
      'leave out --live to see what the daily check found',
    );
  }
}

const isNotAllowed = (error: unknown): error is Fault =>
  error instanceof Fault && error.code === 'not-allowed';

/** Until the daily check has looked after a change, all clusters are examined for those who may have it done. */
async function readStatus(
  { authority, invokeCreateCa }: Connection,
  trustDomain: string,
  now: () => Date,
): Promise<ShownStatus> {
  const recorded = await readRecordedStatus({ authority, now }, trustDomain);
  if (!recorded.rotation || recorded.evidence) return recorded;
  try {
    return await readLiveStatus(invokeCreateCa, trustDomain);
  } catch (error) {
    if (isNotAllowed(error)) return recorded;
    throw error;
  }
}

function describeStatus(status: ShownStatus, now: Date): Line[] {
  const { trustDomain, rotation, phase, evidence, leftOut, todo, plan } = status;
  if (!rotation)
    return [
      `no CA of trust domain ${trustDomain} is being rotated`,
      ...(status.lastRotations ?? []).flatMap(describeLastRotation),
    ];
  const { ca, from, to, since, next, compromised } = rotation;
  return [
    `${ca} of trust domain ${trustDomain}: from version ${from} to version ${to}${compromised ? '; the old CA is compromised' : ''}`,
    `phase ${phase} since ${since}; next: ${next}`,
    ...(evidence?.isSummary
      ? [
          `as the daily check found it at ${evidence.at}, ${describeAge(evidence.at, now)}; for operators, --live looks at all clusters now`,
        ]
      : []),
    ...(evidence ? [] : ['the daily check has not looked since the last change of the rotation']),
    ...describeFindings({ ...status, plan: undefined }),
    ...(plan ? [`plan of the next phase, without waivers: ${plan.digest}`] : []),
    ...(todo.length > 0 ? ['to do now:'] : []),
    ...todo.slice(0, MOST_SHOWN).map((what) => `- ${what}`),
    ...describeRest(todo.length, leftOut.todo ?? 0),
  ];
}
