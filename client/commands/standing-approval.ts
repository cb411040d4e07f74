/** `cakeless standing-approval`: certificate names of a cluster that need no further approval. */
import type { Command } from 'commander';
import {
  changeStanding,
  type GivenStanding,
  readStanding,
  standingName,
} from '../approvals/standing.ts';
import type { Buckets } from '../buckets.ts';
import { systemClock } from '../clock.ts';
import { approverOption, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';

interface StandingOptions {
  withdraw?: true;
  as: string;
}

export function addStandingApprovalCommand(
  program: Command,
  buckets: Buckets,
  terminal: Terminal,
): void {
  program
    .command('standing-approval')
    .description(
      'approve certificate names of a cluster until further notice (meant for admin.conf and apiserver-kubelet-client up to Kubernetes 1.28); without names, show what is approved',
    )
    .argument('<cluster>', 'the cluster', subdomain)
    .argument('[names...]', 'certificate names')
    .option('--withdraw', 'withdraw the approval of these names, or of all names if none are given')
    .addOption(approverOption())
    .action(async (cluster: string, texts: string[], { withdraw, as }: StandingOptions) => {
      const names = texts.map(standingName);
      const authority = await buckets.authority();
      if (withdraw || names.length > 0)
        await changeStanding(
          authority,
          cluster,
          { action: withdraw ? 'withdraw' : 'grant', names, approver: as },
          systemClock.now(),
        );
      for (const line of describe(cluster, await readStanding(authority, cluster)))
        terminal.print(line);
    });
}

function describe(cluster: string, given: readonly GivenStanding[]): string[] {
  const lines = given.flatMap(({ approver, approval }) =>
    approval.grants.length === 0
      ? []
      : [
          `cluster ${cluster} has a standing approval by ${approver} for ${approval.grants.map(({ certificateName, trustDomain }) => `${certificateName} in trust domain ${trustDomain}`).join(', ')}`,
        ],
  );
  return lines.length > 0 ? lines : [`cluster ${cluster} has no standing approval`];
}
