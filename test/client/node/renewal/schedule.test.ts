/** What a timer relies on: `--if-expires-within` and `--splay`, under a clock and a chance of the test's. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import type { RenewWish, RenewWorld } from '../../../../client/node/renewal/options.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { openRequest } from '../../../../client/node/renewal/request-journal.ts';
import { splay } from '../../../../client/node/renewal/splay.ts';
import { caHashesOf } from '../../../../client/node/trust/ca-cert-hash.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const DAY = 86_400;
/** How long these are good; the others have a year. */
const SHORT: Record<string, number> = { 'admin.conf': 20, 'pki/etcd/peer': 50 };
const leaves = LEAVES.map((leaf) => ({ ...leaf, days: SHORT[leaf.path] ?? 365 }));
const root = mkdtempSync(join(tmpdir(), 'cakeless-schedule-'));
const node = new OpensslNode(join(root, 'node')).make(leaves);
const folders = { kubeconfigDir: node.folder, certDir: join(node.folder, 'pki') };
const stateDir = join(node.folder, 'cakeless');
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));
afterAll(() => rmSync(root, { recursive: true }));

const wish = (days: number | undefined): RenewWish => ({
  ...{ cluster: 'prod', node: 'cp-1', names: ['all'], request: 'r', newRequest: false },
  expiresWithinSeconds: days === undefined ? undefined : days * DAY,
  ...{
    waitSeconds: 0,
    waitForApprovals: false,
    caChange: { accept: false, hashes: caHashesOf([]) },
    restart: false,
  },
  ...{ key: {}, csrDir: undefined, also: [] },
});

/** @param later days from now */
function world(later = 0, at = new Date(Date.now() + later * DAY * 1000)) {
  const said: string[] = [];
  const slept: number[] = [];
  const store = new MemoryStore();
  const made: RenewWorld = {
    ...{ folders, stateDir, timeoutSeconds: 0 },
    terminal: { print: () => undefined, progress: (line) => void said.push(line) },
    clock: {
      now: () => at,
      monotonic: () => 0,
      sleep: async (milliseconds) => void slept.push(milliseconds),
    },
    exchange: async () => store,
    lease: () => Promise.reject(new Error('nothing is restarted')),
  };
  return { ...made, said, slept, store };
}

const asked = ({ store }: ReturnType<typeof world>) =>
  store.calls.filter(({ call }) => call === 'create').map(({ key }) => key.replace(/.*\//, ''));

describe('--if-expires-within', () => {
  it('asks for nothing, and takes no key, when nothing ends soon', async () => {
    const quiet = world();
    const report = await renew(quiet, wish(19));
    expect(quiet.store.calls).toEqual([]);
    const [first, ...others] = describeReport(report);
    expect([first, others.length]).toEqual(['nothing to renew', leaves.length]);
    expect(
      others.filter((line) => !/^[\w.-]+: good until \d{4}-\d\d-\d\dT[\d:.]+Z$/.test(line)),
    ).toEqual([]);
    expect(exitCodeOf(report)).toBe(0);
  });

  it.each([
    [20, 0, ['admin.conf.csr']],
    [60, 0, ['admin.conf.csr', 'peer.csr']],
    [20, 31, ['admin.conf.csr', 'peer.csr']],
    [undefined, 0, leaves.map(({ path }) => `${path.replace(/.*\//, '')}.csr`)],
  ])(
    'within %s days, %s days from now, it asks for what ends until then',
    async (days, later, names) => {
      const busy = world(later);
      const report = await renew(busy, wish(days));
      expect(asked(busy).sort()).toEqual([...names].sort());
      // nobody answers here
      expect(exitCodeOf(report)).toBe(4);
      expect(describeReport(report).join('\n')).toContain(
        'no outcome yet; run the same command again',
      );
    },
  );

  it('takes a certificate in the very second from which on it ends within the time', async () => {
    const place = readPlace(placeOf('admin.conf', folders));
    if (place.state !== 'present') throw new Error(place.state);
    const edge = Date.parse(place.leaf.validTo) - 10 * DAY * 1000;
    const [before, then] = [world(0, new Date(edge - 1000)), world(0, new Date(edge))];
    await renew(before, wish(10));
    await renew(then, wish(10));
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

  it('waits a random time up to it, both ends included, and says how long', async () => {
    const longest = world();
    await splay(longest, wish(60), 12 * 3600, highest);
    const shortest = world();
    await splay(shortest, wish(60), 12 * 3600, { randomInt: () => 0 });
    expect([chances, longest.slept, shortest.slept]).toEqual([[43_201], [43_200_000], [0]]);
    expect(longest.said).toEqual(['waiting 43200 seconds, so that not all nodes ask at once ...']);
  });

  it.each([
    ['it was not asked to', undefined, 60],
    ['nothing is going to be asked for', 12 * 3600, 19],
  ])('does not wait where %s', async (_, seconds, days) => {
    const quiet = world();
    await splay(quiet, wish(days), seconds, highest);
    expect([quiet.slept, chances]).toEqual([[], []]);
  });

  it('waits where an earlier run has asked and got no answer', async () => {
    const createdAt = new Date().toISOString();
    const request = { cluster: 'prod', node: 'cp-1', request: 'r', createdAt };
    await openRequest(stateDir, { ...request, open: ['apiserver'] });
    const waits = world();
    await splay(waits, wish(19), 60, highest);
    expect(waits.slept).toEqual([60_000]);
  });

  it('does not wait where a run that was cut off has moved a manifest away', async () => {
    const held = join(stateDir, 'held-manifests');
    mkdirSync(held, { recursive: true });
    writeFileSync(join(held, 'etcd.yaml'), '');
    const urgent = world();
    await splay(urgent, wish(60), 60, highest);
    expect(urgent.slept).toEqual([]);
  });
});
