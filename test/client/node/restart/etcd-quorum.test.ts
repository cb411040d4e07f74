/** Whether etcd keeps its quorum is asked before the member of a node restarts; any response is input. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireEtcdQuorum } from '../../../../client/node/restart/etcd-quorum.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { newEcKeys, writeCaCertificate } from '../../../support/ca-certificate.ts';

const keys = newEcKeys();
const pair = {
  cert: certificateToPem(writeCaCertificate(keys, new Date(Date.now() - 60_000))),
  key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
};

let root: string;
const servers: Server[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cakeless-quorum-'));
  mkdirSync(join(root, 'manifests'));
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(root, { recursive: true });
});

async function listen(respond: RequestListener): Promise<string> {
  const server = createServer(pair, respond);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const healthy = () => listen((_, response) => response.end('{"health":"true"}'));
const unhealthy = () => listen((_, response) => response.writeHead(503).end('{"health":"false"}'));

interface Member {
  readonly url?: string;
  readonly isLearner?: boolean;
}

/** The member of this node responds with itself and the others. */
async function check(others: readonly Member[], body?: string) {
  const members = [
    { ID: '1', name: 'cp-1', clientURLs: ['https://127.0.0.1:1'] },
    ...others.map(({ url, isLearner }, i) => ({
      ...{ ID: String(i + 2), name: `cp-${i + 2}` },
      ...(url !== undefined && { clientURLs: [url] }),
      ...(isLearner && { isLearner }),
    })),
  ];
  const list = body ?? JSON.stringify({ header: { member_id: '1' }, members });
  const url = await listen((request, response) =>
    request.url === '/v3/cluster/member/list' ? response.end(list) : response.writeHead(404).end(),
  );
  writeFileSync(
    join(root, 'manifests/etcd.yaml'),
    `spec:\n  containers:\n  - command: [etcd, "--listen-client-urls=${url}"]\n`,
  );
  const said: string[] = [];
  const deps = {
    folders: { kubeconfigDir: root, certDir: join(root, 'pki') },
    terminal: { print: () => undefined, progress: (line: string) => void said.push(line) },
  };
  try {
    await requireEtcdQuorum(['etcd', 'kube-apiserver'], deps);
    return said.join() || 'may restart';
  } catch (error) {
    return (error as Error).message;
  }
}

it.each<[string, () => Promise<Member[]>]>([
  ['it is the only one', async () => []],
  ['both others respond', async () => [{ url: await healthy() }, { url: await healthy() }]],
  ['the only other one responds', async () => [{ url: await healthy() }]],
  [
    'three of four others respond',
    async () => [
      ...(await Promise.all([healthy(), healthy(), healthy(), unhealthy()])).map((url) => ({
        url,
      })),
    ],
  ],
  [
    'the one that does not respond has no vote',
    async () => [
      { url: await healthy() },
      { url: await healthy() },
      { url: await unhealthy(), isLearner: true },
    ],
  ],
])('a member may restart if %s', async (_, others) => {
  expect(await check(await others())).toBe('may restart');
});

it.each<[string, () => Promise<Member[]>, RegExp]>([
  [
    'one of two others is unhealthy',
    async () => [{ url: await healthy() }, { url: await unhealthy() }],
    /lose its quorum .*: cp-3: .*responded with 503/,
  ],
  [
    'one of two others has not started',
    async () => [{ url: await healthy() }, {}],
    /cp-3 has not started yet; nothing was restarted/,
  ],
  [
    'one of two others has no address that can be called',
    async () => [{ url: await healthy() }, { url: 'nowhere' }],
    /cp-3 has no address that can be called/,
  ],
])('a member must not restart if %s', async (_, others, why) => {
  expect(await check(await others())).toMatch(why);
});

it.each([
  ['is not JSON', '<html>'],
  ['has no members', '{}'],
  ['is too long', ' '.repeat(300 * 1024)],
])('a list that %s stops nothing, and is said', async (_, body) => {
  expect(await check([], body)).toMatch(/members of etcd are unknown, .*: its list of members/);
});
