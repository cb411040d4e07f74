/** A stolen bootstrap token, or one bad node, creates thousands of CSRs. */
import type { Check } from '../harness/report.ts';
import type { Forwarder } from './forwarder.ts';
import { addressesOf, bringWorker } from './nodes.ts';
import { UNKNOWN, workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const COUNT = 5000;
const SOON_MS = 10_000;
const MOST_MB = 150;
/** All forwarders' uploads, and what belongs to them. */
const MOST_CALLS_PER_SECOND = 60;

export const FLOOD_CHECKS = [
  `${COUNT} invented names: a real node is served within 10 s`,
  `${COUNT} CSRs of one node: another is served within 10 s`,
  `the forwarder's memory stays below ${MOST_MB} MB`,
  'its calls of S3 stay within the rate that it promises',
];

export async function checkFloods(check: Check, setting: Setting): Promise<void> {
  await setting.api.deleteCsrs();
  await setting.withForwarders(1, async ([forwarder]) => {
    if (!forwarder) throw new Error('no forwarder');
    const approver = setting.administratorConf();
    const [started, calls] = [Date.now(), setting.exchange.calls.length];
    await check(`${COUNT} invented names: a real node is served within 10 s`, async () => {
      const took = await setting.invent(`stranger-%d.${UNKNOWN}`, COUNT, approver);
      return `created in ${took} ms; ${await served(setting, 'in-the-flood')}`;
    });
    await check(`${COUNT} CSRs of one node: another is served within 10 s`, async () => {
      const took = await setting.invent(workerNamed('greedy'), COUNT, approver);
      return `created in ${took} ms; ${await served(setting, 'beside-the-greedy')}`;
    });
    await check(`the forwarder's memory stays below ${MOST_MB} MB`, async () => memory(forwarder));
    await check('its calls of S3 stay within the rate that it promises', async () => {
      const seconds = (Date.now() - started) / 1000;
      const count = setting.exchange.calls.length - calls;
      const words = `${count} in ${seconds.toFixed(0)} s`;
      if (count > MOST_CALLS_PER_SECOND * seconds) throw new Error(words);
      return words;
    });
  });
  await setting.api.deleteCsrs();
}

/** Client and serving certificate of a worker that the record knows by a rule. */
async function served(setting: Setting, word: string): Promise<string> {
  const node = workerNamed(word);
  const asked = Date.now();
  const kubelet = await bringWorker(setting, node, addressesOf(node, '10.20.1.30'));
  await kubelet.certificate('serving', 60_000);
  const took = Date.now() - asked;
  const words = `both certificates in ${(took / 1000).toFixed(1)} s`;
  if (took > SOON_MS) throw new Error(words);
  return words;
}

function memory(forwarder: Forwarder): string {
  const { now, most } = forwarder.memory();
  const words = `${most} MB at most, ${now} MB now`;
  if (most >= MOST_MB) throw new Error(words);
  return words;
}
