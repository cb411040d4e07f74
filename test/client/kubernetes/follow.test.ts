/** Following a kind of object, with a client that does what the case says. Requests are counted: no loop is busy. */
import { type Followed, follow } from '../../../client/kubernetes/follow.ts';
import {
  type KubeClient,
  KubeError,
  KubeSilence,
  KubeUnreachable,
  type ListPage,
  type WatchEvent,
  type WatchOptions,
} from '../../../client/kubernetes/kube-client.ts';
import { ManualTimers } from '../../support/manual-timers.ts';

type Watch = (version: string, signal: AbortSignal) => AsyncGenerator<WatchEvent<Followed>>;
type List = () => AsyncGenerator<ListPage<Followed>>;

const object = (uid: string, version = 1): Followed => ({
  metadata: { uid, resourceVersion: `${version}` },
});
const page = (version: number, ...uids: string[]): ListPage<Followed> => ({
  items: uids.map((uid) => object(uid)),
  resourceVersion: `${version}`,
});

async function* pages(...listed: ListPage<Followed>[]) {
  yield* listed;
}

/** Silent until the signal is aborted. */
async function* openWatch(signal: AbortSignal, ...events: WatchEvent<Followed>[]) {
  yield* events;
  await new Promise((done) => signal.addEventListener('abort', done));
}

const event = (type: WatchEvent<Followed>['type'], uid: string, version: number) => ({
  type,
  object: object(uid, version),
});

class Following {
  readonly timers = new ManualTimers();
  readonly stopped = new AbortController();
  readonly log: string[] = [];
  readonly pauses: number[] = [];
  lists = 0;
  readonly watchedFrom: string[] = [];
  readonly result: Promise<void>;

  /** @param onObject what the handler does besides being logged */
  constructor(
    list: (count: number) => AsyncGenerator<ListPage<Followed>>,
    watch: Watch,
    onObject: () => void | Promise<void> = () => undefined,
  ) {
    const client: Pick<KubeClient, 'list' | 'watch'> = {
      list: ((): ReturnType<List> => {
        this.lists += 1;
        return list(this.lists);
      }) as KubeClient['list'],
      watch: ((_: string, { resourceVersion, signal }: WatchOptions) => {
        this.watchedFrom.push(resourceVersion);
        return watch(resourceVersion, signal);
      }) as KubeClient['watch'],
    };
    const { log, pauses, timers } = this;
    this.result = follow<Followed>(
      client,
      '/items',
      {
        onObject: ({ metadata }) => {
          log.push(metadata.uid);
          return onObject();
        },
        onGone: (uid) => void log.push(`-${uid}`),
        onListed: () => void log.push('listed'),
        onProblem: (error, pauseMs) => {
          log.push(error.message);
          pauses.push(pauseMs);
        },
      },
      { timers, signal: this.stopped.signal, randomInt: (limit) => limit - 1 },
    );
    this.result.catch(() => undefined);
  }

  /** Lets everything run that does not wait for a timer. */
  async settle(): Promise<void> {
    for (let i = 0; i < 50; i++) await new Promise((done) => setImmediate(done));
  }

  async pass(milliseconds: number, step = 1000): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await this.settle();
      this.timers.advance(step);
    }
    await this.settle();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.result;
  }
}

const silent: Watch = (_, signal) => openWatch(signal);

it('hands over listed objects, then events, and ends when it is stopped', async () => {
  const following = new Following(
    () => pages(page(5, 'a'), page(5, 'b')),
    (_, signal) =>
      openWatch(
        signal,
        event('ADDED', 'c', 6),
        event('BOOKMARK', '', 7),
        event('MODIFIED', 'a', 8),
        event('DELETED', 'b', 9),
        event('DELETED', 'never-seen', 10),
      ),
  );
  await following.settle();
  expect(following.log).toEqual(['a', 'b', 'listed', 'c', 'a', '-b']);
  expect(following.watchedFrom).toEqual(['5']);
  await following.stop();
  expect(following.timers.waiting).toEqual([]);
});

it('resumes a watch that the server ends from the last version, bookmarks included', async () => {
  const following = new Following(
    () => pages(page(5)),
    async function* (version) {
      yield event('ADDED', `o${version}`, Number(version) + 1);
      yield event('BOOKMARK', '', Number(version) + 10);
    },
  );
  await following.pass(3000, 100);
  expect(following.watchedFrom.slice(0, 3)).toEqual(['5', '15', '25']);
  expect(following.lists).toBe(1);
  await following.stop();
});

it('lists again after ten minutes at most, and reports what has gone in the meantime', async () => {
  const following = new Following(
    (count) => pages(count === 1 ? page(5, 'a', 'b') : page(90, 'b', 'c')),
    silent,
  );
  await following.pass(10 * 60_000);
  expect(following.lists).toBe(2);
  expect(following.log).toEqual(['a', 'b', 'listed', 'b', 'c', '-a', 'listed']);
  expect(following.watchedFrom).toEqual(['5', '90']);
  await following.stop();
});

it.each<[string, Error, string[]]>([
  ['an expired version', new KubeError(410, 'Expired', 'too old'), ['too old']],
  ['a broken connection', new KubeUnreachable('aborted'), ['aborted']],
  // in a quiet cluster: no problem as long as the list succeeds
  ['silence', new KubeSilence('no event and no bookmark for 90s'), []],
])('lists again after %s', async (_, error, problems) => {
  let fails = true;
  const following = new Following(
    () => pages(page(5, 'a')),
    async function* (_version, signal) {
      if (!fails) return yield* openWatch(signal);
      fails = false;
      throw error;
    },
  );
  await following.pass(2000, 100);
  expect(following.log).toEqual(['a', 'listed', ...problems, 'a', 'listed']);
  expect(following.lists).toBe(2);
  await following.stop();
});

describe('is not busy', () => {
  const refused = new KubeUnreachable('ECONNREFUSED');

  it('while the server does not respond, and is back soon afterwards', async () => {
    let isDown = true;
    const following = new Following(async function* () {
      if (isDown) throw refused;
      yield page(5, 'a');
    }, silent);
    await following.pass(10 * 60_000);
    expect(following.pauses.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(following.lists).toBeLessThan(50);
    isDown = false;
    await following.pass(16_000);
    expect(following.log.slice(-2)).toEqual(['a', 'listed']);
    await following.stop();
  });

  it.each<[string, Watch]>([
    ['every watch ends at once', () => pages() as never],
    [
      'every watch fails at once',
      () => {
        throw new KubeError(410, 'Expired', 'too old');
      },
    ],
  ])('if %s', async (_, watch) => {
    const following = new Following(() => pages(page(5)), watch);
    await following.pass(9 * 60_000);
    expect(following.lists + following.watchedFrom.length).toBeLessThan(100);
    await following.stop();
  });

  it('and waits as long as the server asks', async () => {
    const following = new Following(async function* (count) {
      if (count === 1) throw new KubeError(429, 'TooManyRequests', 'busy', 40);
      if (count === 2) throw new KubeError(429, 'TooManyRequests', 'busy', 4000);
      yield page(5);
    }, silent);
    await following.pass(2 * 60_000);
    expect(following.pauses).toEqual([40_000, 60_000]);
    await following.stop();
  });

  it('and pauses are short again once a watch has lasted', async () => {
    let end: () => void = () => undefined;
    const following = new Following(
      async function* (count) {
        if (count % 5 !== 0) throw refused;
        yield page(5);
      },
      async function* () {
        await new Promise<void>((done) => {
          end = done;
        });
        yield event('BOOKMARK', '', 6);
        throw refused;
      },
    );
    await following.pass(60_000);
    expect(following.pauses).toEqual([500, 1000, 2000, 4000]);
    end();
    await following.settle();
    expect(following.pauses.at(-1)).toBe(500);
    await following.stop();
  });
});

it.each<[string, Error]>([
  ['an error', new Error('a bug')],
  // as of a call that the handler makes
  ['an error of the API', new KubeError(404, 'NotFound', 'gone')],
])('ends with %s that a handler throws', async (_, error) => {
  const following = new Following(
    () => pages(page(5, 'a')),
    silent,
    () => Promise.reject(error),
  );
  await expect(following.result).rejects.toBe(error);
  expect(following.log).toEqual(['a']);
});

it('ends with an error that repetition does not change', async () => {
  const following = new Following(() => {
    throw new TypeError('a bug');
  }, silent);
  await expect(following.result).rejects.toThrow('a bug');
});

it('waits for a handler before it goes on', async () => {
  let release: () => void = () => undefined;
  const following = new Following(
    () => pages(page(5, 'a', 'b')),
    silent,
    () =>
      new Promise<void>((done) => {
        release = done;
      }),
  );
  await following.settle();
  expect(following.log).toEqual(['a']);
  release();
  await following.settle();
  expect(following.log).toEqual(['a', 'b']);
  following.stopped.abort();
  release();
  await following.result;
  expect(following.log).toEqual(['a', 'b']);
});
