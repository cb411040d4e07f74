/** Three forwarders that are killed at random calls, and the same CSRs. */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { checkCertificate } from './check-certificate.ts';
import { commonNameOf } from './common-name.ts';
import { recordsBelow } from './ledger.ts';
import { workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const CSRS = 30;
const FORWARDERS = 3;

export const KILLED_CHECKS = [
  'three forwarders, killed at random calls: every CSR has a certificate',
  'of each CSR there is one decision and one serial number',
];

/** @param seed of what is killed when */
export async function checkKilled(check: Check, setting: Setting, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const node = workerNamed('killed-%d');
  const names = new Set(Array.from({ length: CSRS }, (_, i) => node.replace('%d', String(i + 1))));
  let kills = 0;
  await check('three forwarders, killed at random calls: every CSR has a certificate', async () => {
    const all = await Promise.all([0, 1, 2].map((i) => setting.startForwarder(i)));
    const killing = new Set<Promise<void>>();
    let left = 5;
    setting.exchange.notice = () => {
      left -= 1;
      if (left > 0) return;
      left = 2 + Math.floor(random() * 25);
      const victim = all[Math.floor(random() * FORWARDERS)];
      if (!victim || killing.size > 0) return;
      kills += 1;
      const kill = victim.kill().finally(() => killing.delete(kill));
      killing.add(kill);
    };
    try {
      for (const forwarder of all) await forwarder.ready();
      await setting.invent(node, CSRS);
      await until('all certificates', async () => {
        const mine = await ofTheseNodes(setting, names);
        const without = mine.filter(({ status }) => !status.certificate).length;
        if (without > 0) throw new Error(`${without} of ${mine.length} have none`);
        return mine.length === CSRS || undefined;
      });
    } finally {
      setting.exchange.notice = undefined;
      await Promise.all(killing);
      await Promise.all(all.map((forwarder) => forwarder.stop()));
    }
    return `${kills} kills, seed ${seed}`;
  });
  await check('of each CSR there is one decision and one serial number', async () => {
    const records = await recordsBelow(setting.service, `${setting.cluster}/csr/`);
    for (const csr of await ofTheseNodes(setting, names)) {
      const of = records.filter(({ key }) => key.includes(csr.metadata.uid));
      const { serialNumber } = await checkCertificate(csr, setting.trust('ca'));
      const serials = of.map(({ serial }) => serial.toLowerCase());
      if (serials.join() !== serialNumber.toLowerCase())
        throw new Error(`${csr.metadata.name}: ${serialNumber}, records ${of.map((r) => r.key)}`);
    }
    return `${CSRS} of ${CSRS}`;
  });
}

async function ofTheseNodes(setting: Setting, names: ReadonlySet<string>) {
  const all = await setting.api.csrs({ username: setting.bootstrapUser });
  return all.filter(({ spec }) =>
    names.has(commonNameOf(spec.request).replace('system:node:', '')),
  );
}

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
