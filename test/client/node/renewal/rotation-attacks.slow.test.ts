/** A node in a rotation of `ca` is told phases in a wrong order, bundles that contradict them, and a wrong time. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf } from '../../../../client/commands/renew.ts';
import { stayingCertificates } from '../../../../client/node/renewal/staying-certificates.ts';
import { readCaFile } from '../../../../client/node/rotation/versions.ts';
import { withRunLock } from '../../../../client/node/state/run-lock.ts';
import { findPath } from '../../../../client/node/trust/path.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { type Ca, NOW, rotationOf } from '../../../support/rotating-node.ts';
import {
  ended,
  node,
  OF_CA,
  ofTwo,
  one,
  root,
  three,
  toIssue,
  toRetire,
  toTrust,
  two,
  upTo,
} from './rotation.ts';

const DAY = 86_400_000;

/** Whatever the bucket said: each certificate of `ca` chains to the file of the node. */
function expectTrustOfOwn(): void {
  const ours = readCaFile('ca', node.folders) ?? [];
  const orphans = stayingCertificates(node.folders, [])
    .filter(({ name }) => profileOf(name).ca === 'ca')
    .filter(({ chain }) => findPath(chain, ours) === undefined);
  expect(orphans.map(({ name }) => name)).toEqual([]);
}

const toEnd = (sequence: number) => node.publish([two], { sequence, ended: ended(1) });

describe('phases in a wrong order', () => {
  const begin: Record<string, (sequence: number) => void> = {
    trust: (sequence) => {
      toTrust({ sequence });
      node.signs = one;
      node.cross = undefined;
    },
    issue: toIssue,
    retire: toRetire,
    end: (sequence) => {
      toEnd(sequence);
      node.signs = two;
      node.cross = undefined;
    },
  };
  it.each([
    'retire, trust, issue, retire',
    'issue, end',
    'end, trust, issue, retire',
    'retire, retire, issue',
    'trust, retire, issue, trust, retire',
    'trust, end, retire, end',
  ])(
    '%s: no certificate of the node is without its CA, and another run changes nothing',
    async (order) => {
      for (const [i, phase] of order.split(', ').entries()) {
        begin[phase]?.(i + 1);
        await node.renew();
        expectTrustOfOwn();
      }
      const report = await node.renew();
      expect(report.backup).toBeUndefined();
    },
  );
});

describe('a bundle that contradicts rotation.json', () => {
  it.each<[string, 'trust' | 'issue' | 'retire', readonly Ca[], string]>([
    ['has the new CA alone in trust', 'trust', [two], '1,2'],
    ['has the old CA alone in issue', 'issue', [one], '1,2'],
    ['has a third CA in trust', 'trust', [one, two, three], '1,2'],
    ['has only a third CA in issue', 'issue', [three], '1,2'],
    ['still has the old CA in retire', 'retire', [two, one], '2,1'],
    ['has only the old CA in retire', 'retire', [one], '2,1'],
    ['is empty', 'issue', [], '1,2'],
  ])(
    'and %s takes no CA that nothing vouches for, and drops none that is needed',
    async (_, phase, bundle, file) => {
      await upTo(phase === 'retire' ? 'issue' : 'trust');
      node.publish(bundle, { sequence: 9, rotation: rotationOf(phase) });
      const report = await node.renew();
      expect(node.trusted().file.split(',').sort()).toEqual(file.split(',').sort());
      expectTrustOfOwn();
      expect([0, 4, 7]).toContain(exitCodeOf(report));
    },
  );
});

describe('a clock that is far off', () => {
  it.each([
    ['ten years ahead', 3650],
    ['ten years behind', -3650],
  ])('%s takes no new CA, says so, and follows when it is right again', async (_, days) => {
    toTrust();
    node.now = new Date(NOW.getTime() + days * DAY);
    const wrong = await node.renew().catch((error: Error) => error);
    expect(node.trusted().file).toBe('1');
    if (!(wrong instanceof Error))
      expect([exitCodeOf(wrong), wrong.rotation?.refused.join()]).toEqual([
        7,
        expect.stringContaining('check the clock'),
      ]);
    node.now = NOW;
    const report = await node.renew();
    expect([node.trusted().file, exitCodeOf(report)]).toEqual(['1,2', 0]);
  });

  it('in issue and retire leaves every certificate with its CA', async () => {
    await upTo('trust');
    toIssue();
    node.now = new Date(NOW.getTime() - 3650 * DAY);
    await node.renew().catch(() => undefined);
    expectTrustOfOwn();
    toRetire();
    await node.renew().catch(() => undefined);
    expectTrustOfOwn();
    node.now = new Date(NOW.getTime() + DAY);
    await node.renew({ newRequest: true });
    expectTrustOfOwn();
    expect([ofTwo().length, node.trusted().file]).toEqual([OF_CA.length, '2']);
  });
});

describe('a folder of state that was deleted halfway', () => {
  const KEYS = 'requests and all keys in it';
  const at = (...names: string[]) => join(root, 'cakeless', ...names);
  function removeState(what: string): void {
    if (what !== KEYS) {
      rmSync(at(what), { recursive: true, force: true });
      return;
    }
    const files = readdirSync(at('requests'), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(key|csr)$/.test(name)))
      rmSync(at('requests', file));
  }
  it.each([['requests'], ['installations'], ['rotation.json'], ['component-starts.json'], [KEYS]])(
    'without %s, the next runs finish the rotation',
    async (what) => {
      await upTo('trust');
      toIssue();
      node.silent.add('apiserver');
      await node.renew();
      removeState(what);
      node.silent.clear();
      node.now = new Date(NOW.getTime() + 2 * DAY);
      await node.renew();
      await node.renew();
      expect([ofTwo().length, node.trusted().file]).toEqual([OF_CA.length, '2,1']);
      toRetire(9);
      await node.renew();
      expect(node.trusted().file).toBe('2');
    },
  );
});

it('two runs at once: the second is refused, and the first one installs everything', async () => {
  await upTo('trust');
  toIssue();
  let second: unknown;
  node.beforeCall = () => {
    node.beforeCall = () => undefined;
    second = withRunLock(node.folders, () => node.renew()).catch((error: unknown) => error);
  };
  await withRunLock(node.folders, () => node.renew());
  expect(await second).toMatchObject({ code: 'run-in-progress' });
  expect([ofTwo().length, node.trusted().file]).toEqual([OF_CA.length, '2,1']);
  expect(new Set(node.requests().map((key) => key.split('/')[3])).size).toBe(1);
});
