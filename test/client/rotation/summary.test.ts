/** What approvers and auditors see of a rotation: they read the bucket, and cannot call create-ca. */
import type { Connection } from '../../../client/connection.ts';
import { Fault } from '../../../lib/fault.ts';
import { readTrustDomainObject } from '../../../lib/rotating/read-trust-domain.ts';
import { liveStatus } from '../../../lib/rotating/status.ts';
import { writeSummary } from '../../../lib/rotating/summary.ts';
import { EMPTY_GATE, type RotatingWorld, rotatingWorld } from '../../support/rotating-world.ts';
import { runCommand, shown } from '../adoption/world.ts';

const HOUR_MS = 60 * 60 * 1000;
const NOW = new Date('2026-12-24T12:00:00Z');
const MISSING = ['1', '2', '3'].map((name) => ({
  subject: `prod/node/worker-${name}`,
  why: 'it has written no report',
  fix: 'run cakeless renew all there',
}));
const FOUND = {
  ...EMPTY_GATE,
  missing: MISSING,
  notes: ['an old certificate of shop is in use'],
  progress: [{ what: 'workers', done: 4, of: 7 }],
};

let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  world = await rotatingWorld();
  await world.advance('trust', 'issue');
  fresh = world.save();
});
beforeEach(() => {
  fresh();
  world.gate.result = FOUND;
});

const check = async () =>
  writeSummary(world.service, world.gate, await readTrustDomainObject(world.service, 'prod'));

const notAllowed = async (): Promise<unknown> => {
  throw new Fault('not-allowed', 'lambda:InvokeFunction: AccessDenied');
};

/** As someone who may not call create-ca. */
const run = (
  args: readonly string[],
  hours = 3,
  answers?: string[],
  invokeCreateCa = notAllowed,
) => {
  const connection = {
    authority: async () => world.authority,
    userId: async () => 'AROAAPPROVER:bob',
    invokeCreateCa,
  } as unknown as Connection;
  const now = () => new Date(NOW.getTime() + hours * HOUR_MS);
  const prompt = { ask: async () => answers?.shift() };
  return runCommand(connection, args, { prompt, clock: { now } });
};

it('rotation shows them what the daily check found, and when', async () => {
  await check();
  const ran = await run(['rotation', 'prod']);
  expect(shown(ran)).toBe('undefined');
  const lines = ran.printed.split('\n');
  expect(lines.slice(0, 4)).toEqual([
    'ca of trust domain prod: from version 1 to version 2',
    'phase issue since 2026-12-24T12:00:00.000Z; next: retire',
    'as the daily check found it at 2026-12-24T12:00:00.000Z, 3h ago; for operators, --live looks at all clusters now',
    'ready: 4 of 7 workers',
  ]);
  expect(lines).toContain('note: an old certificate of shop is in use');
  const json = JSON.parse((await run(['rotation', 'prod', '-o', 'json'])).printed);
  expect(json).toMatchObject({ missing: MISSING, evidence: { isSummary: true } });
});

it.each([
  [0.5, 'less than an hour ago;'],
  [25.9, '25h ago;'],
  [26, '26h ago, so the daily check is late;'],
])('after %d hours, rotation says so', async (hours, age) => {
  await check();
  expect((await run(['rotation', 'prod'], hours)).printed).toContain(`12:00:00.000Z, ${age}`);
});

it('rotation says that the daily check has not looked, and who can', async () => {
  await check();
  await world.declare();
  const { printed } = await run(['rotation', 'prod']);
  expect(printed).toContain('the daily check has not looked since the last change');
  expect(printed).toMatch(/- what is missing is unknown until .* prod --live$/m);
  expect(printed).not.toContain('worker-1');
});

it('until the daily check has looked, rotation examines all clusters for those who may call create-ca', async () => {
  await check();
  await world.declare();
  const trustDomain = 'prod';
  const live = () => liveStatus(world.service, world.gate, { action: 'rotation', trustDomain });
  const { printed } = await run(['rotation', 'prod'], 3, undefined, live);
  expect(printed).toMatch(/worker-1/);
  expect(printed).not.toContain('the daily check');
});

it('--live is not for them', async () => {
  const { error } = await run(['rotation', 'prod', '--live']);
  expect(error).toMatchObject({
    code: 'denied',
    hint: expect.stringContaining('leave out --live'),
  });
});

const RETIRE = ['prod', '--ca', 'ca', '--to', 'retire'];
const WAIVE = ['--waive', 'prod/node/worker-1=gone', '--waive', 'prod/node/worker-9=gone'];

it.each<[string, string, (digest: string) => [string[], string[] | undefined]]>([
  ['approve', 'asks', () => [[], ['yes', 'because']]],
  ['approve', 'is given the plan', (digest) => [['--plan', digest, '--reason', 'x'], undefined]],
  ['deny', 'asks', () => [['--reason', 'x'], undefined]],
])('%s --to retire, which %s, shows what the check saw beside the plan', async (verb, _, more) => {
  await check();
  const waivers = ['1', '9'].map((n) => ({ subject: `prod/node/worker-${n}`, reason: 'gone' }));
  const { digest } = await world.plan({ phase: 'retire', waivers });
  const [args, answers] = more(digest);
  const ran = await run([verb, ...RETIRE, ...WAIVE, ...args], 3, answers);
  expect(shown(ran)).toBe('undefined');
  expect(ran.said.split('\n').slice(0, 7)).toEqual([
    'what the daily check saw at 2026-12-24T12:00:00.000Z, 3h ago; this may have changed, and all clusters are examined again before the phase changes:',
    'ready: 4 of 7 workers',
    'missing: prod/node/worker-2: it has written no report',
    'missing: prod/node/worker-3: it has written no report',
    'missing, and waived by the plan: 1',
    expect.stringContaining('note: the waiver of prod/node/worker-9 has no effect'),
    'note: an old certificate of shop is in use',
  ]);
});

it.each<[string, () => void, RegExp[]]>([
  [
    'nothing is missing',
    () => {
      world.gate.result = EMPTY_GATE;
    },
    [/^missing beyond the waivers of the plan: nothing$/m],
  ],
  [
    'more is missing than anyone reads',
    () => {
      const missing = Array.from({ length: 1200 }, (_, i) => ({
        ...{ subject: `prod/node/w-${i}`, why: 'x', fix: 'y' },
      }));
      world.gate.result = { ...EMPTY_GATE, missing };
    },
    [/^missing: prod\/node\/w-49: x\nand 1150 more; cakeless trust-domain rotation prod -o json/m],
  ],
])('approve says that %s', async (_, prepare, said) => {
  prepare();
  await check();
  const ran = await run(['approve', ...RETIRE], 3, ['no']);
  for (const line of said) expect(ran.said).toMatch(line);
  expect(shown(ran)).toMatch(/the answer was not yes/);
});

it('approve says that the daily check has not looked', async () => {
  const ran = await run(['approve', ...RETIRE], 3, ['yes', 'because']);
  expect(ran.said).toMatch(/^the daily check has not looked since the last change/);
  expect(shown(ran)).toBe('undefined');
});
