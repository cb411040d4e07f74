/** `cakeless invite`: presigned URLs for one request of one node, in a file. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { findNode } from '../../lib/cluster/find-node.ts';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import { clusterRecordKey, clusterRecordSchema } from '../../lib/contract/cluster-record.ts';
import { ENVIRONMENT } from '../../lib/environment-names.ts';
import { Fault } from '../../lib/fault.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { CERTIFICATE_NAMES, isCertificateName } from '../../lib/profiles/certificate-names.ts';
import { formatDocument, readDocument } from '../../lib/store/documents.ts';
import type { Connection } from '../connection.ts';
import { CommandError } from '../errors.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { makeInvitation } from '../operator/make-invitation.ts';
import { collect, durationSeconds, subdomain } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { clusterOption, newRequestOption, nodeOption, required } from './place-options.ts';

interface InviteOptions {
  cluster: string;
  node: string;
  request?: string;
  name?: string[];
  trustDomain?: string;
  expiresIn?: number;
  out: string;
}

export function addInviteCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  program
    .command('invite')
    .description('make a file with which a node without AWS credentials can submit and fetch once')
    .addOption(required(clusterOption()))
    .addOption(required(nodeOption('the node')))
    .requiredOption(
      '--out <file>',
      'the invitation; whoever has it can ask in the name of the node',
    )
    .addOption(newRequestOption())
    .option(
      '--name <certificate>',
      'a certificate name; may be given several times (default: all)',
      collect,
    )
    .option(
      '--trust-domain <name>',
      "the cluster's trust domain (default: as its record says)",
      subdomain,
    )
    .option(
      '--expires-in <duration>',
      'how long it is good: 168h at most, and not longer than the AWS credentials (default: 24h)',
      durationSeconds,
    )
    .action((options: InviteOptions) => invite(connection, terminal, options));
}

async function invite(
  connection: Connection,
  terminal: Terminal,
  options: InviteOptions,
): Promise<void> {
  const now = new Date();
  const {
    cluster,
    node,
    out,
    request = newRequestId(now),
    name: names = [...CERTIFICATE_NAMES],
  } = options;
  const unknown = names.filter((name) => !isCertificateName(name));
  if (unknown.length > 0)
    throw new CommandError(
      'usage',
      `${unknown.join(', ')}: is not one of ${CERTIFICATE_NAMES.join(', ')}`,
    );
  if (existsSync(out)) throw new CommandError('usage', `${out}: is there already`);
  const trustDomain =
    options.trustDomain ?? (await trustDomainOf(connection, terminal, cluster, node));
  const { newPresigningClient } = await import('../../lib/aws/clients.ts');
  const client = newPresigningClient();
  const bucket = process.env[ENVIRONMENT.exchangeBucket] ?? '';
  const invitation = await makeInvitation(
    client,
    bucket,
    await connection.exchange(),
    {
      ...{ cluster, node, request, trustDomain },
      names: names.filter(isCertificateName),
      expiresSeconds: options.expiresIn,
    },
    now,
  );
  client.destroy();
  await writeDurably(out, formatDocument(invitation));
  terminal.print(
    `invitation for request ${request} of ${cluster}/${node}, until ${invitation.expiresAt}: ${out}`,
  );
  terminal.progress(
    'it ends earlier if the AWS credentials that signed it do. Whoever has the file can ask in the name of the node',
  );
  if (options.name)
    terminal.progress(`it is for ${names.join(', ')} alone: submit a folder without other CSRs`);
}

async function trustDomainOf(
  connection: Connection,
  terminal: Terminal,
  cluster: string,
  node: string,
): Promise<string> {
  const document = await recordOf(connection, cluster);
  if (!document) throw new CommandError('usage', `there is no record of cluster ${cluster}`);
  const { record } = parseClusterRecord(document);
  if (record && !findNode(record, node))
    terminal.progress(
      `warning: the record of ${cluster} knows no node ${node}: what it asks for will be refused`,
    );
  return document.trustDomain;
}

/** @throws CommandError that names --trust-domain if these credentials are not for the authority bucket, as a node's are not */
async function recordOf(connection: Connection, cluster: string) {
  try {
    const authority = await connection.authority();
    return await readDocument(authority, clusterRecordKey(cluster), clusterRecordSchema);
  } catch (error) {
    const isMissing = error instanceof CommandError;
    if (!isMissing && !(error instanceof Fault && error.code === 'not-allowed')) throw error;
    throw new CommandError(
      isMissing ? 'usage' : 'denied',
      error.message,
      `the record says the trust domain of ${cluster}; without access to it, give --trust-domain`,
    );
  }
}
