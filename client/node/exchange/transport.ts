/** Which way a node's requests go, by its options: the bucket, an invitation, or a file. */
import type { Connection } from '../../connection.ts';
import { CommandError } from '../../errors.ts';
import { readCakelessYaml } from '../state/cakeless-yaml.ts';
import { whoIsThis } from '../state/settings.ts';
import { CarriedExchange, readAnswer } from './carried.ts';
import type { Exchange } from './exchange.ts';
import { InvitedExchange, placeOfInvitation, readInvitation } from './invitation.ts';
import type { RequestPlace } from './outcomes.ts';

export interface WayOptions extends Partial<RequestPlace> {
  readonly invitation?: string;
  readonly from?: string;
  /** As of `readCakelessYaml`: what the other options leave open, where neither file is given. */
  readonly nodeConfig?: string;
}

export interface Way {
  readonly exchange: Exchange;
  readonly place: Omit<RequestPlace, 'request'> & { readonly request?: string };
}

/** @throws CommandError if the options say too little, or something else than the file */
export async function findWay(
  connection: Connection,
  options: WayOptions,
  now: Date,
): Promise<Way> {
  const { invitation: file, from } = options;
  if (file !== undefined && from !== undefined)
    throw new CommandError('usage', 'only one of --invitation and --from can be given');
  if (file !== undefined) {
    const invitation = readInvitation(file, now);
    const place = agreed(file, placeOfInvitation(invitation), options);
    return { exchange: new InvitedExchange(invitation), place };
  }
  if (from !== undefined) {
    const answer = readAnswer(from);
    const { cluster, node, request } = answer;
    const place = agreed(from, { cluster, node, request }, options);
    return { exchange: new CarriedExchange(answer), place };
  }
  const config = readCakelessYaml(options.nodeConfig);
  const { request } = options;
  const place = {
    ...whoIsThis({ cluster: options.cluster ?? config.cluster, node: options.node ?? config.node }),
    ...(request !== undefined && { request }),
  };
  return { exchange: await connection.exchange(config), place };
}

/** The place that a file names. @throws CommandError if the options say another one */
export function agreed(
  file: string,
  place: RequestPlace,
  options: Partial<RequestPlace>,
): RequestPlace {
  for (const name of ['cluster', 'node', 'request'] as const) {
    const given = options[name];
    if (given !== undefined && given !== place[name])
      throw new CommandError('usage', `${file}: is for ${name} ${place[name]}, not ${given}`);
  }
  return place;
}
