/** Changes of phase: what they need, what they write, and that a killed, doubled or raced one ends as any other. */
import { renewCa } from '../../../lib/ca/renew-ca.ts';
import { publishedRotationSchema } from '../../../lib/contract/published-rotation.ts';
import type { Phase } from '../../../lib/contract/rotation-phases.ts';
import {
  ALICE,
  EMPTY_GATE,
  type RotatingWorld,
  rotatingWorld,
} from '../../support/rotating-world.ts';

const STEP = 'rotations/prod/ca/1-2/';
const stepKey = (sequence: number) => `${STEP}${String(sequence).padStart(10, '0')}.json`;

let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  world = await rotatingWorld();
  fresh = world.save();
});
beforeEach(() => {
  fresh();
  world.gate.result = EMPTY_GATE;
  world.gate.asked = 0;
});

const versionsOf = () => world.document().cas.ca.versions;
const pem = (version: number) => versionsOf().find((one) => one.version === version)?.certificate;

it('a whole rotation: what is signed with, published and remembered in each phase', async () => {
  const { advance, document, published, bundle, exchange } = world;
  const etcd = exchange.text('trust/prod/etcd/ca.crt');
  const seen: unknown[] = [];
  for (const phase of ['trust', 'issue', 'retire', 'stable'] as const) {
    await advance(phase);
    const { sequence, rotation, mustUnderstand, cas } = document();
    const order = [1, 2].filter((version) => bundle().includes(pem(version) ?? ''));
    if (bundle() === `${pem(2)}${pem(1)}`) order.reverse();
    seen.push([phase, sequence, rotation?.phase, cas.ca.signing, order, mustUnderstand]);
    expect(published()).toMatchObject({ sequence, at: '2026-12-24T12:00:00.000Z' });
    expect(publishedRotationSchema.safeParse(published()).success).toBe(true);
  }
  expect(seen).toEqual([
    ['trust', 1, 'trust', 1, [1, 2], undefined],
    ['issue', 2, 'issue', 2, [2, 1], ['rotation']],
    ['retire', 3, 'retire', 2, [2], undefined],
    ['stable', 4, undefined, 2, [2], undefined],
  ]);
  expect(exchange.text('trust/prod/etcd/ca.crt')).toBe(etcd);
  expect(versionsOf().map(({ version, endedAt }) => [version, endedAt])).toEqual([
    [1, '2026-12-24T12:00:00.000Z'],
    [2, undefined],
  ]);
  // by which a node that was off all the time follows
  const [, { cross = '' } = {}] = versionsOf();
  expect(published()).toMatchObject({
    ended: [{ ca: 'ca', version: 1 }],
    crosses: [{ ca: 'ca', cross }],
  });
  expect(published()).not.toHaveProperty('rotation');
});

it('the history has each step with its plan, its approvers, its waivers and the digest of its evidence', async () => {
  const { go, plan, approve, gate, authority } = world;
  const waivers = [{ subject: 'prod/node/worker-7', reason: 'scrapped on Monday' }];
  gate.result = {
    ...EMPTY_GATE,
    missing: [{ subject: 'prod/node/worker-7', why: 'not heard for 9 days', fix: 'renew there' }],
  };
  const planned = await plan({ waivers });
  approve(planned);
  expect(await go('trust', { waivers })).toMatchObject({ changed: true, missing: [] });
  expect(authority.json(stepKey(1))).toEqual({
    trustDomain: 'prod',
    ca: 'ca',
    from: 1,
    to: 2,
    sequence: 1,
    before: 'stable',
    after: 'trust',
    compromised: false,
    at: '2026-12-24T12:00:00.000Z',
    planDigest: planned.digest,
    approvedBy: [ALICE],
    waivers,
    evidenceSha256: 'e'.repeat(64),
  });
});

describe('changes nothing', () => {
  it.each<[string, () => unknown, string]>([
    ['without an approval', () => {}, 'nobody has approved it'],
    [
      'if another approver denies it',
      async () => {
        const plan = await world.plan();
        world.approve(plan);
        world.approve(plan, { decision: 'deny', reason: 'not in December' }, 'AROAEXAMPLE:bob');
      },
      'AROAEXAMPLE:bob denied it: not in December',
    ],
    [
      'with an approval of another plan in its place',
      async () => world.approve(await world.plan(), { planDigest: '0'.repeat(64) }),
      'nobody has approved it',
    ],
    [
      'with an approval of another phase in its place',
      async () => world.approve(await world.plan(), { phase: 'retire' }),
      'nobody has approved it',
    ],
    [
      'if a decision cannot be read',
      async () => {
        const plan = await world.plan();
        world.approve(plan);
        world.authority.seed(`approvals/rotations/prod/${plan.digest}/AROAEXAMPLE:bob.json`, '{');
      },
      'the decision of AROAEXAMPLE:bob cannot be read, and may be a denial',
    ],
    [
      'if there are too many objects',
      async () => {
        const plan = await world.plan();
        for (let i = 0; i <= 100; i += 1) world.approve(plan, {}, `AROAEXAMPLE:${i}`);
      },
      'more than 100 objects are about it',
    ],
    [
      'with the approval of a plan without these waivers',
      async () => world.approve(await world.plan({ waivers: [{ subject: 'a', reason: 'b' }] })),
      'nobody has approved it',
    ],
  ])('%s', async (_, prepare, why) => {
    const { plan, go, document, authority } = world;
    await plan();
    await prepare();
    const before = document();
    const answer = await go('trust', {
      waivers: [{ subject: 'approval', reason: 'mine' }].slice(1),
    });
    expect(answer).toMatchObject({ changed: false, phase: 'stable', sequence: 0 });
    expect(answer.missing).toEqual([
      {
        // nobody can approve what was denied
        subject: why.includes('denied') ? 'denial' : 'approval',
        why: expect.stringContaining(why),
        fix: expect.any(String),
      },
    ]);
    expect(document()).toEqual(before);
    expect(authority.text(stepKey(1))).toBeUndefined();
  });

  it('a waiver does not replace an approval', async () => {
    const waivers = [{ subject: 'approval', reason: 'in a hurry' }];
    await world.plan({ waivers });
    const { changed, missing } = await world.go('trust', { waivers });
    expect([changed, missing.map(({ subject }) => subject)]).toEqual([false, ['approval']]);
  });

  it('if evidence is missing, and reports what', async () => {
    const { advance, go, gate, document } = world;
    await advance('trust');
    const before = document();
    gate.result = {
      ...EMPTY_GATE,
      missing: [
        { subject: 'prod/node/a', why: 'x', fix: 'y' },
        { subject: 'prod/node/b', why: 'x', fix: 'y' },
      ],
      notes: ['a note'],
      progress: [{ what: 'control-plane nodes', done: 1, of: 3 }],
    };
    const waivers = [
      { subject: 'prod/node/a', reason: 'gone' },
      { subject: 'prod/node/z', reason: 'gone' },
    ];
    expect(await go('issue', { waivers })).toEqual({
      trustDomain: 'prod',
      ca: 'ca',
      changed: false,
      phase: 'trust',
      sequence: 1,
      missing: [{ subject: 'prod/node/b', why: 'x', fix: 'y' }],
      notes: [
        'the waiver of prod/node/z has no effect: nothing that can be waived is missing under this name',
        'a note',
      ],
      progress: [{ what: 'control-plane nodes', done: 1, of: 3 }],
      leftOut: { missing: 0, notes: 0 },
    });
    expect(document()).toEqual(before);
  });

  it('for a dry run', async () => {
    const { advance, go, document, authority, exchange } = world;
    await advance('trust');
    const before = [document(), authority.objects.size, exchange.json('trust/prod/rotation.json')];
    expect(await go('issue', { dryRun: true })).toMatchObject({ changed: false, missing: [] });
    await go('trust', { dryRun: true });
    const after = [document(), authority.objects.size, exchange.json('trust/prod/rotation.json')];
    expect(after).toEqual(before);
  });

  it('before it is planned', async () => {
    await expect(world.go('trust')).rejects.toThrow('is not planned yet');
  });
});

describe('going back', () => {
  it('to trust, the old CA signs again', async () => {
    const { advance, go, document } = world;
    await advance('trust', 'issue');
    const { asked } = world.gate;
    expect(await go('trust')).toMatchObject({ changed: true, phase: 'trust', sequence: 3 });
    expect(world.gate.asked).toBe(asked);
    expect(document()).toMatchObject({ cas: { ca: { signing: 1 } }, sequence: 3 });
    expect(document()).not.toHaveProperty('mustUnderstand');
  });

  it('to issue, the old CA is published again', async () => {
    const { advance, go, bundle } = world;
    await advance('trust', 'issue', 'retire');
    await go('issue');
    expect(bundle()).toBe(`${pem(2)}${pem(1)}`);
  });

  it('to stable, the new version is never used again', async () => {
    const { advance, go, document, bundle, published, plan, approve } = world;
    await advance('trust');
    await go('stable');
    expect(document().cas.ca).toMatchObject({
      signing: 1,
      versions: [{ version: 1 }, { version: 2, endedAt: '2026-12-24T12:00:00.000Z' }],
    });
    expect(versionsOf()[0]).not.toHaveProperty('endedAt');
    expect(bundle()).toBe(pem(1));
    expect(published()).toMatchObject({ sequence: 2, ended: [{ ca: 'ca', version: 2 }] });
    expect(published()).not.toHaveProperty('crosses');
    const again = await plan();
    expect(again).toMatchObject({ from: { version: 1 }, to: { version: 3 }, sequence: 3 });
    approve(again);
    await go('trust');
    expect(bundle()).toBe(`${pem(1)}${pem(3)}`);
  });

  it('and forward again needs another approval', async () => {
    const { advance, go } = world;
    await advance('trust', 'issue', 'retire');
    await go('issue');
    const { changed, missing } = await go('retire');
    expect([changed, missing]).toMatchObject([false, [{ subject: 'approval' }]]);
  });
});

describe('a compromised CA', () => {
  it('from the start: no cross certificate is signed or published', async () => {
    const { plan, approve, go, published, keys } = world;
    keys.records.length = 0;
    approve(await plan({ compromised: true }));
    await go('trust', { compromised: true });
    expect(keys.records).toEqual(['ca-records/prod/ca/2.json']);
    expect(published()).toMatchObject({ rotation: { compromised: true } });
    expect(published()?.rotation).not.toHaveProperty('cross');
  });

  it('needs the approval of a plan that says so', async () => {
    const { plan, approve, go } = world;
    approve(await plan());
    expect(await go('trust', { compromised: true })).toMatchObject({ changed: false });
  });

  it.each<[Phase[]]>([[['trust']], [['trust', 'issue']], [['trust', 'issue', 'retire']]])(
    'is declared in the last of the phases %j: nothing vouches after that',
    async (phases) => {
      const { advance, declare, document, published } = world;
      await advance(...phases);
      const before = document();
      expect(versionsOf()[1]).toHaveProperty('cross');
      const sequence = phases.length + 1;
      const phase = phases.at(-1);
      expect(await declare()).toMatchObject({ changed: true, phase, sequence });
      expect(await declare()).toMatchObject({ changed: false, phase, sequence });
      expect(document()).toEqual({
        ...before,
        sequence,
        rotation: { ...before.rotation, compromised: true },
        cas: { ...before.cas, ca: { ...before.cas.ca, versions: expect.anything() } },
      });
      expect(versionsOf()[1]).not.toHaveProperty('cross');
      expect(published()).toMatchObject({ sequence, rotation: { phase, compromised: true } });
      expect(published()?.rotation).not.toHaveProperty('cross');
    },
  );

  it.each<[string, () => Promise<unknown>]>([
    ['declared', () => world.advance('trust').then(world.declare)],
    [
      'rotated as such',
      async () => {
        world.approve(await world.plan({ compromised: true }));
        await world.go('trust', { compromised: true });
      },
    ],
  ])(
    'vouches for no other version, either, if it was %s and its rotation was canceled',
    async (_, start) => {
      const { go, plan, approve, published } = world;
      await start();
      await go('stable');
      await expect(plan()).rejects.toThrow('version 1 of ca of trust domain prod was declared');
      await expect(go('trust')).rejects.toThrow('rotate it as a compromised CA');
      approve(await plan({ compromised: true }));
      await go('trust', { compromised: true });
      expect(published()).toMatchObject({ rotation: { compromised: true, to: { version: 3 } } });
      expect(JSON.stringify(published())).not.toContain('BEGIN CERTIFICATE');
    },
  );

  it('cannot be declared if it is not being rotated', async () => {
    await expect(world.declare()).rejects.toThrow('ca of trust domain prod is not being rotated');
  });
});

it('fields that only a later release knows stay', async () => {
  const { authority, document, advance } = world;
  const seed = (value: unknown) => authority.seed('trust/prod.json', JSON.stringify(value));
  const before = document();
  const [first] = before.cas.ca.versions;
  const later = { later: 1 };
  seed({
    ...before,
    ...later,
    mustUnderstand: ['cas'],
    cas: {
      ...before.cas,
      ...later,
      ca: { ...before.cas.ca, ...later, versions: [{ ...first, ...later }] },
    },
  });
  await advance('trust');
  seed({ ...document(), rotation: { ...document().rotation, ...later } });
  await advance('issue', 'retire');
  expect(document()).toMatchObject({
    ...later,
    mustUnderstand: ['cas'],
    cas: { ...later, ca: { ...later, versions: [later, {}] } },
    rotation: later,
  });
});

const NOT_THERE = { ...EMPTY_GATE, missing: [{ subject: 'a', why: 'b', fix: 'c' }] };

/** Every change, with the phases before it. */
const CHANGES: [Phase[], Phase | 'declare'][] = [
  [[], 'trust'],
  [['trust'], 'issue'],
  [['trust', 'issue'], 'retire'],
  [['trust', 'issue', 'retire'], 'stable'],
  [['trust', 'issue'], 'trust'],
  [['trust', 'issue', 'retire'], 'issue'],
  [['trust'], 'stable'],
  [['trust', 'issue'], 'declare'],
];

describe.each(CHANGES)('after %j, the change to %s', (phases, to) => {
  /** Up to the change, which is approved. */
  async function ready() {
    await world.advance(...phases);
    if (to === 'trust' && phases.length === 0) world.approve(await world.plan());
    if (to === 'retire') world.approve(await world.plan({ phase: 'retire' }));
    return world.save();
  }
  const change = () => (to === 'declare' ? world.declare() : world.go(to));
  const outcome = () => ({
    document: world.document(),
    published: world.published(),
    bundle: world.bundle(),
    steps: [...world.authority.objects.keys()].filter((key) => key.startsWith('rotations/')),
  });

  /** @returns how many calls were made, if it was killed at none of them */
  async function killedAt(point: number): Promise<number> {
    const { authority, exchange, keys } = world;
    const parts = [authority, exchange, keys];
    let calls = 0;
    const interrupt = () => {
      calls += 1;
      if (calls === point) throw new Error('killed');
    };
    for (const part of parts) part.interrupt = interrupt;
    await change().catch(() => {});
    for (const part of parts) part.interrupt = () => {};
    return calls;
  }

  it('killed at any call, is finished by the next one, although its evidence no longer exists', async () => {
    const { authority, gate } = world;
    const again = await ready();
    const sequence = phases.length + 1;
    const phase = to === 'declare' ? 'issue' : to;
    let point = 0;
    let calls = 0;
    while (calls >= point) {
      point += 1;
      again();
      gate.result = EMPTY_GATE;
      calls = await killedAt(point);
      if (authority.text(stepKey(sequence)) !== undefined) gate.result = NOT_THERE;
      await change();
      expect(world.document().sequence).toBe(sequence);
      expect(world.document().rotation?.phase ?? 'stable').toBe(phase);
      expect(world.published()).toMatchObject({ sequence });
      expect(outcome().steps).toHaveLength(sequence);
    }
    const finished = outcome();
    await change();
    expect(outcome()).toEqual(finished);
    expect(point).toBeGreaterThan(10);
  });

  it('raced, is made once', async () => {
    await ready();
    const results = await Promise.all([change(), change(), change()]);
    for (const { phase, sequence } of results)
      expect([phase, sequence]).toEqual([to === 'declare' ? 'issue' : to, phases.length + 1]);
    expect(outcome().steps).toHaveLength(phases.length + 1);
    expect(world.published()).toMatchObject({ sequence: phases.length + 1 });
  });
});

describe('a CA that is renewed with the same key while its rotation is planned', () => {
  /** The cross certificate ends with the old CA. */
  const LONGER = { validityDays: 4000 };
  const renew = () =>
    renewCa(world.service, {
      action: 'renew-ca',
      trustDomain: 'prod',
      ca: 'ca',
      validityDays: 5000,
    });

  it('is rotated with the cross certificate that was drafted before, after a new approval', async () => {
    const { plan, approve, go, published } = world;
    const before = await plan(LONGER);
    approve(before);
    await renew();
    expect(await go('trust')).toMatchObject({ changed: false });
    const after = await plan();
    expect(after).toMatchObject({ crossTbsSha256: before.crossTbsSha256 });
    approve(after);
    expect(await go('trust')).toMatchObject({ changed: true });
    expect(published()).toMatchObject({ rotation: { cross: expect.any(String) } });
  });

  it('is rotated if the start was begun, and not finished', async () => {
    const { plan, approve, go, authority } = world;
    approve(await plan(LONGER));
    authority.interrupt = (point) => {
      if (point === 'before replace') throw new Error('killed');
    };
    await go('trust').catch(() => {});
    authority.interrupt = () => {};
    await renew();
    expect(await go('trust')).toMatchObject({ changed: true, phase: 'trust' });
  });
});

describe('of two simultaneous changes, only one wins:', () => {
  it.each<[Phase[], Phase, Phase]>([
    [['trust'], 'issue', 'stable'],
    [['trust', 'issue'], 'trust', 'retire'],
    [['trust', 'issue', 'retire'], 'stable', 'issue'],
  ])('after %j: to %s and to %s', async (phases, one, other) => {
    await world.advance(...phases);
    if (other === 'retire') world.approve(await world.plan({ phase: 'retire' }));
    const results = await Promise.allSettled([world.go(one), world.go(other)]);
    const lost = results.filter(({ status }) => status === 'rejected');
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ reason: { message: expect.stringContaining('was faster') } });
    expect(world.document().sequence).toBe(phases.length + 1);
  });

  it('of two CAs, only one is rotated', async () => {
    const { plan, approve, service, gate, go } = world;
    const { rotate } = await import('../../../lib/rotating/rotate.ts');
    approve(await plan());
    approve(await plan({ ca: 'etcd-ca' }));
    const etcd = { action: 'rotate', trustDomain: 'prod', ca: 'etcd-ca', to: 'trust' } as const;
    const results = await Promise.allSettled([go('trust'), rotate(service, gate, etcd)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(world.document().sequence).toBe(1);
    expect(world.document().cas['etcd-ca']?.versions).toHaveLength(
      world.document().rotation?.ca === 'ca' ? 1 : 2,
    );
  });

  it('an unfinished change is named in the error', async () => {
    await world.advance('trust');
    world.exchange.interrupt = () => {};
    world.authority.interrupt = (point) => {
      if (point === 'before replace') throw new Error('killed');
    };
    await world.go('issue').catch(() => {});
    world.authority.interrupt = () => {};
    await expect(world.go('stable')).rejects.toThrow(
      /^another change was faster: ca of trust domain prod has been changing from phase trust to issue since .*repeat the command that began it/,
    );
    // that a CA is compromised has to be declared at once
    expect(await world.declare()).toMatchObject({ phase: 'issue', sequence: 3 });
  });
});

it('a document that changes while the old one is published is published after it', async () => {
  const { advance, go, exchange, published, bundle } = world;
  await advance('trust', 'issue');
  let second: Promise<unknown> | undefined;
  exchange.interrupt = (point) => {
    if (point === 'before put') second ??= go('trust');
  };
  await go('issue');
  exchange.interrupt = () => {};
  await second;
  expect(published()).toMatchObject({ sequence: 3, rotation: { phase: 'trust' } });
  expect(bundle()).toBe(`${pem(1)}${pem(2)}`);
});

describe('the status', () => {
  it('of a stable trust domain says so', async () => {
    const { notes, missing, ...status } = await world.status();
    expect(status).toEqual({
      trustDomain: 'prod',
      phase: 'stable',
      sequence: 0,
      progress: [],
      todo: [],
      leftOut: { missing: 0, notes: 0, todo: 0 },
      lastRotations: [],
    });
  });

  it('says what is missing, and what a person has to do, and changes nothing', async () => {
    const { advance, status, gate, authority, exchange } = world;
    await advance('trust', 'issue');
    gate.result = { ...EMPTY_GATE, missing: [{ subject: 'a', why: 'b', fix: 'c' }] };
    const writes = () =>
      [authority, exchange].flatMap(({ calls }) =>
        calls.filter(({ call }) => !['get', 'list'].includes(call)),
      ).length;
    const before = writes();
    const found = await status();
    expect(found).toMatchObject({
      phase: 'issue',
      sequence: 2,
      rotation: { ca: 'ca', from: 1, to: 2, compromised: false, next: 'retire' },
      missing: [{ subject: 'a' }],
      plan: { phase: 'retire', sequence: 3 },
    });
    expect(found.todo).toEqual([
      'a: c',
      'phase retire needs an approval of its plan, and other waivers make another plan: cakeless trust-domain rotate prod --ca ca --to retire --dry-run, with the waivers that you need, prints the command for the approver',
    ]);
    gate.result = EMPTY_GATE;
    expect((await status()).todo).toEqual([
      `phase retire needs an approval of its plan (nobody has approved it): cakeless trust-domain approve prod --ca ca --to retire --plan ${found.plan?.digest}`,
      'to change from phase issue to retire, an operator runs cakeless trust-domain rotate prod --ca ca --to retire',
    ]);
    expect(writes()).toBe(before);
  });

  const lacking = (cluster: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      subject: `${cluster}/object/${i}`,
      why: 'x'.repeat(1000),
      fix: 'y'.repeat(100),
    }));
  const MOST_OF_LAMBDA = 6 * 1024 * 1024;

  it.each([
    ['status', () => world.status()],
    ['response to rotate', () => world.go('issue')],
  ])('a %s has room for every cluster, however much some of them report', async (_, ask) => {
    await world.advance('trust');
    const missing = [...lacking('liar', 9000), ...lacking('other', 9000), ...lacking('prod', 2)];
    world.gate.result = { ...EMPTY_GATE, missing };
    const found = await ask();
    expect(JSON.stringify(found).length).toBeLessThan(MOST_OF_LAMBDA);
    const listed = found.missing.map(({ subject }) => subject);
    expect(listed).toEqual(expect.arrayContaining(['prod/object/0', 'prod/object/1']));
    expect(found.leftOut.missing).toBe(18_002 - listed.length);
    expect(world.document().rotation?.phase).toBe('trust');
  });

  it('says when nothing is missing', async () => {
    await world.advance('trust');
    expect((await world.status()).todo).toEqual([
      'to change from phase trust to issue, an operator runs cakeless trust-domain rotate prod --ca ca --to issue',
    ]);
  });
});
