/** How a node's requests travel: through the bucket, an invitation, or a file. */
import { CommandError } from '../../errors.ts';
import type { CakelessYaml } from '../state/cakeless-yaml.ts';
import { type NodeOptions, resolveSettings, whoIsThis } from '../state/settings.ts';
import type { Exchange } from './exchange.ts';
import { placeOfInvitation, readInvitation } from './invitation.ts';
import { InvitedExchange } from './invited-exchange.ts';
import type { NodePlace, RequestPlace } from './outcomes.ts';
import { RelayedExchange, readRelayFile } from './relay-file.ts';

export interface TransportOptions extends NodeOptions {
  readonly request?: string;
  /** File from `cakeless invite`. */
  readonly invitation?: string;
  /** File from `cakeless relay`. */
  readonly from?: string;
}

export interface Transport {
  readonly exchange: Exchange;
  readonly place: NodePlace & { readonly request?: string };
}

interface ExchangeSource {
  exchange(config: CakelessYaml): Promise<Exchange>;
}

/** @throws CommandError if the options are incomplete or contradict the file */
export async function openTransport(
  connection: ExchangeSource,
  options: TransportOptions,
  now: Date,
): Promise<Transport> {
  const { invitation, from } = options;
  if (invitation !== undefined && from !== undefined)
    throw new CommandError('usage', 'only one of --invitation and --from can be given');
  if (invitation !== undefined) return byInvitation(invitation, options, now);
  return from === undefined ? byBucket(connection, options) : byFile(from, options);
}

function byInvitation(file: string, options: TransportOptions, now: Date): Transport {
  const invitation = readInvitation(file, now);
  const place = checkPlace(file, placeOfInvitation(invitation), options);
  return { exchange: new InvitedExchange(invitation), place };
}

function byFile(file: string, options: TransportOptions): Transport {
  const relayed = readRelayFile(file);
  const { cluster, node, request } = relayed;
  const place = checkPlace(file, { cluster, node, request }, options);
  return { exchange: new RelayedExchange(relayed), place };
}

async function byBucket(connection: ExchangeSource, options: TransportOptions): Promise<Transport> {
  const settings = resolveSettings(options);
  const { request } = options;
  const place = { ...whoIsThis(settings), ...(request !== undefined && { request }) };
  return { exchange: await connection.exchange(settings.config), place };
}

/** The place that a file names. @throws CommandError if the options name another one */
export function checkPlace(
  file: string,
  place: RequestPlace,
  options: Partial<RequestPlace>,
): RequestPlace {
  for (const field of ['cluster', 'node', 'request'] as const) {
    const given = options[field];
    if (given !== undefined && given !== place[field])
      throw new CommandError(
        'usage',
        `${file}: belongs to ${field} ${place[field]}, not to ${given}`,
      );
  }
  return place;
}
