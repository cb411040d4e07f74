/** What nodes read after create-ca was killed, or somebody has written to the bucket: published again from the document. */
import { mendTrust } from '../../../lib/ca/mend-trust.ts';
import { publishedObjectsOf } from '../../../lib/ca/publish-trust.ts';
import {
  TRUST_DOMAIN as NAME,
  type RotatingWorld,
  rotatingWorld,
} from '../../support/rotating-world.ts';

const BUNDLE = 'trust/prod/ca.crt';
const ROTATION = 'trust/prod/rotation.json';

let world: RotatingWorld;
let fresh: () => void;

beforeAll(async () => {
  world = await rotatingWorld();
  await world.advance('trust');
  fresh = world.save();
});
beforeEach(() => {
  fresh();
  world.exchange.interrupt = () => {};
});

const mend = () => mendTrust(world.service, NAME);
const wanted = () => publishedObjectsOf(world.document()).map(({ key, text }) => [key, text]);
const published = () =>
  [...world.exchange.objects].map(([key, { body }]) => [key, Buffer.from(body).toString()]);

it.each([1, 2, 3])('create-ca is killed before its put number %d of a change', async (killed) => {
  const { exchange, go } = world;
  let puts = 0;
  exchange.interrupt = (point) => {
    if (point !== 'before put') return;
    puts += 1;
    if (puts >= killed) throw new Error('killed');
  };
  await expect(go('issue')).rejects.toThrow('killed');
  exchange.interrupt = () => {};
  const { republished, unknown } = await mend();
  expect(republished).toEqual([BUNDLE, ROTATION].slice(killed === 1 ? 0 : 1));
  expect(unknown).toEqual([]);
  expect(published().sort()).toEqual(wanted().sort());
  expect(await mend()).toEqual({ republished: [], unknown: [] });
});

it('writes nothing if nothing differs', async () => {
  const puts = () => world.exchange.calls.filter(({ call }) => call === 'put').length;
  const before = puts();
  expect(await mend()).toEqual({ republished: [], unknown: [] });
  expect(puts()).toBe(before);
});

it.each<[string, () => void, string]>([
  ['was removed', () => world.exchange.objects.delete(BUNDLE), BUNDLE],
  ['has another CA', () => world.exchange.seed(BUNDLE, 'another CA'), BUNDLE],
  ['cannot be read', () => void world.exchange.unreadable.set(BUNDLE, 'archived'), BUNDLE],
  [
    'has a sequence number that is too high',
    () => world.exchange.seed(ROTATION, '{"sequence":1000000}'),
    ROTATION,
  ],
])('an object that %s is published again', async (_, spoil, key) => {
  spoil();
  expect((await mend()).republished).toEqual([key]);
  world.exchange.unreadable.clear();
  expect(published().sort()).toEqual(wanted().sort());
});

it('names what nothing publishes, and leaves it', async () => {
  world.exchange.seed('trust/prod/kubelet-ca.crt', 'a CA that the trust domain does not have');
  world.exchange.seed('trust/prodigy/ca.crt', 'of another trust domain');
  expect(await mend()).toEqual({ republished: [], unknown: ['trust/prod/kubelet-ca.crt'] });
});

it('a change while it publishes is published after it', async () => {
  const { exchange, go } = world;
  exchange.objects.delete(BUNDLE);
  let change: Promise<unknown> | undefined;
  exchange.interrupt = (point) => {
    if (point === 'before put') change ??= go('issue');
  };
  await mend();
  await change;
  exchange.interrupt = () => {};
  expect(await mend()).toEqual({ republished: [], unknown: [] });
  expect(world.published()).toMatchObject({ sequence: 2 });
});

it('a trust domain that does not exist has nothing to publish', async () => {
  expect(await mendTrust(world.service, 'other')).toEqual({ republished: [], unknown: [] });
});
