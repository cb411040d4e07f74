/** The evidence of a whole fleet: how many calls of S3 it costs, and that one node among thousands is found. */
import { RotatingFleet } from '../../support/rotating-fleet.ts';

const CLUSTERS = Array.from({ length: 1000 }, (_, i) => `cluster-${String(i).padStart(4, '0')}`);
const NODES = 5;

it.each([
  { ca: 'ca', nodes: NODES, reports: 1 },
  // workers do not have it, and no object of the Kubernetes API holds it
  { ca: 'etcd-ca', nodes: 3, reports: 0 },
] as const)('reads each record and report of 1,000 clusters once: $ca', async (asked) => {
  const { ca, nodes, reports } = asked;
  const fleet = await RotatingFleet.open({ gate: 'retire', ca }, CLUSTERS);
  fleet.reportNode('cp-2', { caFiles: [] }, { cluster: 'cluster-0500' });
  const { authority, exchange } = fleet;
  const { missing, progress } = await fleet.examine();

  expect(missing.map(({ subject }) => subject)).toEqual(['cluster-0500/node/cp-2']);
  expect(progress).toContainEqual({ what: 'control-plane nodes', done: 2999, of: 3000 });
  expect(callsOf(authority)).toEqual({ get: 1000, list: 2 });
  expect(callsOf(exchange)).toEqual({ get: 1000 * (nodes + reports) });
});

it('going back reads nothing', async () => {
  const fleet = await RotatingFleet.open({ gate: 'back to trust' }, CLUSTERS.slice(0, 10));
  expect((await fleet.examine()).missing).toEqual([]);
  expect([callsOf(fleet.authority), callsOf(fleet.exchange)]).toEqual([{}, {}]);
});

function callsOf({ calls }: { readonly calls: readonly { readonly call: string }[] }) {
  const counts: Record<string, number> = {};
  for (const { call } of calls) counts[call] = (counts[call] ?? 0) + 1;
  return counts;
}
