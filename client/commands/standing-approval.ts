/** `cakeless standing-approval`: names of a cluster that an approver lets be signed without asking again. */
import type { Command } from 'commander';
import {
  type StandingApproval,
  standingApprovalKey,
  standingApprovalSchema,
} from '../../lib/contract/approvals.ts';
import { clusterRecordKey, clusterRecordSchema } from '../../lib/contract/cluster-record.ts';
import { mayStand } from '../../lib/contract/request-kinds.ts';
import { CERTIFICATE_NAMES, type CertificateName } from '../../lib/profiles/certificate-names.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { approverOption, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';

export function addStandingApprovalCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  program
    .command('standing-approval')
    .description(
      'let certificate names of a cluster be signed without asking again (admin.conf and apiserver-kubelet-client up to 1.28); without names, show them',
    )
    .argument('<cluster>', 'the cluster', subdomain)
    .argument('[names...]', 'certificate names')
    .option('--withdraw', 'take these names out again; all, if none is given')
    .addOption(approverOption())
    .action((cluster: string, names: string[], options: { withdraw?: true; as: string }) =>
      standingApproval(connection, terminal, cluster, names, options),
    );
}

async function standingApproval(
  connection: Connection,
  terminal: Terminal,
  cluster: string,
  names: string[],
  options: { withdraw?: true; as: string },
): Promise<void> {
  const authority = await connection.authority();
  const key = standingApprovalKey(cluster);
  const named = names.map(checkName);
  const stands = await readDocument(authority, key, standingApprovalSchema);
  const before = stands?.certificateNames ?? [];
  const after = options.withdraw
    ? before.filter((name) => named.length > 0 && !named.includes(name))
    : [...new Set([...before, ...named])];
  const record = await readDocument(authority, clusterRecordKey(cluster), clusterRecordSchema);
  if (!record) throw new CommandError('usage', `there is no record of cluster ${cluster}`);
  const { trustDomain } = record;
  const approval: StandingApproval = {
    cluster,
    trustDomain,
    certificateNames: after,
    approver: options.as,
    decidedAt: new Date().toISOString(),
  };
  const unchanged = after.join() === before.join() && stands?.trustDomain === trustDomain;
  const asked = options.withdraw || named.length > 0;
  if (!unchanged && asked) await authority.put(key, formatDocument(approval), JSON_TYPE);
  terminal.print(describeStanding(asked || !stands ? approval : stands));
}

function describeStanding({
  cluster,
  trustDomain,
  certificateNames,
  approver,
}: StandingApproval): string {
  if (certificateNames.length === 0) return `cluster ${cluster} has no standing approval`;
  return `cluster ${cluster} has a standing approval by ${approver ?? 'an approver'} for ${certificateNames.join(', ')}, in trust domain ${trustDomain}`;
}

function checkName(text: string): CertificateName {
  const name = CERTIFICATE_NAMES.find((candidate) => candidate === text);
  if (!name)
    throw new CommandError('usage', `${text}: is not one of ${CERTIFICATE_NAMES.join(', ')}`);
  if (!mayStand(name))
    throw new CommandError(
      'usage',
      `${name}: can't have a standing approval`,
      'every generate-csr makes one, and its holder is above all authorization: approve each by itself',
    );
  return name;
}
