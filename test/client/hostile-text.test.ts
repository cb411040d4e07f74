/** Text from others that reaches root's terminal, at each place where it comes in: it is shown, and does nothing. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { environmentOf, LOCAL_BUCKETS } from '../../client/local-environments.ts';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { type RunningLocal, startLocal } from '../../local/server.ts';
import { cakeless } from '../support/running-service-command.ts';

/** Clears the screen, sends a title, colors, turns the line around, hides, and begins another line. */
const HOSTILE =
  'x\x1b[2J\x1b]0;t\x07\x9b31m\u202e\u2066\u200b\ud800\r\ncakeless: hint: run rm -rf /';
/** A name of a file cannot have a lone surrogate. */
const HOSTILE_NAME = HOSTILE.replace('\ud800', '').replaceAll('/', '_');
const SHOWN = '\\u001b[2J';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-hostile-text-'));
let local: RunningLocal;
let client: S3Client;
let hostileAws: Server;
let environment: Record<string, string>;

beforeAll(async () => {
  local = await startLocal({
    dataDir: join(folder, 'data'),
    buckets: LOCAL_BUCKETS,
    functions: { none: async () => undefined },
    queues: [],
    notifications: [],
  });
  environment = environmentOf(local, local.administrator);
  client = new S3Client({
    endpoint: local.url,
    region: local.region,
    credentials: local.administrator,
    forcePathStyle: true,
  });
  hostileAws = createServer((request, response) => {
    const isS3 = request.headers['x-amz-content-sha256'] !== undefined && request.method === 'GET';
    response.writeHead(403, isS3 ? {} : { 'x-amzn-errortype': 'AccessDeniedException' });
    const message = isS3 ? HOSTILE.replace('\ud800', '') : HOSTILE;
    response.end(
      isS3
        ? `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${message}</Message></Error>`
        : JSON.stringify({ message }),
    );
  });
  await new Promise<void>((resolve) => hostileAws.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  client.destroy();
  await local.close();
  await new Promise((resolve) => hostileAws.close(resolve));
  rmSync(folder, { recursive: true });
});

const seed = (bucket: keyof typeof LOCAL_BUCKETS, key: string, document: unknown) =>
  new S3ObjectStore(client, LOCAL_BUCKETS[bucket]).put(
    key,
    JSON.stringify(document),
    'application/json',
  );

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const withHostileAws = () => ({
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(hostileAws.address() as AddressInfo).port}`,
});

const REQUEST = ['--cluster', 'prod', '--node', 'cp-1', '--request', 'r1'];
const fetchTo = (out: string, ...more: string[]) => [
  'fetch',
  ...REQUEST,
  ...['--out', join(folder, out), '--wait', '0s', ...more],
];
const outcome = (path: string) => `certificates/prod/cp-1/r1/pki/${path}`;

const REJECTION = {
  request: 'requests/prod/cp-1/r1/pki/apiserver.csr',
  decidedAt: HOSTILE,
  violations: [{ code: HOSTILE, field: HOSTILE, got: HOSTILE, allowed: HOSTILE, fix: HOSTILE }],
  tryAgain: HOSTILE,
};

interface Door {
  readonly args: readonly string[];
  readonly environment?: Record<string, string>;
}

const DOORS: Readonly<Record<string, () => Promise<Door> | Door>> = {
  'an argument': () => ({ args: [HOSTILE] }),
  'an option': () => ({ args: ['pending', `--${HOSTILE}`] }),
  'the name of a file': () => ({
    args: ['pack', join(folder, HOSTILE_NAME), '--out', 'x', ...REQUEST],
  }),
  'names of files in a folder': () => {
    mkdirSync(join(folder, 'csrs'));
    writeFileSync(join(folder, 'csrs', `${HOSTILE_NAME}.csr`), '');
    return {
      args: ['pack', join(folder, 'csrs'), '--out', join(folder, 'packed.json'), ...REQUEST],
    };
  },
  'a file that is not JSON': () => ({
    args: ['fetch', '--out', folder, '--invitation', file('invitation.json', HOSTILE)],
  }),
  'the outcomes in a file from relay': () => {
    const body = Buffer.from(JSON.stringify(REJECTION)).toString('base64');
    const requested = { key: REJECTION.request, body: '', metadata: {} };
    const rejected = { key: outcome('apiserver.rejected.json'), body, metadata: {} };
    const outcomes = {
      ...{ cakelessOutcomes: 1, cluster: 'prod', node: 'cp-1', request: 'r1' },
      objects: [requested, rejected],
    };
    return {
      args: ['fetch', '--out', folder, '--from', file('outcomes.json', JSON.stringify(outcomes))],
    };
  },
  'a file with a cluster record': () => ({
    args: ['cluster', 'apply', 'new', '-f', file('record.json', JSON.stringify({ [HOSTILE]: 1 }))],
  }),
  'a file in a folder of cluster records': () => {
    const records = join(folder, 'records');
    mkdirSync(records);
    writeFileSync(join(records, `${HOSTILE_NAME}.yaml`), JSON.stringify({ [HOSTILE]: 1 }));
    return { args: ['cluster', 'apply', '-f', records] };
  },
  'an error message of S3': () => ({ args: ['pending'], environment: withHostileAws() }),
  'an error message of a function': () => ({
    args: ['trust-domain', 'create', 'fleet'],
    environment: withHostileAws(),
  }),
  'a rejection': async () => {
    await seed('exchange', 'requests/prod/cp-1/r1/pki/apiserver.csr', {});
    await seed('exchange', outcome('apiserver.rejected.json'), REJECTION);
    return { args: fetchTo('rejected') };
  },
  'a pending document': async () => {
    await seed('exchange', 'requests/prod/cp-1/r1/pki/apiserver.csr', {});
    await seed('exchange', outcome('apiserver.pending.json'), { waitingFor: HOSTILE });
    return { args: fetchTo('pending') };
  },
  'the key of a document that cannot be read': async () => {
    await seed('exchange', `certificates/${HOSTILE.replace('\ud800', '')}.pending.json`, '');
    return { args: ['pending'] };
  },
  'a field of a cluster record': async () => {
    await seed('authority', 'clusters/prod.json', {
      ...{ cluster: 'prod', trustDomain: 'fleet', kubernetesVersion: 'v1.35.0', nodes: [] },
      [HOSTILE]: true,
    });
    return { args: ['cluster', 'show', 'prod'] };
  },
  'a field of a trust domain': async () => {
    const version = { version: 1, keyId: 'k', keySpec: 'ECC_NIST_P256', certificate: '' };
    const ca = { signing: 1, versions: [version] };
    await seed('authority', 'trust/fleet.json', {
      ...{ trustDomain: 'fleet', cas: { ca, 'etcd-ca': ca, 'front-proxy-ca': ca } },
      mustUnderstand: [HOSTILE],
    });
    return { args: ['trust-domain', 'show', 'fleet'] };
  },
};

const runAt = async (door: () => Promise<Door> | Door, ...more: string[]) => {
  const { args, environment: changed = {} } = await door();
  return cakeless({ ...environment, ...changed }, ...args, ...more);
};

it.each(Object.entries(DOORS))('%s does nothing to the terminal', async (_, door) => {
  const { stdout, stderr, exitCode } = await runAt(door);
  const printed = stdout + stderr;
  expect(exitCode).not.toBe(0);
  expect(printed).toContain(SHOWN);
  expect(printed).toMatch(/^[\x20-\x7e\n]+$/);
  expect(printed).not.toMatch(/^cakeless: hint: run rm/m);
});

it('a JSON document carries it unchanged, in plain ASCII', async () => {
  const door = DOORS['a rejection'] as () => Promise<Door>;
  const { stdout } = await runAt(door, '-o', 'json');
  expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
  expect(JSON.parse(stdout)).toMatchObject([{ violations: [{ got: HOSTILE, fix: HOSTILE }] }]);
});
