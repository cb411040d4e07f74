/**
 * How long the status of a rotation takes for a fleet of 1,000 clusters: everything examined, and from what the daily check
 * found. The buckets are in memory, and each call takes 20 ms longer.
 */
import { setTimeout } from 'node:timers/promises';
import { readTrustDomainObject } from '../lib/rotating/read-trust-domain.ts';
import { liveStatus, recordedStatus } from '../lib/rotating/status.ts';
import { writeSummary } from '../lib/rotating/summary.ts';
import { TRUST_DOMAIN } from '../test/support/in-memory-service.ts';
import type { MemoryStore } from '../test/support/memory-store.ts';
import { GATE } from '../test/support/real-gate.ts';
import { RotatingFleet } from '../test/support/rotating-fleet.ts';

const DELAY_MS = 20;
const CLUSTERS = Array.from({ length: 1000 }, (_, i) => `cluster-${String(i).padStart(4, '0')}`);
const NODES = ['cp-1', 'cp-2', 'cp-3', 'worker-1', 'worker-2'];
/** S3 returns at most 1,000 keys in one response. */
const KEYS_OF_A_PAGE = 1000;
const AIMS_S = { live: 30, summary: 5 };

export async function benchRotationStatus(): Promise<void> {
  console.log(
    `${CLUSTERS.length} clusters of ${NODES.length} nodes, most of which have not followed; each call takes ${DELAY_MS} ms`,
  );
  for (const ca of ['ca', 'etcd-ca'] as const) {
    const fleet = await RotatingFleet.open({ gate: 'retire', ca }, CLUSTERS);
    fleet.store();
    for (const cluster of CLUSTERS.slice(0, 900))
      for (const node of NODES) fleet.reportNode(node, { caFiles: [] }, { cluster });
    const { service } = fleet.memory;
    const trustDomain = TRUST_DOMAIN;
    const object = await readTrustDomainObject(service, trustDomain);
    await writeSummary(service, GATE, object);
    const pages = { count: 0 };
    for (const store of [fleet.authority, fleet.exchange]) slow(store, pages);
    await print(`${ca}, --live`, fleet, pages, AIMS_S.live, () =>
      liveStatus(service, GATE, { action: 'rotation', trustDomain }),
    );
    await print(`${ca}, from the daily check`, fleet, pages, AIMS_S.summary, () =>
      recordedStatus(service, trustDomain),
    );
  }
}

/** Reads take longer, and so does each page of a listing, as S3 returns it. */
function slow(store: MemoryStore, pages: { count: number }): void {
  const get = store.get.bind(store);
  const list = store.list.bind(store);
  store.get = async (key, maxBytes) => {
    await setTimeout(DELAY_MS);
    return get(key, maxBytes);
  };
  store.list = async function* (...asked) {
    let listed = 0;
    for await (const object of list(...asked)) {
      if (listed++ % KEYS_OF_A_PAGE === 0) {
        pages.count++;
        await setTimeout(DELAY_MS);
      }
      yield object;
    }
  };
}

async function print(
  name: string,
  { authority, exchange }: RotatingFleet,
  pages: { count: number },
  aimS: number,
  action: () => Promise<unknown>,
): Promise<void> {
  for (const store of [authority, exchange]) store.calls.length = 0;
  pages.count = 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  const calls = [...authority.calls, ...exchange.calls];
  const gets = calls.filter(({ call }) => call === 'get').length;
  console.log(
    `  ${name.padEnd(32)} ${seconds.toFixed(2)} s   CPU ${((user + system) / 1e6).toFixed(2)} s   ${gets} GET, ${pages.count} LIST   aim at most ${aimS} s`,
  );
}
