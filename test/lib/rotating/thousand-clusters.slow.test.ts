/** The evidence of a whole fleet: how many calls of S3 it costs, and that one node among thousands is found. */
import { readTrustDomainObject } from '../../../lib/rotating/read-trust-domain.ts';
import { liveStatus, recordedStatus } from '../../../lib/rotating/status.ts';
import { writeSummary } from '../../../lib/rotating/summary.ts';
import { TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { GATE } from '../../support/real-gate.ts';
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

it('with 1,000 clusters, a status reads only the summary, the document and the approvals', async () => {
  const fleet = await RotatingFleet.open({ gate: 'retire' }, CLUSTERS);
  fleet.store();
  const { memory, authority, exchange } = fleet;
  // most of the fleet has not followed yet
  for (const cluster of CLUSTERS.slice(0, 900))
    for (const node of ['cp-1', 'cp-2', 'cp-3', 'worker-1', 'worker-2'])
      fleet.reportNode(node, { caFiles: [] }, { cluster });
  const trustDomain = TRUST_DOMAIN;
  await writeSummary(
    memory.service,
    GATE,
    await readTrustDomainObject(memory.service, trustDomain),
  );
  const live = await liveStatus(memory.service, GATE, { action: 'rotation', trustDomain });
  for (const store of [authority, exchange]) store.calls.length = 0;
  const found = await recordedStatus(memory.service, trustDomain);

  expect([callsOf(authority), callsOf(exchange)]).toEqual([{ get: 2, list: 1 }, {}]);
  expect(found).toEqual({ ...live, evidence: { ...live.evidence, isSummary: true } });
  expect([found.missing.length, found.leftOut.missing]).toEqual([1000, 3500]);
  expect(found.todo).toHaveLength(2);
  // control planes first
  expect(found.missing.every(({ subject }) => /\/node\/cp-/.test(subject))).toBe(true);
  expect(JSON.stringify(found).length).toBeLessThan(1024 * 1024);
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
