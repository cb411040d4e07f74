/** Turns, rates and times. */
import { Agenda } from '../../../client/csrsigning/agenda.ts';
import { lastOutcome } from '../../../client/csrsigning/attempts.ts';
import { FairQueue } from '../../../client/csrsigning/fair-queue.ts';
import {
  pauseAfterAttempt,
  pauseBeforeLook,
  pauseForNode,
  staggerOf,
} from '../../../client/csrsigning/schedule.ts';
import { TokenBucket } from '../../../client/csrsigning/token-bucket.ts';
import { outcomeKeys } from '../../../lib/contract/request-key.ts';

describe('a fair queue', () => {
  /** The age is the number in an item. */
  const age = (item: string) => Number(item.replace(/\D/g, ''));
  const newQueue = () => new FairQueue<'a', string>((a, b) => age(a) > age(b));
  const takeAll = (queue: FairQueue<'a', string>) => {
    const taken: string[] = [];
    for (let next = queue.take('a'); next !== undefined; next = queue.take('a')) taken.push(next);
    return taken;
  };

  it('takes turns between requesters', () => {
    const queue = newQueue();
    for (const item of ['x1', 'x2', 'x3', 'x4']) queue.add('a', 'x', item);
    queue.add('a', 'y', 'y1');
    expect(takeAll(queue).indexOf('y1')).toBe(1);
    expect(queue.isEmpty('a')).toBe(true);
  });

  it('takes the newest and the oldest of one requester alternately', () => {
    const queue = newQueue();
    for (const item of ['1', '2', '3', '4', '5']) queue.add('a', 'x', item);
    expect(takeAll(queue)).toEqual(['5', '1', '4', '2', '3']);
  });

  it('orders by age, whenever something was added', () => {
    const queue = newQueue();
    for (const item of ['3', '5', '1', '2', '4']) queue.add('a', 'x', item);
    expect(takeAll(queue)).toEqual(['5', '1', '4', '2', '3']);
  });

  it('forgets what is removed', () => {
    const queue = newQueue();
    for (const item of ['1', '2']) queue.add('a', 'x', item);
    queue.remove('a', 'x', '2');
    queue.remove('a', 'x', '3');
    queue.remove('a', 'nobody', '1');
    expect(takeAll(queue)).toEqual(['1']);
  });
});

it('a rate allows a burst, and then one for each interval', () => {
  const bucket = new TokenBucket(3, 1000);
  const taken = (now: number) => bucket.take(now);
  expect([taken(0), taken(0), taken(0), taken(0), taken(999), taken(1000), taken(1001)]).toEqual([
    true,
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  expect(bucket.waitMs(1500)).toBe(500);
  expect([1, 2, 3, 4].map(() => taken(1_000_000))).toEqual([true, true, true, false]);
});

it('an agenda returns what is due, earliest first', () => {
  const agenda = new Agenda<number>();
  const times = [5, 3, 9, 1, 7, 3, 2, 8, 6, 4];
  for (const at of times) agenda.add(at, at);
  expect(agenda.nextAt).toBe(1);
  expect(agenda.takeDue(4)).toEqual([1, 2, 3, 3, 4]);
  expect(agenda.takeDue(4)).toEqual([]);
  expect(agenda.takeDue(100)).toEqual([5, 6, 7, 8, 9]);
  expect([agenda.size, agenda.nextAt]).toEqual([0, undefined]);
});

describe('the schedule', () => {
  const minutes = (ms: number) => ms / 60_000;
  it('looks for an outcome every second or two at first, and then every 15 seconds', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1000].map(pauseBeforeLook);
    expect(pauses.map((ms) => ms / 1000)).toEqual([0.5, 1, 1, 1.5, 2, 2, 4, 8, 15, 15]);
  });
  it('looks for a Node after 2, 5, 10 and then every 30 seconds', () => {
    expect([1, 2, 3, 4, 5].map(pauseForNode)).toEqual([2000, 5000, 10_000, 30_000, 30_000]);
  });
  it('makes further attempts after 1, 2, 4, 8 and then every 15 minutes, every hour on old CSRs, and every half a minute on a few new ones', () => {
    const pause = (attempt: number, ageMinutes: number, isSoon = false) =>
      minutes(pauseAfterAttempt(attempt, { ageMs: ageMinutes * 60_000, isSoon }));
    const pauses = [1, 2, 3, 4, 5, 6, 99].map((n) => pause(n, 0));
    expect(pauses).toEqual([1, 2, 4, 8, 15, 15, 15]);
    expect(pause(100, 25 * 60)).toBe(60);
    // few, in their first ten minutes
    expect([pause(1, -60, true), pause(9, 9, true), pause(21, 10, true)]).toEqual([0.5, 0.5, 15]);
  });
  it('staggers replicas by up to two seconds, each CSR differently', () => {
    const staggers = ['u1', 'u2', 'u3'].flatMap((uid) =>
      ['cp-1', 'cp-2', 'cp-3'].map((replica) => staggerOf(uid, replica)),
    );
    expect(new Set(staggers).size).toBe(9);
    expect(staggers.every((ms) => ms >= 0 && ms < 2000)).toBe(true);
    expect(staggerOf('u1', 'cp-1')).toBe(staggers[0]);
  });
});

describe('the outcome that counts', () => {
  const place = { cluster: 'prod', node: 'csr', uid: 'u-1', path: 'kubelet-client.json' };
  const keysOf = (requestId: string) => outcomeKeys({ ...place, requestId });
  const last = (...keys: string[]) => {
    const found = lastOutcome(place, new Set(keys));
    return found && [found.attempt, found.state];
  };

  it('is that of the last attempt', () => {
    expect(last()).toBeUndefined();
    expect(last(keysOf('u-1').rejected)).toEqual([1, 'rejected']);
    expect(
      last(keysOf('u-1').rejected, keysOf('u-1.10').rejected, keysOf('u-1.9').pending),
    ).toEqual([10, 'rejected']);
  });
  it('is a certificate, whatever came later', () => {
    expect(last(keysOf('u-1.2').certificate, keysOf('u-1.3').rejected)).toEqual([2, 'issued']);
  });
  it.each(['u-10', 'u-1.1', 'u-1.0', 'u-1.02', 'u-1.x', 'u-1.2.3', 'u-1.1e3'])(
    'is not that of request id %s',
    (requestId) => {
      expect(last(`certificates/prod/csr/${requestId}/kubelet-client.crt`)).toBeUndefined();
    },
  );
});
