/** `cakeless request show`: its options. */
import type { Command } from 'commander';
import type { ApproverConnection, ApproverDeps } from '../commands/decisions.ts';
import { outputOption } from '../options.ts';
import type { OutputFormat } from '../terminal.ts';

export function addRequestCommand(
  program: Command,
  connection: ApproverConnection,
  deps: Omit<ApproverDeps, 'prompt'>,
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
      const { printRequest } = await import('../commands/request.ts');
      await printRequest(connection, deps, text, output);
    });
}
