/**
 * A cluster does not move to another trust domain while a CA of either is being rotated. A rotation waits for the nodes and
 * objects of the clusters whose records name its trust domain, so it would go on without those of a cluster that has left,
 * and drop a CA that they need. The service sees only the new record, so only the command can tell.
 */
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { CommandError } from '../errors.ts';
import type { Neighbors } from './neighbors.ts';

/**
 * @param old the trust domain of the record that is replaced
 * @param accepted the trust domains whose rotation a person has accepted by name
 * @throws CommandError that names every rotation that is in the way
 */
export async function checkMove(
  neighbors: Pick<Neighbors, 'trustDomain'>,
  { cluster, trustDomain }: Pick<ClusterRecord, 'cluster' | 'trustDomain'>,
  old: string | undefined,
  accepted: readonly string[],
  warn: (line: string) => void,
): Promise<void> {
  if (old === undefined || old === trustDomain) return;
  const leaves = await describeRotation(neighbors, old, LEAVES);
  const joins = await describeRotation(neighbors, trustDomain, JOINS);
  const found = [...leaves, ...joins];
  for (const { name, why } of found) if (accepted.includes(name)) warn(`warning: ${why}`);
  const refused = found.filter(({ name }) => !accepted.includes(name));
  if (refused.length === 0) return;
  const names = refused.map(({ name }) => name);
  throw new CommandError(
    'usage',
    [
      `cluster ${cluster} cannot move from trust domain ${old} to ${trustDomain} now:`,
      ...refused.map(({ why }) => why),
    ],
    `finish or cancel the rotation first; ${names.map((name) => `cakeless trust-domain rotation ${name}`).join(' and ')} shows what is left to do. To move the cluster anyway, add ${names.map((name) => `--during-rotation ${name}`).join(' ')}`,
  );
}

const LEAVES =
  'the cluster would leave the trust domain, so the rotation would no longer wait for its nodes and objects, and would drop the old CA while they still need it';
const JOINS =
  'the cluster would join the trust domain, so the rotation would wait for all of its nodes, which trust neither CA yet';

async function describeRotation(
  neighbors: Pick<Neighbors, 'trustDomain'>,
  name: string,
  consequence: string,
): Promise<{ readonly name: string; readonly why: string }[]> {
  const rotation = (await neighbors.trustDomain(name))?.rotation;
  if (!rotation) return [];
  const { ca, phase } = rotation;
  return [
    {
      name,
      why: `${ca} of trust domain ${name} is being rotated (phase ${phase}): ${consequence}`,
    },
  ];
}
