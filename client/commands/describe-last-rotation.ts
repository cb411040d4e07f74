/** How the last rotation of a CA ended, in lines: with waivers, it proved less. */
import type { LastRotation } from '../../lib/rotating/rotation-request.ts';

/** Nobody reads more. */
const MOST_SHOWN = 20;

export function describeLastRotation(last: LastRotation): string[] {
  const { ca, from, to, endedAt, compromised, waivers, leftOut } = last;
  const what = `the last rotation of ${ca}, from version ${from} to ${to}${compromised ? ' (compromised)' : ''}`;
  const all = waivers.length + leftOut;
  if (all === 0) return [`${what}, ended at ${endedAt} without waivers`];
  const more = all - Math.min(waivers.length, MOST_SHOWN);
  return [
    `${what}, ended at ${endedAt} with ${all === 1 ? '1 waiver' : `${all} waivers`}: nothing has shown that these do not need version ${from}`,
    ...waivers
      .slice(0, MOST_SHOWN)
      .map(({ phase, subject, reason }) => `waived before ${phase}: ${subject}: ${reason}`),
    ...(more > 0
      ? [
          `and ${more} more waivers; -o json lists ${leftOut > 0 ? `the first ${waivers.length}` : 'all'}`,
        ]
      : []),
  ];
}
