/** A worker without AWS credentials in a rotation: what it takes of the ConfigMap that the forwarder keeps. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readClusterTrust } from '../../../../client/commands/trust-from-cluster.ts';
import { type KubeClient, KubeError } from '../../../../client/kubernetes/kube-client.ts';
import type { ClusterTrust } from '../../../../client/node/renewal/cluster-rotation.ts';
import { trustFromCluster } from '../../../../client/node/renewal/trust-from-cluster.ts';
import { recallRotation } from '../../../../client/node/state/rotation-memory.ts';
import {
  caHashesOf,
  formatCaCertHash,
  hashOf,
} from '../../../../client/node/trust/ca-cert-hash.ts';
import {
  crossOf,
  makeCa,
  NOW,
  named,
  rotationOf,
  versions,
} from '../../../support/rotating-node.ts';

const [old, next] = versions;
const foreign = makeCa('kubernetes');
const root = mkdtempSync(join(tmpdir(), 'cakeless-cluster-rotation-'));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'node-'));
  mkdirSync(join(folder, 'pki'));
  writeFileSync(join(folder, 'pki/ca.crt'), old.pem);
});
const caOf = () => readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
const stateDir = () => join(folder, 'cakeless');

type Rotation = ReturnType<typeof rotationOf>;
const trust = (ca: string, rotation: Rotation, sequence = 1): ClusterTrust => ({
  ca,
  rotation: { trustDomain: 'prod', sequence, at: NOW.toISOString(), rotation, ended: [] },
});

interface More {
  readonly hashes?: string[];
  /** kube-root-ca.crt */
  readonly rootCa?: string;
}

const run = (published: ClusterTrust | undefined, { hashes = [], rootCa = old.pem }: More = {}) =>
  trustFromCluster(
    {
      folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
      stateDir: stateDir(),
      terminal: { print: () => undefined, progress: () => undefined },
      timeoutSeconds: 1,
      clock: { now: () => NOW, monotonic: () => 0, sleep: async () => undefined },
      systemd: { isRunning: () => false, systemctl: async () => undefined },
    },
    { also: [], restart: false, dryRun: false, hashes: caHashesOf(hashes) },
    {
      readPublished: async () => rootCa,
      readRotation: async () => published,
      reach: async () => undefined,
    },
  );

const compromised = { compromised: true } as const;
const rows: [sentence: string, published: ClusterTrust, more: More, has: string][] = [
  [
    'takes a CA that the cross certificate vouches for',
    trust(old.pem + next.pem, rotationOf('trust')),
    {},
    old.pem + next.pem,
  ],
  [
    'takes it even if the kubelet may not read kube-root-ca.crt',
    trust(old.pem + next.pem, rotationOf('trust')),
    { rootCa: '' },
    old.pem + next.pem,
  ],
  [
    'does not take another one that the ConfigMap has, too',
    trust(old.pem + next.pem + foreign.pem, rotationOf('trust')),
    {},
    old.pem + next.pem,
  ],
  [
    'does not take one whose cross certificate is of another CA',
    trust(old.pem + next.pem, rotationOf('trust', { cross: crossOf(next, foreign) })),
    {},
    old.pem,
  ],
  [
    'takes it if the cluster publishes it to its pods',
    trust(old.pem + next.pem, rotationOf('trust', { cross: crossOf(next, foreign) })),
    { rootCa: old.pem + next.pem },
    old.pem + next.pem,
  ],
  [
    'of a compromised rotation, takes it from neither',
    trust(old.pem + next.pem, rotationOf('trust', compromised)),
    { rootCa: old.pem + next.pem },
    old.pem,
  ],
  [
    'of a compromised rotation, takes it if its hash is given',
    trust(old.pem + next.pem, rotationOf('trust', compromised)),
    { hashes: [formatCaCertHash('ca', next.pem)] },
    old.pem + next.pem,
  ],
  [
    'does not take a certificate with the key of the new CA that this key has not signed',
    trust(
      old.pem + makeCa('kubernetes', { ...foreign, commonName: 'other' }, next.keys).pem,
      rotationOf('trust'),
    ),
    {},
    old.pem,
  ],
  ['drops the old CA in retire', trust(next.pem, rotationOf('retire')), {}, next.pem],
];
it.each(rows)('%s', async (_, published, more, has) => {
  const report = await run(published, more);
  expect([caOf(), report.sequence]).toEqual([has, 1]);
  expect(recallRotation(stateDir())?.sequence).toBe(1);
});

it('refuses a bundle with nothing that anything vouches for', async () => {
  await expect(run(trust(foreign.pem, rotationOf('retire')))).rejects.toThrow(/nothing vouches/);
  expect(caOf()).toBe(old.pem);
});

it('does not follow an older rotation than it has seen', async () => {
  await run(trust(old.pem + next.pem, rotationOf('trust'), 5));
  const { notes, sequence } = await run(trust(next.pem, rotationOf('retire'), 4), {
    rootCa: old.pem + next.pem,
  });
  expect([sequence, notes]).toEqual([undefined, [expect.stringMatching(/change 4.*change 5/)]]);
  expect(caOf()).toBe(old.pem + next.pem);
});

const inRetire = trust(next.pem, rotationOf('retire'));
const inCompromised = trust(old.pem, rotationOf('trust', compromised), 3);
const ofAnotherDomain = trust(
  old.pem + foreign.pem,
  rotationOf('trust', {
    to: { ...named(2), publicKeySha256: hashOf(foreign.pem) },
    cross: crossOf(foreign, old),
  }),
);
const remembered: [
  sentence: string,
  before: ClusterTrust,
  after: ClusterTrust | undefined,
  more: More,
  has: string,
][] = [
  [
    'a dropped CA does not return with what the cluster publishes to its pods',
    inRetire,
    undefined,
    { rootCa: old.pem + next.pem },
    next.pem,
  ],
  [
    'a dropped CA does not return with an older rotation, either',
    inRetire,
    { ...inRetire, rotation: { ...inRetire.rotation, sequence: 0 } },
    { rootCa: old.pem + next.pem },
    next.pem,
  ],
  [
    'who has a compromised key, and so can be the API server, adds no CA by hiding the ConfigMap',
    inCompromised,
    undefined,
    { rootCa: old.pem + foreign.pem },
    old.pem,
  ],
  [
    'nor by a ConfigMap of another trust domain, which knows of no compromise',
    inCompromised,
    { ...ofAnotherDomain, rotation: { ...ofAnotherDomain.rotation, trustDomain: 'other' } },
    { rootCa: old.pem + foreign.pem },
    old.pem,
  ],
  [
    'a hash adds it also without the ConfigMap',
    inCompromised,
    undefined,
    { rootCa: old.pem + next.pem, hashes: [formatCaCertHash('ca', next.pem)] },
    old.pem + next.pem,
  ],
  [
    'once the compromised CA is dropped, the cluster vouches again',
    trust(next.pem, rotationOf('retire', compromised), 3),
    undefined,
    { rootCa: next.pem + foreign.pem },
    next.pem + foreign.pem,
  ],
];
it.each(remembered)('%s', async (_, before, after, more, has) => {
  if (before.rotation.rotation?.phase === 'retire')
    writeFileSync(join(folder, 'pki/ca.crt'), old.pem + next.pem);
  await run(before);
  await run(after, more);
  expect(caOf()).toBe(has);
});

it('without the ConfigMap, takes what the cluster publishes to its pods', async () => {
  const report = await run(undefined, { rootCa: old.pem + next.pem });
  expect([caOf(), report.sequence]).toEqual([old.pem + next.pem, undefined]);
});

const failing = (status: number): Pick<KubeClient, 'get'> => ({
  get: () => Promise.reject(new KubeError(status, '', 'x')),
});

it('a ConfigMap that the kubelet may not read does not count; another error is an error', async () => {
  expect(await readClusterTrust(failing(403))).toBeUndefined();
  expect(await readClusterTrust({ get: async () => undefined })).toBeUndefined();
  await expect(readClusterTrust(failing(500))).rejects.toThrow('x');
});
