/** What a node follows of what its trust domain publishes, and what it remembers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followRotation } from '../../../../client/node/rotation/follow.ts';
import { parseRotation, readRotation } from '../../../../client/node/rotation/read-rotation.ts';
import {
  rememberRotation,
  rotationMemoryFile,
} from '../../../../client/node/state/rotation-memory.ts';
import type { PublishedRotation } from '../../../../lib/contract/published-rotation.ts';
import { Fault } from '../../../../lib/fault.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const AT = '2026-12-01T00:00:00Z';
const version = (number: number) => {
  const [sha256, publicKeySha256] = [`a${number}`, `b${number}`].map((one) => one.padEnd(64, '0'));
  return { version: number, sha256: sha256 ?? '', publicKeySha256: publicKeySha256 ?? '' };
};
const rotation = (more: Partial<NonNullable<PublishedRotation['rotation']>> = {}) => ({
  ca: 'ca' as const,
  phase: 'trust' as const,
  since: AT,
  compromised: false,
  from: version(1),
  to: version(2),
  ...more,
});
const published = (sequence: number, more: Partial<PublishedRotation> = {}): PublishedRotation => ({
  trustDomain: 'fleet',
  sequence,
  at: AT,
  ended: [],
  rotation: rotation(),
  ...more,
});
const key = (number: number) => ({ ca: 'ca', key: version(number).publicKeySha256 });

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cakeless-rotation-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

async function follow(...all: (PublishedRotation | Error | undefined)[]) {
  let last: Awaited<ReturnType<typeof followRotation>> | undefined;
  for (const one of all) {
    last = await followRotation(async () => {
      if (one instanceof Error) throw one;
      return one;
    }, stateDir);
    if (last.followed) await rememberRotation(stateDir, last.followed.memory);
  }
  return last;
}

describe('what is published', () => {
  const text = (change: Record<string, unknown>) => JSON.stringify({ ...published(1), ...change });
  /** JSON.stringify could not write it. */
  const nested = (field: string) =>
    text({ [field]: 'HERE' }).replace('"HERE"', '['.repeat(30_000) + ']'.repeat(30_000));
  const crossOf = (length: number) => ({ ca: 'ca', cross: 'x'.repeat(length) });
  const thrown = (action: () => unknown): Error => {
    try {
      action();
    } catch (error) {
      return error as Error;
    }
    throw new Error('it was read');
  };
  it.each([
    ['is not JSON', '{', /not JSON/],
    ['is of another trust domain', text({ trustDomain: 'other' }), /is of trust domain other/],
    ['has no sequence', text({ sequence: undefined }), /sequence/],
    ['has a sequence that nothing could follow', text({ sequence: 1_000_001 }), /sequence/],
    [
      'has a phase of a later release',
      text({ rotation: rotation({ phase: 'x' as never }) }),
      /phase/,
    ],
    ['must be understood, and is not', text({ mustUnderstand: ['fence'] }), /fence/],
    ['is nested deeply', `{"ended":${'['.repeat(60_000)}`, /not JSON/],
    ['has a field that is nested deeply', nested('ended'), /ended/],
    ['has a thousand ended CAs', text({ ended: Array(1000).fill({ ca: 'ca' }) }), /ended/],
    [
      'has a thousand cross certificates',
      text({ crosses: Array(1000).fill({ ca: 'ca', cross: '' }) }),
      /crosses/,
    ],
    ['has a cross certificate of a megabyte', text({ crosses: [crossOf(1_000_000)] }), /cross/],
    ['has a negative sequence', text({ sequence: -1 }), /sequence/],
    ['has a sequence that is no number', text({ sequence: '7' }), /sequence/],
    ['has a malformed time', text({ at: 'x'.repeat(100_000) }), /at: must be a time/],
    [
      'rotates to the same key',
      text({ rotation: rotation({ to: { ...version(2), publicKeySha256: key(1).key } }) }),
      /to the same key/,
    ],
    [
      'says that the CA in use has ended',
      text({ ended: [{ ca: 'ca', ...version(1) }] }),
      /says has ended/,
    ],
  ])('cannot be read if it %s, and is quoted in part at most', (_, json, why) => {
    const error = thrown(() => parseRotation(json, 'fleet'));
    expect(error.message).toMatch(why);
    expect(error.message.length).toBeLessThan(1000);
  });

  it('is read if a field of a later release is nested deeply', () => {
    expect(parseRotation(nested('later'), 'fleet')).toEqual(published(1));
  });

  it('is read up to a limit, and a bucket that denies the object has none', async () => {
    const store = new MemoryStore();
    expect(await readRotation(store, 'fleet')).toBeUndefined();
    store.seed('trust/fleet/rotation.json', JSON.stringify(published(1)));
    expect(await readRotation(store, 'fleet')).toEqual(published(1));
    store.seed('trust/fleet/rotation.json', ' '.repeat(64 * 1024 + 1));
    await expect(readRotation(store, 'fleet')).rejects.toThrow(/larger than 65536 bytes/);
    store.interrupt = () => {
      throw new Fault('not-allowed', 'AccessDenied');
    };
    expect(await readRotation(store, 'fleet')).toBeUndefined();
    await expect(readRotation(store, '../x')).rejects.toThrow(/no valid name/);
  });
});

it('a node in a trust domain without rotations warns about nothing', async () => {
  expect(await follow(undefined)).toEqual({ warnings: [], isReplayed: false });
  expect(await follow(new Error('no network'))).toEqual({ warnings: [], isReplayed: false });
});

it.each([
  ['it does not exist', undefined],
  ['no network', new Error('no network')],
])('after a rotation, it warns if %s', async (why, found) => {
  const reading = await follow(published(7), found);
  expect([reading?.followed, reading?.warnings]).toEqual([
    undefined,
    [expect.stringMatching(new RegExp(`${why}; this node has seen change 7,`))],
  ]);
});

it('a lower number is ignored with a warning that has both, and the higher one stays in memory', async () => {
  const reading = await follow(published(7), published(6));
  expect(reading).toMatchObject({ isReplayed: true });
  expect(reading?.followed).toBeUndefined();
  expect(reading?.warnings).toEqual([
    expect.stringMatching(
      /publishes change 6 of its rotations, but this node has seen change 7: .* remove .*rotation\.json$/,
    ),
  ]);
  expect((await follow(published(7)))?.followed?.published).toEqual(published(7));
});

it('another trust domain starts from its own number', async () => {
  const other = published(1, { trustDomain: 'other' });
  expect((await follow(published(7), other))?.followed?.memory).toMatchObject({
    trustDomain: 'other',
    sequence: 1,
  });
});

it('with an unreadable memory, a node follows as if it had seen no rotation', async () => {
  writeFileSync(rotationMemoryFile(stateDir), '{');
  expect((await follow(published(3)))?.followed?.memory.sequence).toBe(3);
  expect(JSON.parse(readFileSync(rotationMemoryFile(stateDir), 'utf8')).sequence).toBe(3);
});

describe('it remembers', () => {
  const dropped = [{ ...key(1), to: key(2).key }];
  const remembered = async (...all: PublishedRotation[]) => {
    const [first, ...others] = all;
    const reading = await follow(first);
    const { memory } = reading?.followed ?? {};
    if (memory) await rememberRotation(stateDir, { ...memory, dropped } as typeof memory);
    const last = others.length > 0 ? await follow(...others) : reading;
    return last?.followed?.memory;
  };
  const retire = published(3, { rotation: rotation({ phase: 'retire' }) });
  const back = published(4, { rotation: rotation({ phase: 'issue' }) });
  const ended = [{ ca: 'ca' as const, ...version(1) }];
  const { rotation: _, ...stable } = published(4, { ended });

  it.each([
    ['which CA is being retired', [retire], { gone: [key(1)], phase: 'retire' }],
    ['which CA it dropped, while the rotation goes back', [retire, back], { gone: [], dropped }],
    [
      'nothing that could be restored after the end',
      [retire, stable],
      { gone: [key(1)], dropped: [] },
    ],
    [
      'nothing that could be restored in another rotation',
      [retire, published(5, { rotation: rotation({ to: version(3) }) })],
      { dropped: [] },
    ],
    [
      'permanently which key may have been stolen',
      [
        retire,
        published(4, { rotation: rotation({ phase: 'retire', compromised: true }) }),
        published(5, { rotation: rotation({ phase: 'issue' }) }),
      ],
      { compromised: [key(1)], dropped: [] },
    ],
    [
      'it in another trust domain, too: its name is published, too',
      [
        published(4, { rotation: rotation({ compromised: true }) }),
        published(1, { trustDomain: 'other', rotation: rotation() }),
      ],
      { trustDomain: 'other', sequence: 1, compromised: [key(1)] },
    ],
  ])('%s', async (_, all, expected) => {
    expect(await remembered(...all)).toMatchObject(expected);
  });
});
