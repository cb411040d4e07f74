/** `cakeless trust-domain rotate`, `rotation`, `approve`, `deny` and `declare-compromised`: their options. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Waiver } from '../../lib/contract/rotation.ts';
import { APPROVED_PHASES, PHASES } from '../../lib/contract/rotation-phases.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { CA_KEY_SPECS } from '../../lib/signing/signing-algorithm.ts';
import type { PlanOptions } from '../commands/decide-rotation.ts';
import type { ApproverConnection, ApproverDeps } from '../commands/decisions.ts';
import type { DeclareOptions } from '../commands/declare-compromised.ts';
import type { RotateOptions, StatusOptions } from '../commands/trust-domain-rotation.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { days, subdomain, tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { planOption, reasonOption } from './decision-options.ts';

export function addRotationCommands(
  group: Command,
  connection: Connection,
  terminal: Terminal,
  approver: ApproverDeps,
  exit: (code: ExitCode) => void,
): void {
  addRotate(group, connection, terminal, exit);
  ofTrustDomain(group, 'rotation')
    .description('show how far the rotation of a CA is, what is missing, and what to do now')
    .option(
      '--live',
      'examine all clusters now, instead of showing what the daily check found; only for those who may call create-ca',
    )
    .addOption(tableOutputOption())
    .action(async (name: string, options: StatusOptions) => {
      const { rotation } = await import('../commands/trust-domain-rotation.ts');
      await rotation(connection, approver, name, options);
    });
  addDecisions(group, connection, approver);
  ofTrustDomain(group, 'declare-compromised')
    .description(
      'declare the old CA of a rotation compromised: from now on it cannot vouch for the new CA; this cannot be undone',
    )
    .addOption(caOption('the CA that is being rotated'))
    .option(
      '--confirm <version>',
      'declare only this version, as --dry-run names it, without asking; required in scripts',
    )
    .option('--dry-run', 'show what would change; change nothing')
    .addOption(tableOutputOption())
    .action(async (name: string, options: DeclareOptions) => {
      const { declareCompromised } = await import('../commands/declare-compromised.ts');
      await declareCompromised(connection, approver, name, options);
    });
}

function addRotate(
  group: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  ofTrustDomain(group, 'rotate')
    .description(
      'change the phase of the rotation of a CA, or show what is missing for it and change nothing',
    )
    .addOption(caOption('the CA'))
    .addOption(
      new Option(
        '--to <phase>',
        'the next phase: trust, issue, retire, stable; or the previous one, to go back',
      )
        .choices(PHASES)
        .makeOptionMandatory(),
    )
    .option('--compromised', 'with --to trust: the key of the old CA may have been stolen')
    .addOption(waiveOption('continue without this evidence'))
    .option('--key <arn>', 'with --to trust: use this KMS key for the new CA')
    .addOption(
      new Option(
        '--key-spec <spec>',
        'with --to trust: key spec of a new key (default: that of the old CA)',
      ).choices(CA_KEY_SPECS),
    )
    .option(
      '--validity-days <days>',
      'with --to trust: validity of the new CA certificate, if no CA above it issues that (default: 3650)',
      days,
    )
    .option(
      '--own-root',
      'with --to trust: the new CA is its own root, although the old one is below another CA',
    )
    .addOption(
      new Option(
        '--new-draft <version>',
        'with --to trust: abandon the draft of this version, which nobody has signed, and draft the next one',
      ).argParser((text: string) => {
        if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
        throw new InvalidArgumentError('must be the number of a version');
      }),
    )
    .option('--dry-run', 'show what is missing; change nothing')
    .addOption(tableOutputOption())
    .action(async (name: string, options: RotateOptions) => {
      const { rotate } = await import('../commands/trust-domain-rotation.ts');
      exit(await rotate(connection, terminal, name, options));
    });
}

function addDecisions(
  group: Command,
  connection: ApproverConnection,
  approver: ApproverDeps,
): void {
  addPlanOptions(ofTrustDomain(group, 'approve'))
    .description('approve the start of the rotation of a CA, or that nodes drop the old one')
    .addOption(reasonOption('the reason, for the record'))
    .addOption(planOption())
    .action(async (name: string, options: PlanOptions) => {
      const { approveRotation } = await import('../commands/decide-rotation.ts');
      await approveRotation(connection, approver, name, options);
    });
  addPlanOptions(ofTrustDomain(group, 'deny'))
    .description('deny the start of the rotation of a CA, or that nodes drop the old one')
    .addOption(reasonOption('the reason, for the record'))
    .option('--plan <digest>', 'deny only this plan')
    .action(async (name: string, options: PlanOptions) => {
      const { denyRotation } = await import('../commands/decide-rotation.ts');
      await denyRotation(connection, approver, name, options);
    });
}

const addPlanOptions = (command: Command): Command =>
  command
    .addOption(caOption('the CA'))
    .addOption(
      new Option('--to <phase>', 'the phase that the plan is for')
        .choices(APPROVED_PHASES)
        .makeOptionMandatory(),
    )
    .option('--compromised', 'with --to trust: the plan says that the old CA is compromised')
    .addOption(waiveOption('as the operator gives it to rotate'));

const ofTrustDomain = (group: Command, name: string): Command =>
  group.command(name).argument('<name>', 'the trust domain', subdomain);

const caOption = (what: string) =>
  new Option('--ca <name>', what).choices(CA_NAMES).makeOptionMandatory();

/** Of subject and reason, as in `waiverSchema`. */
const MAX_WAIVER_LENGTH = 512;

const waiveOption = (what: string) =>
  new Option(
    '--waive <subject=reason>',
    `${what}: what is missing, as rotate prints it, and why; may be given several times`,
  ).argParser((text: string, before: readonly Waiver[] = []): Waiver[] => {
    const at = text.indexOf('=');
    const [subject, reason] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    if (at < 1 || subject === '' || reason === '')
      throw new InvalidArgumentError('must be SUBJECT=REASON');
    if (subject.length > MAX_WAIVER_LENGTH || reason.length > MAX_WAIVER_LENGTH)
      throw new InvalidArgumentError(
        `SUBJECT and REASON may have ${MAX_WAIVER_LENGTH} characters each`,
      );
    return [...before, { subject, reason }];
  });
