/** What the forwarder does when the API server, the network or the exchange fails. */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { commonNameOf } from './common-name.ts';
import type { Forwarder } from './forwarder.ts';
import { workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const SOON_MS = 120_000;

export const LINE_CHECKS = [
  'the API server was restarted: a certificate within 2 minutes',
  'the connection was black-holed: a certificate within 2 minutes',
  'the history was compacted (410 Gone): a certificate within 2 minutes',
  'S3 did not respond: nothing is lost, and a certificate follows',
  'no loop is busy in the meantime',
];

/** Less than this: one call a second, most of the time, and bursts. */
const MOST_PER_SECOND = 5;

export async function checkBrokenLines(check: Check, setting: Setting): Promise<void> {
  await setting.withForwarders(1, async ([forwarder]) => {
    if (!forwarder) throw new Error('no forwarder');
    const started = Date.now();
    const [requests, calls] = [setting.requests(), setting.exchange.calls.length];
    await check('the API server was restarted: a certificate within 2 minutes', async () => {
      await setting.first.stop('kube-apiserver');
      await setting.startApiServer();
      return served(setting, 'restarted');
    });
    await check('the connection was black-holed: a certificate within 2 minutes', async () => {
      setting.link.blackHole();
      const asked = served(setting, 'black-hole');
      setting.link.restore(); // new connections work, the old ones stay dead
      return asked;
    });
    await check('the history was compacted (410 Gone): a certificate within 2 minutes', () =>
      compacted(setting),
    );
    await check('S3 did not respond: nothing is lost, and a certificate follows', async () => {
      setting.exchange.unavailable = true;
      const from = setting.exchange.calls.length;
      const asked = served(setting, 'no-s3');
      await until(
        'three failed calls',
        () => setting.exchange.calls.length > from + 3 || undefined,
      );
      const { status } = await forwarder.health('/readyz');
      setting.exchange.unavailable = false;
      return `/readyz said ${status} in the meantime; ${await asked}`;
    });
    await check('no loop is busy in the meantime', () =>
      calm(setting, forwarder, { started, requests, calls }),
    );
  });
}

async function served(setting: Setting, word: string): Promise<string> {
  const asked = Date.now();
  const name = await ask(setting, word);
  await setting.api.issued(name, SOON_MS);
  return `${((Date.now() - asked) / 1000).toFixed(1)} s`;
}

/** @returns the name of a new CSR of a new worker */
async function ask(setting: Setting, word: string): Promise<string> {
  await setting.invent(workerNamed(word));
  const all = await setting.api.csrs({ username: setting.bootstrapUser });
  return all.at(-1)?.metadata.name ?? '';
}

const BEFORE = 'before-compaction';

/** While the forwarder is away, its resource version is compacted, and the API server's cache starts again. */
async function compacted(setting: Setting): Promise<string> {
  setting.link.blackHole();
  setting.link.cut();
  await setting.invent(workerNamed(`${BEFORE}-%d`), 20);
  const { header } = JSON.parse(await setting.etcdctl('get', '/', '-w', 'json'));
  await setting.etcdctl('compaction', String(header.revision));
  await setting.first.stop('kube-apiserver');
  await setting.startApiServer();
  setting.link.cut();
  setting.link.restore();
  const words = await served(setting, 'compacted');
  const before = (await setting.api.csrs({ username: setting.bootstrapUser })).filter(({ spec }) =>
    commonNameOf(spec.request).includes(BEFORE),
  );
  for (const { metadata } of before) await setting.api.issued(metadata.name, SOON_MS);
  return `${words}; and ${before.length} that came before`;
}

async function calm(
  setting: Setting,
  forwarder: Forwarder,
  from: { started: number; requests: number; calls: number },
): Promise<string> {
  await forwarder.ready();
  const seconds = (Date.now() - from.started) / 1000;
  const requests = setting.requests() - from.requests;
  const calls = setting.exchange.calls.length - from.calls;
  const words = `${requests} requests to the API server and ${calls} calls of S3 in ${seconds.toFixed(0)} s`;
  if (requests + calls > MOST_PER_SECOND * seconds) throw new Error(words);
  return words;
}
