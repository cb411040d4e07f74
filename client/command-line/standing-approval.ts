/** `cakeless standing-approval`: its options. */
import { Argument, type Command, Option } from 'commander';
import { CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import type { ApproverConnection, ApproverDeps } from '../commands/decisions.ts';
import type { StandingOptions } from '../commands/standing-approval.ts';
import { durationSeconds, subdomain, tableOutputOption } from '../options.ts';
import { suggest } from '../suggestions.ts';
import { planOption, reasonOption } from './decision-options.ts';

export function addStandingApprovalCommand(
  program: Command,
  connection: ApproverConnection,
  approver: ApproverDeps,
): void {
  program
    .command('standing-approval')
    .description(
      'approve certificate names of a cluster until further notice (meant for admin.conf and apiserver-kubelet-client up to Kubernetes 1.28); without names, show what is approved',
    )
    .argument('<cluster>', 'the cluster', subdomain)
    .addArgument(suggest(new Argument('[names...]', 'certificate names'), CERTIFICATE_NAMES))
    .addOption(
      new Option(
        '--max-validity-period <duration>',
        'the longest validity to approve (default: the current validity in the cluster record)',
      )
        .argParser(durationSeconds)
        .conflicts('withdraw'),
    )
    .option('--withdraw', 'withdraw the approval of these names, or of all names if none are given')
    .addOption(reasonOption('the reason, for the record'))
    .addOption(planOption().conflicts('withdraw'))
    .addOption(
      new Option('--dry-run', 'show what would be approved, and its plan').conflicts('withdraw'),
    )
    .addOption(tableOutputOption())
    .action(async (cluster: string, names: string[], options: StandingOptions) => {
      const { standingApproval } = await import('../commands/standing-approval.ts');
      await standingApproval({ connection, ...approver }, cluster, names, options);
    });
}
