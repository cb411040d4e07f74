/** Creates the invitation file for one request of one node. */
import { existsSync } from 'node:fs';
import { findNode } from '../../lib/cluster/find-node.ts';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import { Fault } from '../../lib/fault.ts';
import { writeDurably } from '../../lib/files/durable-file.ts';
import type { CertificateName } from '../../lib/profiles/certificate-names.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { Buckets } from '../buckets.ts';
import { CommandError } from '../errors.ts';
import type { Invitation } from '../node/exchange/invitation.ts';
import { newRequestId } from '../node/exchange/request-id.ts';
import { readRecord } from '../read-record.ts';
import type { Terminal } from '../terminal.ts';
import { makeInvitation } from './make-invitation.ts';

export interface InviteOptions {
  readonly cluster: string;
  readonly node: string;
  readonly request: string | undefined;
  readonly names: readonly CertificateName[];
  /** If undefined, that of the cluster record. */
  readonly trustDomain: string | undefined;
  /** If undefined, a day, or as long as the credentials are valid. */
  readonly expiresSeconds: number | undefined;
  readonly out: string;
}

/**
 * @param bucket name of the exchange bucket, which the URLs contain
 * @throws CommandError if the file exists, the trust domain is not known, or the lifetime is too long
 */
export async function invite(
  buckets: Buckets,
  bucket: string,
  terminal: Terminal,
  options: InviteOptions,
  now: Date,
): Promise<Invitation> {
  const { request = newRequestId(now), out } = options;
  if (existsSync(out))
    throw new CommandError(
      'usage',
      `${out}: already exists`,
      'choose another file with --out, or delete it',
    );
  const trustDomain = options.trustDomain ?? (await trustDomainOf(buckets, terminal, options));
  const { newPresigningClient } = await import('../../lib/aws/clients.ts');
  const client = newPresigningClient();
  const exchange = await buckets.exchange();
  const wanted = { ...options, request, trustDomain };
  const invitation = await makeInvitation(client, bucket, exchange, wanted, now);
  client.destroy();
  await writeDurably(out, formatDocument(invitation));
  return invitation;
}

async function trustDomainOf(
  buckets: Buckets,
  terminal: Terminal,
  { cluster, node }: InviteOptions,
): Promise<string> {
  const document = await readOwnRecord(buckets, cluster);
  const { record } = parseClusterRecord(document);
  if (record && !findNode(record, node))
    terminal.progress(
      `warning: node ${node} is not in the record of cluster ${cluster}; its requests will be rejected`,
    );
  return document.trustDomain;
}

/**
 * @throws CommandError that suggests --trust-domain to a caller without access to the authority bucket, such as a node
 */
async function readOwnRecord(buckets: Buckets, cluster: string): Promise<ClusterRecordDocument> {
  const hint = `give the trust domain of ${cluster} with --trust-domain, or use credentials that can read its cluster record`;
  let authority: ObjectStore | undefined;
  try {
    authority = await buckets.authority();
    return await readRecord(authority, cluster);
  } catch (error) {
    if (error instanceof CommandError && authority === undefined)
      throw new CommandError(error.code, error.message, hint);
    if (error instanceof Fault && error.code === 'not-allowed')
      throw new CommandError('denied', error.message, hint);
    throw error;
  }
}
