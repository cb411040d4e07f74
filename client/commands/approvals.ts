/** `cakeless pending`, `approve` and `deny`: the commands of an approver. */
import type { Command } from 'commander';
import { decide } from '../approvals/decide.ts';
import { listPending, type PendingRequest } from '../approvals/pending.ts';
import type { Buckets } from '../buckets.ts';
import { systemClock } from '../clock.ts';
import { CommandError } from '../errors.ts';
import { approverOption, outputOption } from '../options.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { clusterOption } from './place-options.ts';

interface DecisionOptions {
  reason?: string;
  as: string;
}

export function addApprovalCommands(program: Command, buckets: Buckets, terminal: Terminal): void {
  program
    .command('pending')
    .description('list the requests that need approval')
    .addOption(clusterOption('list the requests of this cluster only'))
    .addOption(outputOption())
    .action(async ({ cluster, output }: { cluster?: string; output: OutputFormat }) => {
      const { requests, unreadable } = await listPending(await buckets.exchange(), cluster);
      printResult(terminal, output, requests, () =>
        requests.length === 0 && unreadable.length > 0 ? [] : describe(requests),
      );
      if (unreadable.length > 0)
        throw new CommandError(
          'failure',
          [`${unreadable.length} not listed, because they cannot be read:`, ...unreadable],
          'update cakeless; if that does not help, upload the CSRs under a new request id',
        );
    });
  program
    .command('approve <request>')
    .description('approve a pending request; REQUEST is its key, as `cakeless pending` prints it')
    .option('--reason <text>', 'the reason, for the record')
    .addOption(approverOption())
    .action(async (request: string, { reason, as: approver }: DecisionOptions) => {
      const decision = { decision: 'approve', reason, approver } as const;
      const decided = await decide(buckets, request, decision, systemClock.now());
      terminal.print(`approved ${nameOf(decided)}`);
    });
  program
    .command('deny <request>')
    .description('deny a pending request; REQUEST is its key, as `cakeless pending` prints it')
    .requiredOption('--reason <text>', 'the reason, which is shown to the node')
    .addOption(approverOption())
    .action(async (request: string, { reason, as: approver }: DecisionOptions) => {
      const decision = { decision: 'deny', reason, approver } as const;
      const decided = await decide(buckets, request, decision, systemClock.now());
      terminal.print(`denied ${nameOf(decided)}`);
    });
}

const nameOf = ({ address, certificateName }: Awaited<ReturnType<typeof decide>>): string =>
  `${certificateName} of ${address.cluster}/${address.node} (${address.key})`;

const HEADER = [
  'REQUEST',
  'CERTIFICATE',
  'SUBJECT',
  'TRUST DOMAIN',
  'UPLOADER',
  'SINCE',
  'WAITING FOR',
];

function describe(requests: readonly PendingRequest[]): string[] {
  if (requests.length === 0) return ['no request needs approval'];
  const rows = requests.map((pending) => [
    pending.request,
    pending.certificateName,
    pending.subject,
    pending.trustDomain,
    pending.uploader ?? 'unknown',
    pending.since,
    pending.waitingFor,
  ]);
  return formatTable(HEADER, rows);
}
