/** How the last rotation of each CA ended, as its history tells it, and what people see of it. */
import type { Connection } from '../../../client/connection.ts';
import { rotationStepKey } from '../../../lib/contract/rotation.ts';
import type { Phase } from '../../../lib/contract/rotation-phases.ts';
import { readLastRotations } from '../../../lib/rotating/last-rotations.ts';
import { runCommand } from '../../client/adoption/world.ts';
import { EMPTY_GATE, type RotatingWorld, rotatingWorld } from '../../support/rotating-world.ts';

const AT = '2026-12-24T12:00:00.000Z';
const FIRST = {
  ca: 'ca',
  from: 1,
  to: 2,
  endedAt: AT,
  compromised: false,
  waivers: [],
  leftOut: 0,
};

let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  world = await rotatingWorld();
  fresh = world.save();
});
beforeEach(() => {
  fresh();
  world.gate.result = EMPTY_GATE;
});

const last = () => readLastRotations(world.authority, world.document());

const waiversOf = (...names: readonly string[]) =>
  names.map((name) => ({ subject: `prod/node/${name}`, reason: `${name} is gone` }));

/** Enters a phase, forward, without evidence of these nodes. */
async function waive(phase: Phase, ...names: readonly string[]): Promise<void> {
  const { gate, plan, approve, go } = world;
  const waivers = waiversOf(...names);
  gate.result = {
    ...EMPTY_GATE,
    missing: waivers.map(({ subject }) => ({ subject, why: 'silent', fix: 'renew there' })),
  };
  if (phase === 'trust' || phase === 'retire') approve(await plan({ phase, waivers }));
  expect(await go(phase, { waivers })).toMatchObject({ changed: true });
  gate.result = EMPTY_GATE;
}

it.each<[string, () => Promise<unknown>, object[]]>([
  ['no rotation has begun', async () => {}, []],
  ['one is under way', () => world.advance('trust', 'issue', 'retire'), []],
  ['one was canceled', () => world.advance('trust').then(() => world.go('stable')), []],
  ['one has ended', () => world.advance('trust', 'issue', 'retire', 'stable'), [FIRST]],
  [
    'the next one was canceled',
    async () => {
      await world.advance('trust', 'issue', 'retire', 'stable', 'trust');
      await world.go('stable');
    },
    [FIRST],
  ],
  [
    'another one has ended, after one that was canceled',
    async () => {
      await world.advance('trust', 'issue', 'retire', 'stable', 'trust');
      await world.go('stable');
      await world.advance('trust', 'issue', 'retire', 'stable');
    },
    [{ ...FIRST, from: 2, to: 4 }],
  ],
  [
    'the old CA was declared compromised',
    async () => {
      await world.advance('trust', 'issue');
      await world.declare();
      await world.advance('retire', 'stable');
    },
    [{ ...FIRST, compromised: true }],
  ],
])('if %s, it says so', async (_, rotate, expected) => {
  await rotate();
  expect(await last()).toEqual(expected);
});

it('has the waivers of each phase that was entered, the last time that it was', async () => {
  await waive('trust', 'a');
  await waive('issue', 'b');
  await waive('retire', 'c');
  await world.go('issue');
  await waive('retire', 'd', 'e');
  await waive('stable', 'f');
  const [a, b, d, e, f] = waiversOf('a', 'b', 'd', 'e', 'f');
  expect(await last()).toEqual([
    {
      ...FIRST,
      waivers: [
        { phase: 'trust', ...a },
        { phase: 'issue', ...b },
        { phase: 'retire', ...d },
        { phase: 'retire', ...e },
        { phase: 'stable', ...f },
      ],
    },
  ]);
});

it('a start that the rotation of another CA overtook is not part of it', async () => {
  const { authority, advance, document } = world;
  await advance('trust', 'issue', 'retire', 'stable');
  const name = { trustDomain: 'prod', ca: 'ca', from: 1, to: 2 } as const;
  const stepAt = (sequence: number) => authority.json(rotationStepKey(name, sequence)) as object;
  const moved = [1, 2, 3, 4].map((n) => ({ ...stepAt(n), sequence: n + 4 }));
  const overtaken = { ...stepAt(1), waivers: waiversOf('never') };
  authority.seed(rotationStepKey(name, 1), JSON.stringify(overtaken));
  for (const n of [2, 3, 4]) authority.objects.delete(rotationStepKey(name, n));
  for (const step of moved)
    authority.seed(rotationStepKey(name, step.sequence), JSON.stringify(step));
  expect(await readLastRotations(authority, { ...document(), sequence: 8 })).toEqual([FIRST]);
});

it.each<[string, (key: string) => unknown]>([
  ['is missing', (key) => world.authority.objects.delete(key)],
  ['cannot be read', (key) => world.authority.seed(key, '{')],
])('a history of which a step %s is never one without waivers', async (_, spoil) => {
  await world.advance('trust', 'issue', 'retire', 'stable');
  spoil('rotations/prod/ca/1-2/0000000003.json');
  await expect(last()).rejects.toMatchObject({ code: 'document-malformed' });
});

it('limits how many waivers are listed, and counts the others', async () => {
  const names = (phase: string) => Array.from({ length: 150 }, (_, i) => `${phase}-${i}`);
  await world.advance('trust', 'issue');
  await waive('retire', ...names('r'));
  await waive('stable', ...names('s'));
  const [found] = await last();
  expect([found?.waivers.length, found?.leftOut]).toEqual([200, 100]);
});

describe.each(['rotation', 'show'])('%s', (command) => {
  const run = async (...more: readonly string[]) => {
    const connection = { authority: async () => world.authority } as unknown as Connection;
    return (await runCommand(connection, [command, 'prod', ...more])).printed;
  };

  it('says that the last rotation ended without waivers', async () => {
    await world.advance('trust', 'issue', 'retire', 'stable');
    expect((await run()).split('\n')).toContain(
      `the last rotation of ca, from version 1 to 2, ended at ${AT} without waivers`,
    );
    expect(JSON.parse(await run('-o', 'json'))).toMatchObject({ lastRotations: [FIRST] });
  });

  it('says with which waivers it ended, a limited number of them', async () => {
    await waive('trust', 'a');
    await world.advance('issue', 'retire');
    await waive('stable', ...Array.from({ length: 22 }, (_, i) => `n${i}`));
    const lines = (await run()).split('\n');
    const at = lines.findIndex((line) => line.startsWith('the last rotation'));
    expect(lines.slice(at, at + 3)).toEqual([
      `the last rotation of ca, from version 1 to 2, ended at ${AT} with 23 waivers: nothing has shown that these do not need version 1`,
      'waived before trust: prod/node/a: a is gone',
      'waived before stable: prod/node/n0: n0 is gone',
    ]);
    expect(lines[at + 21]).toBe('and 3 more waivers; -o json lists all');
    const json = JSON.parse(await run('-o', 'json'));
    expect(json.lastRotations[0].waivers).toHaveLength(23);
  });

  it('does not mention it if no CA was ever rotated', async () => {
    expect(await run()).not.toContain('the last rotation');
  });
});
