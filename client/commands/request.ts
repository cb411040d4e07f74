/** `cakeless request show`: what an approver decides about. */
import type { Command } from 'commander';
import { requestAddress } from '../approvals/request-address.ts';
import { showRequest } from '../approvals/show.ts';
import { openBoth } from '../buckets.ts';
import { outputOption } from '../options.ts';
import { type OutputFormat, printResult } from '../terminal.ts';
import type { ApproverConnection, ApproverDeps } from './decisions.ts';
import { describeRequest } from './describe-request.ts';

export function addRequestCommand(
  program: Command,
  connection: ApproverConnection,
  { terminal, clock }: Omit<ApproverDeps, 'prompt'>,
): void {
  program
    .command('request')
    .description('requests, for approvers and auditors')
    .command('show <request>')
    .description(
      'show what a request asks for, what would be issued, and what its holder could do; REQUEST is its key',
    )
    .addOption(outputOption())
    .action(async (text: string, { output }: { output: OutputFormat }) => {
      const address = requestAddress(text);
      const shown = await showRequest(await openBoth(connection), address, clock.now());
      printResult(terminal, output, shown, () => describeRequest(shown));
    });
}
