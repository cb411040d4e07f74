/** Calls a renewal in this process, with the clock, the lease and the exchange of a test. */
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { LOCAL_BUCKETS } from '../../client/local-service.ts';
import type { RenewalDeps, RenewalOptions } from '../../client/node/renewal/options.ts';
import { renew } from '../../client/node/renewal/renew.ts';
import { caHashesOf } from '../../client/node/trust/ca-cert-hash.ts';
import { CLUSTER, type NodeFixture } from './node-folder.ts';
import { hopeless, until } from './until.ts';

export const renewalOptions = (
  fixture: Pick<NodeFixture, 'node'>,
  names: readonly string[],
  more: Partial<RenewalOptions> = {},
): RenewalOptions => ({
  cluster: CLUSTER,
  node: fixture.node,
  names,
  request: undefined,
  newRequest: false,
  expiresWithin: undefined,
  waitSeconds: 60,
  waitForApprovals: false,
  caChange: { accept: false, hashes: caHashesOf([]) },
  restart: false,
  key: {},
  config: undefined,
  csrDir: undefined,
  also: [],
  ...more,
});

export const renewalDeps = (
  fixture: NodeFixture,
  folder: string,
  more: Partial<RenewalDeps> = {},
): RenewalDeps => ({
  folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
  terminal: { print: () => {}, progress: () => {} },
  stateDir: join(folder, 'cakeless'),
  timeoutSeconds: 1,
  clock: clockAhead(0),
  exchange: async () => fixture.exchange(),
  lease: async () => ({ extend: async () => {}, release: async () => {} }),
  ...more,
});

/** A clock that is ahead, with waits a tenth as long. */
export const clockAhead = (milliseconds: number) => ({
  now: () => new Date(Date.now() + milliseconds),
  monotonic: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms / 10)),
});

/** Writes an object of the exchange bucket, as a principal that has that permission. */
export const putObject = (fixture: NodeFixture, Key: string, Body: string, Metadata = {}) =>
  fixture.s3().send(new PutObjectCommand({ Bucket: LOCAL_BUCKETS.exchange, Key, Body, Metadata }));

export const removeObject = (fixture: NodeFixture, Key: string) =>
  fixture.s3().send(new DeleteObjectCommand({ Bucket: LOCAL_BUCKETS.exchange, Key }));

export const outcomeKey = (fixture: NodeFixture, request: string, path: string) =>
  `certificates/${CLUSTER}/${fixture.node}/${request}/${path}`;

/** The text of an object, as soon as it exists. */
export function textOf(fixture: NodeFixture, key: string): Promise<string> {
  return until(key, async () => {
    const object = await fixture.exchange().get(key, 1e6).catch(hopeless);
    return object && Buffer.from(object.body).toString('latin1');
  });
}

/** Requests `apiserver`, and ends before it sees the outcome. */
export async function requestOnly(
  fixture: NodeFixture,
  folder: string,
  request: string,
  key: RenewalOptions['key'] = {},
): Promise<void> {
  const blind = fixture.exchange();
  const list = blind.list.bind(blind);
  blind.list = (prefix) => (prefix.startsWith('certificates/') ? nothing() : list(prefix));
  const deps = renewalDeps(fixture, folder, { exchange: async () => blind });
  await renew(deps, renewalOptions(fixture, ['apiserver'], { request, key, waitSeconds: 0 }));
}

async function* nothing() {}

/** Requests `apiserver`, and changes the certificate in the bucket before the node reads it. */
export async function renewWithOutcome(
  fixture: NodeFixture,
  folder: string,
  request: string,
  change: (pem: string) => string | Promise<string>,
  key: RenewalOptions['key'] = {},
) {
  await requestOnly(fixture, folder, request, key);
  const object = outcomeKey(fixture, request, 'pki/apiserver.crt');
  const changed = await change(await textOf(fixture, object));
  await putObject(fixture, object, changed, { 'trust-domain': 'fleet', ca: 'ca' });
  return fixture.run(folder, 'renew', 'apiserver', '--no-restart');
}
