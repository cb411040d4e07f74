/** `cakeless pending`, `approve` and `deny`: their options. */
import type { Command } from 'commander';
import type { DecisionOptions, PendingOptions } from '../commands/approvals.ts';
import type { ApproverConnection, ApproverDeps } from '../commands/decisions.ts';
import { tableOutputOption } from '../options.ts';
import { planOption, reasonOption } from './decision-options.ts';
import { clusterOption } from './place-options.ts';

export function addApprovalCommands(
  program: Command,
  connection: ApproverConnection,
  approver: ApproverDeps,
): void {
  program
    .command('pending')
    .description('list the requests that need approval')
    .addOption(clusterOption('list the requests of this cluster only'))
    .addOption(tableOutputOption())
    .action(async (options: PendingOptions) => {
      const { printPending } = await import('../commands/approvals.ts');
      await printPending(connection, approver, options);
    });
  program
    .command('approve <request>')
    .description(
      'approve a pending request: shows what would be issued and asks; REQUEST is its key, as `cakeless pending` prints it',
    )
    .addOption(reasonOption('the reason, for the record'))
    .addOption(planOption())
    .action(async (request: string, options: DecisionOptions) => {
      const { approveRequest } = await import('../commands/approvals.ts');
      await approveRequest(connection, approver, request, options);
    });
  program
    .command('deny <request>')
    .description('deny a pending request; REQUEST is its key, as `cakeless pending` prints it')
    .addOption(reasonOption('the reason, which is shown to the node'))
    .action(async (request: string, options: DecisionOptions) => {
      const { denyRequest } = await import('../commands/approvals.ts');
      await denyRequest(connection, approver, request, options);
    });
}
