/** The options of a timer, `--if-expires-within` and `--splay`, with a fixed clock and fixed random numbers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { LAST_THIRD } from '../../../../client/node/disk/expires-within.ts';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import type { RenewalDeps, RenewalOptions } from '../../../../client/node/renewal/options.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { openRequest } from '../../../../client/node/renewal/request-journal.ts';
import { splay } from '../../../../client/node/renewal/splay.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';
import { renewalOptions } from '../../../support/renewal.ts';

const DAY = 86_400;
/** Validity in days; the others are valid for a year. */
const SHORT: Record<string, number> = { 'admin.conf': 20, 'pki/etcd/peer': 50 };
const leaves = LEAVES.map((leaf) => ({ ...leaf, days: SHORT[leaf.path] ?? 365 }));
const root = mkdtempSync(join(tmpdir(), 'cakeless-schedule-'));
const node = new OpensslNode(join(root, 'node')).make(leaves);
for (const ca of ['ca', 'etcd/ca', 'front-proxy-ca']) rmSync(join(node.folder, `pki/${ca}.key`));
const folders = { kubeconfigDir: node.folder, certDir: join(node.folder, 'pki') };
const stateDir = join(node.folder, 'cakeless');
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));
afterAll(() => rmSync(root, { recursive: true }));

const expiringWithin = (days: number | undefined): RenewalOptions =>
  renewalOptions({ node: 'cp-1' }, ['all'], {
    cluster: 'prod',
    request: 'r',
    expiresWithin: days === undefined ? undefined : { text: `${days}d`, seconds: days * DAY },
    waitSeconds: 0,
  });

/** @param later the clock, in days from now */
function depsAt(later = 0, at = new Date(Date.now() + later * DAY * 1000)) {
  const said: string[] = [];
  const slept: number[] = [];
  const store = new MemoryStore();
  const deps: RenewalDeps = {
    folders,
    stateDir,
    timeoutSeconds: 0,
    terminal: { print: () => undefined, progress: (line) => void said.push(line) },
    clock: {
      now: () => at,
      monotonic: () => 0,
      sleep: async (milliseconds) => void slept.push(milliseconds),
    },
    exchange: async () => store,
    lease: () => Promise.reject(new Error('nothing is restarted')),
  };
  return { ...deps, said, slept, store };
}

const asked = ({ store }: ReturnType<typeof depsAt>) =>
  store.calls.filter(({ call }) => call === 'create').map(({ key }) => key.replace(/.*\//, ''));

describe('--if-expires-within', () => {
  it('uploads nothing and creates no key if nothing expires soon', async () => {
    const quiet = depsAt();
    const report = await renew(quiet, expiringWithin(19));
    expect(quiet.store.calls).toEqual([]);
    const [first, ...others] = describeReport(report);
    expect([first, others.length]).toEqual(['nothing to renew', leaves.length]);
    expect(
      others.filter((line) => !/^[\w.-]+: valid until \d{4}-\d\d-\d\dT[\d:.]+Z$/.test(line)),
    ).toEqual([]);
    expect(exitCodeOf(report)).toBe(0);
  });

  it.each([
    [20, 0, ['admin.conf.csr']],
    [60, 0, ['admin.conf.csr', 'peer.csr']],
    [20, 31, ['admin.conf.csr', 'peer.csr']],
    [undefined, 0, leaves.map(({ path }) => `${path.replace(/.*\//, '')}.csr`)],
  ])(
    'within %s days, %s days from now, it requests what expires by then',
    async (days, later, names) => {
      const busy = depsAt(later);
      const report = await renew(busy, expiringWithin(days));
      expect(asked(busy).sort()).toEqual([...names].sort());
      // no service answers in this test
      expect(exitCodeOf(report)).toBe(4);
      expect(describeReport(report).join('\n')).toContain(
        'no outcome yet; run the same command again',
      );
    },
  );

  it('requests a certificate in the last part of its lifetime', async () => {
    const lastThird = { ...expiringWithin(undefined), expiresWithin: LAST_THIRD };
    const requestedAfter = async (days: number) => {
      const busy = depsAt(days);
      await renew(busy, lastThird);
      rmSync(stateDir, { recursive: true, force: true });
      return asked(busy).sort();
    };
    expect(await requestedAfter(13)).toEqual([]);
    expect(await requestedAfter(14)).toEqual(['admin.conf.csr']);
    expect(await requestedAfter(34)).toEqual(['admin.conf.csr', 'peer.csr']);
    expect(await requestedAfter(243)).toEqual(['admin.conf.csr', 'peer.csr']);
    expect(await requestedAfter(244)).toHaveLength(leaves.length);
  });

  it('includes a certificate from the second at which it expires within the time', async () => {
    const place = readPlace(placeOf('admin.conf', folders));
    if (place.state !== 'present') throw new Error(place.state);
    const edge = Date.parse(place.leaf.validTo) - 10 * DAY * 1000;
    const [before, then] = [depsAt(0, new Date(edge - 1000)), depsAt(0, new Date(edge))];
    await renew(before, expiringWithin(10));
    await renew(then, expiringWithin(10));
    expect([asked(before), asked(then)]).toEqual([[], ['admin.conf.csr']]);
  });
});

describe('--splay', () => {
  const chances: number[] = [];
  const highest = {
    randomInt: (limit: number) => {
      chances.push(limit);
      return limit - 1;
    },
  };
  beforeEach(() => chances.splice(0));

  it('waits a random time from 0 to its value, and says how long', async () => {
    const longest = depsAt();
    await splay(longest, expiringWithin(60), 12 * 3600, highest);
    const shortest = depsAt();
    await splay(shortest, expiringWithin(60), 12 * 3600, { randomInt: () => 0 });
    expect([chances, longest.slept, shortest.slept]).toEqual([[43_201], [43_200_000], [0]]);
    expect(longest.said).toEqual([
      'waiting 43200s, so that not all nodes upload at the same time ...',
    ]);
  });

  it.each([
    ['it is not given', undefined, 60],
    ['nothing will be uploaded', 12 * 3600, 19],
  ])('does not wait if %s', async (_, seconds, days) => {
    const quiet = depsAt();
    await splay(quiet, expiringWithin(days), seconds, highest);
    expect([quiet.slept, chances]).toEqual([[], []]);
  });

  it('waits if an earlier request has no outcome yet', async () => {
    const createdAt = new Date().toISOString();
    const request = { cluster: 'prod', node: 'cp-1', request: 'r', createdAt };
    await openRequest(stateDir, { ...request, open: ['apiserver'] });
    const waits = depsAt();
    await splay(waits, expiringWithin(19), 60, highest);
    expect(waits.slept).toEqual([60_000]);
  });

  it('does not wait if an interrupted run has moved a manifest away', async () => {
    const held = join(stateDir, 'held-manifests');
    mkdirSync(held, { recursive: true });
    writeFileSync(join(held, 'etcd.yaml'), '');
    const urgent = depsAt();
    await splay(urgent, expiringWithin(60), 60, highest);
    expect(urgent.slept).toEqual([]);
  });
});
