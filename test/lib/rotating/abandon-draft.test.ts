/** A draft that is abandoned, and its next version: repeated, doubled, raced with an approved start, and killed anywhere. */
import { Fault } from '../../../lib/fault.ts';
import { planRotation } from '../../../lib/rotating/plan-rotation.ts';
import { rotate } from '../../../lib/rotating/rotate.ts';
import type { RotationPlan } from '../../../lib/rotating/rotation-request.ts';
import type { Service } from '../../../lib/service.ts';
import { ALICE, type RotatingWorld, rotatingWorld } from '../../support/rotating-world.ts';

const STEP = 'rotations/prod/ca/1-2/0000000001.json';
const RECORD = 'ca-records/prod/ca/2.json';
const WRONG = { validityDays: 365 };
const RIGHT = { abandon: 2, validityDays: 1000 };

let world: RotatingWorld;
let drafted: RotationPlan;
let fresh: () => void;

/** The wrong draft is approved: that is no reason to keep it. */
beforeAll(async () => {
  world = await rotatingWorld();
  drafted = await world.plan(WRONG);
  world.approve(drafted);
  fresh = world.save();
});
beforeEach(() => {
  fresh();
  world.keys.records.length = 0;
});

const isStarted = () => world.document().rotation?.to;
const versionsOf = () => world.document().cas.ca.versions.map(({ version }) => version);
const daysOf = ({ to: { notAfter = '' } }: RotationPlan) =>
  (Date.parse(notAfter) - Date.parse('2026-12-24T12:00:00Z')) / 86_400_000;

it('is replaced by the next version, with the options of the call', async () => {
  const { plan, approve, go, document, authority, exchange } = world;
  const [before, published] = [document(), new Map(exchange.objects)];
  const planned = await plan(RIGHT);
  expect([planned.to.version, daysOf(planned), daysOf(drafted)]).toEqual([3, 1000, 365]);
  // nothing changes for nodes
  expect(document()).toEqual({
    ...before,
    cas: { ...before.cas, ca: { ...before.cas.ca, abandoned: 2 } },
  });
  expect(exchange.objects).toEqual(published);
  expect(authority.json(STEP)).toEqual({
    ...{ trustDomain: 'prod', ca: 'ca', from: 1, to: 2, sequence: 1 },
    ...{ before: 'stable', after: 'stable', compromised: false, abandoned: true },
    ...{ at: '2026-12-24T12:00:00.000Z', approvedBy: [], waivers: [] },
  });
  // the approval of the old plan starts nothing
  expect(await go('trust')).toMatchObject({ changed: false, missing: [{ subject: 'approval' }] });
  approve(planned);
  expect(await go('trust')).toMatchObject({ changed: true, sequence: 1 });
  expect([isStarted(), versionsOf()]).toEqual([3, [1, 3]]);
  expect(world.keys.records).not.toContain(RECORD);
  await world.advance('issue', 'retire', 'stable');
  expect((await plan()).to.version).toBe(4);
});

it('a repeated call abandons nothing else, also after the start', async () => {
  const { plan, approve, go, document } = world;
  const planned = await plan(RIGHT);
  approve(planned);
  const again = await plan(RIGHT);
  expect([again, document().cas.ca.abandoned]).toEqual([planned, 2]);
  await go('trust');
  await expect(plan(RIGHT)).rejects.toThrow('phase trust cannot be planned in it');
  expect([isStarted(), document().cas.ca.abandoned]).toEqual([3, 2]);
});

it('can be abandoned again and again; no number is used twice', async () => {
  for (const abandon of [2, 3, 4])
    expect((await world.plan({ abandon })).to.version).toBe(abandon + 1);
  await world.advance('trust');
  await world.go('stable');
  expect((await world.plan()).to.version).toBe(6);
});

it.each<[string, () => Promise<unknown>, object, RegExp]>([
  ['a version that signs', async () => {}, { abandon: 1 }, /is not a draft: the next version is 2/],
  ['a later one', async () => {}, { abandon: 3 }, /is not a draft: the next version is 2/],
  [
    'one that was not drafted',
    async () => world.authority.objects.delete(RECORD),
    { abandon: 2 },
    /is not drafted, so there is nothing to abandon: .* without --new-draft/,
  ],
  [
    'one whose rotation has started',
    () => world.go('trust'),
    { abandon: 2 },
    /its rotation has started, and is in phase trust; cancel it with .* --to stable/,
  ],
  [
    'one whose rotation was canceled',
    () => world.go('trust').then(() => world.go('stable')),
    { abandon: 2 },
    /is not a draft: the next version is 3/,
  ],
  [
    'one of a CA while another CA is being rotated',
    async () => {
      world.approve(await world.plan({ ca: 'etcd-ca' }));
      const etcd = { action: 'rotate', trustDomain: 'prod', ca: 'etcd-ca', to: 'trust' } as const;
      await rotate(world.service, world.gate, etcd);
    },
    { abandon: 2 },
    /only one CA is rotated at a time/,
  ],
  [
    'one whose key is to be that of the next version',
    async () => {},
    { abandon: 2, keyId: 'the draft' },
    /is already the key of ca of trust domain prod, version 2/,
  ],
])('refuses to abandon %s', async (_, prepare, request, problem) => {
  await prepare();
  const { keyId } = world.authority.json(RECORD) ?? {};
  const named = 'keyId' in request ? { ...request, keyId: String(keyId) } : request;
  const before = world.document();
  await expect(world.plan(named)).rejects.toThrow(problem);
  expect(world.document()).toEqual(before);
});

it('stays if there is no key for the next version', async () => {
  const { keys, plan, document, authority, go } = world;
  const ensure = keys.ensure.bind(keys);
  keys.ensure = async () => {
    throw new Fault('not-allowed', 'kms:CreateKey');
  };
  try {
    await expect(plan(RIGHT)).rejects.toThrow('kms:CreateKey');
  } finally {
    keys.ensure = ensure;
  }
  expect(document().cas.ca).not.toHaveProperty('abandoned');
  expect(authority.text(STEP)).toBeUndefined();
  expect(await go('trust')).toMatchObject({ changed: true });
});

it('fields that only a later release knows stay', async () => {
  const { authority, document, plan } = world;
  const { cas, ...rest } = document();
  const later = { later: 1 };
  const seeded = { ...rest, ...later, cas: { ...cas, ...later, ca: { ...cas.ca, ...later } } };
  authority.seed('trust/prod.json', JSON.stringify(seeded));
  await plan(RIGHT);
  expect(document()).toMatchObject({ ...later, cas: { ...later, ca: { ...later, abandoned: 2 } } });
});

/** What is started, and what can be started, is sound: the draft is abandoned and unsigned, or it is the new CA. */
async function expectSound(): Promise<'abandoned' | 'started'> {
  const { document, keys, authority } = world;
  const { abandoned } = document().cas.ca;
  if (isStarted() === 2) {
    expect([abandoned, versionsOf()]).toEqual([undefined, [1, 2]]);
    expect(authority.json(STEP)).not.toHaveProperty('abandoned');
    return 'started';
  }
  expect([abandoned, versionsOf(), isStarted()]).toEqual([2, [1], undefined]);
  expect(keys.records).not.toContain(RECORD);
  expect(authority.json(STEP)).toMatchObject({ abandoned: true });
  return 'abandoned';
}

/** Calls `act` at the n-th call of a bucket or key. @returns how many calls there were */
async function at(point: number, act: () => void, run: () => Promise<unknown>): Promise<number> {
  const parts = [world.authority, world.exchange, world.keys];
  let calls = 0;
  const interrupt = () => {
    calls += 1;
    if (calls === point) act();
  };
  for (const part of parts) part.interrupt = interrupt;
  await run().catch(() => {});
  for (const part of parts) part.interrupt = () => {};
  return calls;
}

it('killed at any call, is finished by the next one', async () => {
  const { plan, approve, go } = world;
  let point = 0;
  for (let calls = 0; calls >= point; ) {
    point += 1;
    fresh();
    const kill = () => {
      throw new Error('killed');
    };
    calls = await at(point, kill, () => plan(RIGHT));
    const planned = await plan(RIGHT);
    expect([planned.to.version, await expectSound()]).toEqual([3, 'abandoned']);
    approve(planned);
    expect(await go('trust')).toMatchObject({ changed: true });
    expect(isStarted()).toBe(3);
  }
  expect(point).toBeGreaterThan(20);
});

it('killed before it takes effect, it says how to finish it, and the old plan starts nothing', async () => {
  const { authority, plan, go } = world;
  authority.interrupt = (point) => {
    if (point === 'before replace') throw new Error('killed');
  };
  await plan(RIGHT).catch(() => {});
  authority.interrupt = () => {};
  await expect(go('trust')).rejects.toThrow(
    /the draft of version 2 of ca of trust domain prod was abandoned at .*--new-draft 2/,
  );
  expect((await plan(RIGHT)).to.version).toBe(3);
});

it('doubled, is abandoned once, and the next version is drafted once', async () => {
  const { plan, authority } = world;
  const plans = await Promise.all([plan(RIGHT), plan(RIGHT), plan({ abandon: 2 })].map(settle));
  const versions = plans.flatMap((one) => ('digest' in one ? [one.to.version] : []));
  expect(versions.length).toBeGreaterThan(0);
  expect(new Set(versions)).toEqual(new Set([3]));
  expect(await expectSound()).toBe('abandoned');
  expect(authority.text('ca-records/prod/ca/4.json')).toBeUndefined();
});

const settle = <T>(promise: Promise<T>): Promise<T | { error: unknown }> =>
  promise.catch((error: unknown) => ({ error }));

/** A bucket whose n-th call, counted with those of others, waits until `other` is done. */
function pausing(
  store: RotatingWorld['authority'],
  count: { calls: number; readonly point: number },
  other: () => Promise<unknown>,
): RotatingWorld['authority'] {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name === 'list') return value.bind(target);
      return async (...args: unknown[]) => {
        count.calls += 1;
        if (count.calls === count.point) await other();
        return value.apply(target, args);
      };
    },
  });
}

const START = { action: 'rotate', trustDomain: 'prod', ca: 'ca', to: 'trust' } as const;
const NEW_DRAFT = { action: 'plan-rotation', ...RIGHT, trustDomain: 'prod', ca: 'ca' } as const;

describe('raced with the approved start', () => {
  const start = (service: Service): Promise<unknown> => rotate(service, world.gate, START);
  const abandon = (service: Service): Promise<unknown> =>
    planRotation(service, world.keys, { ...NEW_DRAFT, phase: 'trust' });

  it.each<[string, typeof start | typeof abandon, typeof start | typeof abandon]>([
    ['the start', start, abandon],
    ['the abandonment', abandon, start],
  ])(
    'which comes whole between two calls of %s: one of them takes effect',
    async (_, first, second) => {
      const winners = new Set<string>();
      const count = { calls: 0, point: 0 };
      while (count.calls >= count.point) {
        count.calls = 0;
        count.point += 1;
        fresh();
        world.keys.records.length = 0;
        const { service, authority, exchange } = world;
        const other = () => settle(second(service));
        const slow = (store: typeof authority) => pausing(store, count, other);
        await settle(first({ ...service, authority: slow(authority), exchange: slow(exchange) }));
        // someone was told to repeat the command
        await settle(world.go('trust'));
        winners.add(await expectSound());
      }
      expect(count.point).toBeGreaterThan(10);
      expect(winners).toEqual(new Set(['abandoned', 'started']));
    },
  );

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ['the start', () => world.go('trust'), () => world.plan(RIGHT)],
    ['the abandonment', () => world.plan(RIGHT), () => world.go('trust')],
  ])('which begins at any call of %s, one of them takes effect', async (_, first, second) => {
    let point = 0;
    for (let calls = 0; calls >= point; ) {
      point += 1;
      fresh();
      world.keys.records.length = 0;
      let other: Promise<unknown> | undefined;
      const begin = () => {
        other = settle(second());
      };
      calls = await at(point, begin, first);
      await other;
      await settle(world.go('trust'));
      await expectSound();
    }
  });

  it('and with that of another CA, the document has one of them', async () => {
    const { plan, approve, service, gate, document, authority } = world;
    approve(await plan({ ca: 'etcd-ca' }));
    const etcd = { action: 'rotate', trustDomain: 'prod', ca: 'etcd-ca', to: 'trust' } as const;
    let other: Promise<unknown> | undefined;
    authority.interrupt = (point) => {
      if (point === 'before replace') other ??= settle(rotate(service, gate, etcd));
    };
    await settle(plan(RIGHT));
    authority.interrupt = () => {};
    await other;
    await settle(rotate(service, gate, etcd));
    expect(document().rotation).toMatchObject({ ca: 'etcd-ca', phase: 'trust' });
    expect(versionsOf()).toEqual([1]);
  });
});

it('an approval of the abandoned version is never one of the next, no matter who gives it', async () => {
  const { plan, approve, go } = world;
  await plan(RIGHT);
  approve(drafted, {}, ALICE);
  approve(drafted, {}, 'AROAEXAMPLE:bob');
  expect(await go('trust')).toMatchObject({ changed: false });
  expect(isStarted()).toBeUndefined();
});
