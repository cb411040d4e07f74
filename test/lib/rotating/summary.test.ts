/** What the daily check found of a rotation, and when somebody who asks gets it. */

import { readTrustDomainObject } from '../../../lib/rotating/read-trust-domain.ts';
import { rotate } from '../../../lib/rotating/rotate.ts';
import { liveStatus, recordedStatus } from '../../../lib/rotating/status.ts';
import { writeSummary } from '../../../lib/rotating/summary.ts';
import { TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { GATE } from '../../support/real-gate.ts';
import { type Gate, NOW, RotatingFleet } from '../../support/rotating-fleet.ts';

const KEY = `reconcile/rotations/${TRUST_DOMAIN}.json`;
const HOUR_MS = 60 * 60 * 1000;

async function open(gate: Gate = 'retire') {
  const fleet = await RotatingFleet.open({ gate }, ['prod', 'test']);
  fleet.store();
  const { memory, authority, exchange } = fleet;
  const check = async () =>
    writeSummary(memory.service, GATE, await readTrustDomainObject(memory.service, TRUST_DOMAIN));
  const live = () =>
    liveStatus(memory.service, GATE, { action: 'rotation', trustDomain: TRUST_DOMAIN });
  const status = () => recordedStatus(memory.service, TRUST_DOMAIN);
  const reports = () => exchange.calls.filter(({ key }) => key.startsWith('reports/')).length;
  return { fleet, memory, authority, exchange, check, live, status, reports };
}

it.each<Gate>(['issue', 'retire', 'end'])('says what the gate of %s says', async (gate) => {
  const { fleet, check, live, status, reports } = await open(gate);
  fleet.reportNode('cp-2', { caFiles: [] }, { cluster: 'test' });
  const found = await live();
  expect(found).toMatchObject({ evidence: { at: NOW.toISOString(), isSummary: false } });
  expect(found.missing).not.toEqual([]);
  await check();
  const before = reports();
  expect(await status()).toEqual({ ...found, evidence: { ...found.evidence, isSummary: true } });
  expect(reports()).toBe(before);
});

it.each<[string, (opened: Awaited<ReturnType<typeof open>>) => unknown]>([
  ['does not exist', ({ authority }) => authority.objects.delete(KEY)],
  ['is of a later time', ({ memory }) => pass(memory, -1)],
  ['is of another trust domain', ({ authority }) => change(authority, { trustDomain: 'other' })],
  ['cannot be read', ({ authority }) => authority.seed(KEY, '{')],
  ['has a malformed time', ({ authority }) => change(authority, { at: 'today' })],
  ['has something that has to be understood', ({ authority }) => change(authority, LATER)],
  ['is about a document that has changed', ({ fleet }) => fleet.store({ later: true })],
])('is not used if it %s: then nothing is known', async (_, spoil) => {
  const opened = await open();
  await opened.check();
  expect((await opened.status()).evidence?.isSummary).toBe(true);
  await spoil(opened);
  const found = await opened.status();
  expect(found).toMatchObject({ phase: 'issue', missing: [], progress: [], rotation: { to: 2 } });
  expect(found).not.toHaveProperty('evidence');
  // and nobody is told to go on
  expect(found.todo).toEqual([
    expect.stringMatching(/^what is missing is unknown .* rotation fleet --live$/),
    expect.stringMatching(/^phase retire needs an approval of its plan, and other waivers/),
  ]);
});

it('is used however old it is: it says when it was written', async () => {
  const { memory, check, status } = await open();
  await check();
  pass(memory, 100 * 24 * HOUR_MS);
  expect(await status()).toMatchObject({ evidence: { at: NOW.toISOString(), isSummary: true } });
});

const LATER = { mustUnderstand: ['later'] };

function pass(memory: { now: Date }, ms: number): void {
  memory.now = new Date(memory.now.getTime() + ms);
}

function change(authority: RotatingFleet['authority'], more: object): void {
  authority.seed(KEY, JSON.stringify({ ...(authority.json(KEY) as object), ...more }));
}

it('decides nothing: a change reads all reports, whatever the summary says', async () => {
  const { fleet, memory, authority, check, reports } = await open('issue');
  await check();
  expect(authority.json(KEY)).toMatchObject({ missing: [] });
  fleet.reportNode('cp-1', { caFiles: [] });
  const [before, calls] = [reports(), authority.calls.length];
  const answer = await rotate(memory.service, GATE, {
    ...{ action: 'rotate', trustDomain: TRUST_DOMAIN, ca: 'ca', to: 'issue' },
  });
  expect(answer).toMatchObject({ changed: false, missing: [{ subject: 'prod/node/cp-1' }] });
  expect(reports() - before).toBe(12);
  const read = authority.calls.slice(calls).map(({ key }) => key);
  expect(read.filter((key) => key.startsWith('reconcile/'))).toEqual([]);
});

it('of two simultaneous checks, the first one to finish is written', async () => {
  const { authority, memory, check } = await open();
  await check();
  let other: Promise<unknown> | undefined;
  authority.interrupt = (point, key) => {
    if (point !== 'before replace' || key !== KEY || other) return;
    pass(memory, 1000);
    other = check();
  };
  await check();
  await other;
  expect(Date.parse((authority.json(KEY) as { at: string }).at)).toBeGreaterThanOrEqual(
    NOW.getTime(),
  );
});

it('nothing is written about a stable trust domain', async () => {
  const { authority, check } = await open('start');
  expect(await check()).toBeUndefined();
  expect(authority.text(KEY)).toBeUndefined();
});
