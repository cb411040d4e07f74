import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { clusterPrincipals } from '../../local/cluster-principals.ts';
import type { Principal, RunningLocal } from '../../local/server.ts';
import { matchesWildcard } from '../../local/wildcard.ts';
import { principalOf, s3As, start, temporaryFolder, tidyUp } from './stand-in.ts';

const record = (...names: string[]) =>
  JSON.stringify({
    nodes: names.map((name) => ({
      name,
      role: name.startsWith('worker') ? 'worker' : 'control-plane',
    })),
  });

function put(s3: S3Client, Bucket: string, Key: string, Body = 'x', IfNoneMatch?: string) {
  return s3.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch }));
}

const attempts = {
  put: (s3: S3Client, bucket: string, key: string) => put(s3, bucket, key, 'x', '*'),
  overwrite: (s3: S3Client, bucket: string, key: string) => put(s3, bucket, key),
  get: (s3: S3Client, Bucket: string, Key: string) =>
    s3.send(new GetObjectCommand({ Bucket, Key })),
  list: (s3: S3Client, Bucket: string, Prefix: string) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix })),
};

const existing: [string, string][] = [
  ['exchange', 'requests/blue/cp1/r0/apiserver.csr'],
  ['exchange', 'certificates/blue/cp1/r0/apiserver.crt'],
  ['exchange', 'certificates/blue/cp10/r0/apiserver.crt'],
  ['exchange', 'certificates/blue/csr/uid/kubelet-client.crt'],
  ['exchange', 'certificates/green/cp1/r0/apiserver.crt'],
  ['exchange', 'trust/shared/ca.crt'],
  ['authority', 'records/blue'],
  ['authority', 'approvals/blue'],
];

async function fleet(): Promise<RunningLocal> {
  const local = await start({ notifications: [] });
  const admin = s3As(local);
  await put(admin, 'authority', 'clusters/blue.json', record('cp1', 'cp10', 'worker1'));
  await put(admin, 'authority', 'clusters/green.json', record('cp1'));
  for (const [bucket, key] of existing) await put(admin, bucket, key);
  return local;
}

type Case = [who: string, what: keyof typeof attempts, bucket: string, key: string, ok: boolean];
const cases: Case[] = [
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp1/r1/pki/apiserver.csr', true],
  ['node:blue/cp1', 'overwrite', 'exchange', 'requests/blue/cp1/r1/pki/apiserver.csr', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp10/r1/apiserver.csr', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/green/cp1/r1/apiserver.csr', false],
  ['node:blue/cp1', 'put', 'exchange', 'certificates/blue/cp1/r1/apiserver.crt', false],
  ['node:blue/cp1', 'put', 'exchange', 'trust/shared/ca.crt2', false],
  ['node:blue/cp1', 'put', 'authority', 'approvals/blue', false],
  ['node:blue/cp1', 'get', 'exchange', 'certificates/blue/cp1/r0/apiserver.crt', true],
  ['node:blue/cp1', 'get', 'exchange', 'certificates/blue/cp10/r0/apiserver.crt', false],
  ['node:blue/cp1', 'get', 'exchange', 'certificates/green/cp1/r0/apiserver.crt', false],
  ['node:blue/cp1', 'get', 'exchange', 'trust/shared/ca.crt', true],
  ['node:blue/cp1', 'get', 'authority', 'records/blue', false],
  ['node:blue/cp1', 'list', 'exchange', 'certificates/blue/cp1/', true],
  ['node:blue/cp1', 'list', 'exchange', 'certificates/blue/cp1', false],
  ['node:blue/cp1', 'list', 'exchange', '', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp1/r1/junk.key', false],
  ['node:blue/cp1', 'put', 'exchange', 'leases/blue.json', true],
  ['node:blue/cp1', 'put', 'exchange', 'reports/blue/nodes/cp1.json', true],
  ['node:blue/cp1', 'put', 'exchange', 'reports/blue/nodes/cp10.json', false],
  ['node:blue/cp1', 'get', 'exchange', 'reports/blue/nodes/cp10.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'reports/green/nodes/cp1.json', false],
  ['forwarder:blue', 'put', 'exchange', 'reports/blue/nodes/cp1.json', false],
  ['forwarder:blue', 'put', 'exchange', 'reports/blue/cluster.json', true],
  ['forwarder:blue', 'put', 'exchange', 'reports/green/cluster.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'reports/blue/cluster.json', true],
  ['node:blue/cp1', 'put', 'exchange', 'reports/green/cluster.json', false],
  ['node:blue/worker1', 'put', 'exchange', 'reports/blue/cluster.json', false],
  ['node:blue/cp10', 'put', 'exchange', 'requests/blue/cp10/r1/kubelet.conf.csr', true],
  ['node:blue/worker1', 'put', 'exchange', 'leases/blue.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', true],
  ['node:blue/cp1', 'overwrite', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/green/csr/uid/kubelet-client.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp1/uid/kubelet-serving.json', true],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp10/uid/kubelet-serving.json', false],
  ['node:blue/cp1', 'put', 'exchange', 'requests/blue/cp1/uid/user.json', false],
  ['node:blue/cp1', 'get', 'exchange', 'certificates/blue/csr/uid/kubelet-client.crt', true],
  ['node:blue/worker1', 'put', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', false],
  ['node:blue/worker1', 'get', 'exchange', 'certificates/blue/csr/uid/kubelet-client.crt', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', true],
  ['forwarder:blue', 'overwrite', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/csr/uid/kubelet-serving.json', true],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/csr/uid/user.json', true],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/csr/uid/junk.json', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/csr/uid/kubelet.conf.csr', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/green/csr/uid/kubelet-client.json', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/cp1/uid/kubelet-client.json', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/worker1/r1/kubelet.conf.csr', false],
  ['forwarder:blue', 'put', 'exchange', 'requests/blue/users/r1/user.csr', false],
  ['forwarder:blue', 'put', 'exchange', 'leases/blue.json', false],
  ['forwarder:blue', 'list', 'exchange', 'certificates/blue/csr/', true],
  ['forwarder:blue', 'list', 'exchange', 'certificates/blue/cp1/', false],
  ['forwarder:blue', 'get', 'exchange', 'certificates/blue/csr/uid/kubelet-client.crt', true],
  ['forwarder:blue', 'get', 'exchange', 'certificates/blue/cp1/r0/apiserver.crt', false],
  ['forwarder:blue', 'get', 'exchange', 'trust/shared/ca.crt', true],
  ['forwarder:blue', 'get', 'authority', 'clusters/blue.json', false],
  ['relay:blue', 'put', 'exchange', 'requests/blue/csr/uid/kubelet-client.json', false],
  ['user-requester:blue', 'put', 'exchange', 'requests/blue/csr/uid/user.json', false],
  ['relay:blue', 'put', 'exchange', 'requests/blue/cp1/r1/pki/apiserver.csr', true],
  ['relay:blue', 'put', 'exchange', 'requests/green/cp1/r1/pki/apiserver.csr', false],
  ['relay:blue', 'get', 'exchange', 'certificates/blue/cp10/r0/apiserver.crt', true],
  ['relay:blue', 'get', 'authority', 'clusters/blue.json', true],
  ['relay:blue', 'get', 'authority', 'clusters/green.json', false],
  ['relay:blue', 'put', 'exchange', 'leases/blue.json', false],
  ['approver', 'put', 'authority', 'approvals/standing/blue/<own>.json', true],
  ['approver', 'put', 'authority', 'approvals/standing/blue/<other>.json', false],
  ['approver', 'overwrite', 'authority', 'approvals/standing/blue/<own>.json', false],
  ['approver', 'put', 'authority', 'approvals/requests/blue/cp1/r/a.csr/d/<own>.json', true],
  ['approver', 'put', 'authority', 'approvals/requests/blue/cp1/r/a.csr/d/<other>.json', false],
  ['approver', 'overwrite', 'authority', 'approvals/requests/blue/1/<own>.json', false],
  ['approver', 'put', 'authority', 'clusters/red.json', false],
  ['approver', 'put', 'exchange', 'requests/blue/cp1/r1/apiserver.csr', false],
  ['approver', 'get', 'authority', 'records/blue', true],
  ['auditor', 'get', 'authority', 'records/blue', true],
  ['auditor', 'list', 'exchange', '', true],
  ['auditor', 'put', 'authority', 'approvals/blue/1.json', false],
  ['operator', 'put', 'authority', 'clusters/red.json', true],
  ['operator', 'overwrite', 'authority', 'clusters/red.json', false],
  ['operator', 'get', 'authority', 'records/blue', true],
  ['operator', 'put', 'authority', 'approvals/standing/blue/<own>.json', false],
  ['operator', 'put', 'authority', 'records/blue/1', false],
  ['operator', 'put', 'exchange', 'requests/blue/cp1/r1/apiserver.csr', false],
  ['user-requester:blue', 'put', 'exchange', 'requests/blue/users/r1/user.csr', true],
  ['user-requester:blue', 'put', 'exchange', 'requests/blue/cp1/r1/apiserver.csr', false],
  ['user-requester:blue', 'put', 'exchange', 'leases/blue.json', false],
  ['service', 'put', 'exchange', 'certificates/blue/cp1/r1/apiserver.crt', true],
  ['service', 'overwrite', 'exchange', 'certificates/blue/cp1/r1/apiserver.crt', false],
  ['service', 'overwrite', 'exchange', 'certificates/blue/cp1/r1/apiserver.pending.json', true],
  ['service', 'put', 'authority', 'records/blue/1', true],
  ['service', 'overwrite', 'authority', 'records/blue/1', false],
  ['service', 'put', 'authority', 'approvals/blue/1.json', false],
  ['service', 'put', 'authority', 'clusters/red.json', false],
  ['service', 'put', 'exchange', 'requests/blue/cp1/r1/apiserver.csr', false],
];

describe('each principal does only what it may', () => {
  let local: RunningLocal;
  beforeAll(async () => {
    local = await fleet();
  });
  afterAll(tidyUp);

  it.each(cases)('%s: %s in %s of %s: %s', async (who, what, bucket, key, ok) => {
    const principal = principalOf(local, who);
    const named = key.replace('<own>', principal.principalId).replace('<other>', 'AROAOTHER:bob');
    const attempt = attempts[what](s3As(local, principal), bucket, named);
    if (ok) {
      await attempt;
      // the next case finds the buckets as this one did
      const remove = new DeleteObjectCommand({ Bucket: bucket, Key: named });
      if (what === 'put' || what === 'overwrite') await s3As(local).send(remove);
    } else await expect(attempt).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('only a principal that may list there learns that a key is missing', async () => {
    const node = s3As(local, principalOf(local, 'node:blue/cp1'));
    const missing = (Key: string) => node.send(new GetObjectCommand({ Bucket: 'exchange', Key }));
    await expect(missing('certificates/blue/cp1/none')).rejects.toMatchObject({
      name: 'NoSuchKey',
    });
    await expect(missing('trust/none')).rejects.toMatchObject({ name: 'AccessDenied' });
    const head = new HeadObjectCommand({ Bucket: 'exchange', Key: 'trust/none' });
    await expect(node.send(head)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  it('only the service and the administrator may sign, and only the administrator creates keys', async () => {
    const as = (credentials: Principal) =>
      new KMSClient({ endpoint: local.url, region: local.region, credentials, maxAttempts: 1 });
    const create = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const { KeyMetadata } = await as(local.administrator).send(create);
    const sign = new SignCommand({
      KeyId: KeyMetadata?.KeyId,
      Message: Buffer.alloc(32, 1),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    const may = async (command: typeof create | typeof sign) => {
      const tried = local.principals().map(async (principal) => {
        const kms = as(principal);
        const done = command === create ? kms.send(create) : kms.send(sign);
        const answer = await done.then(
          () => 'allowed',
          (error: Error) => error.name,
        );
        kms.destroy();
        return [principal.name, answer] as const;
      });
      const answers = await Promise.all(tried);
      expect(new Set(answers.map(([, answer]) => answer))).toEqual(
        new Set(['allowed', 'AccessDeniedException']),
      );
      return answers.filter(([, answer]) => answer === 'allowed').map(([name]) => name);
    };
    expect(await may(sign)).toEqual(['administrator', 'service']);
    expect(await may(create)).toEqual(['administrator']);
  });
});

describe('the file of principals', () => {
  afterEach(tidyUp);

  it('has mode 0600, and survives restarts', async () => {
    const dataDir = await temporaryFolder();
    const first = await start({ dataDir });
    await put(s3As(first), 'authority', 'clusters/blue.json', record('cp1'));
    const before = first.principals();
    expect(before.map(({ name }) => name)).toContain('node:blue/cp1');
    expect((await stat(join(dataDir, 'principals.json'))).mode & 0o777).toBe(0o600);
    await first.close();
    const again = await start({ dataDir });
    expect(again.principals()).toEqual(before);
    await put(s3As(again), 'authority', 'clusters/blue.json', record('cp1', 'cp2'));
    expect(again.principals().slice(0, before.length)).toEqual(before);
    expect(again.principals()).toHaveLength(before.length + 1);
  });

  it('of an older version gets principals that are new, and keeps the others unchanged', async () => {
    const dataDir = await temporaryFolder();
    const first = await start({ dataDir });
    await first.close();
    const path = join(dataDir, 'principals.json');
    const all: Principal[] = JSON.parse(await readFile(path, 'utf8'));
    const old = all.filter(({ name }) => name !== 'operator');
    await writeFile(path, JSON.stringify(old));
    const again = await start({ dataDir });
    expect(again.principals().slice(0, old.length)).toEqual(old);
    expect(again.principals().slice(old.length)).toMatchObject([{ name: 'operator' }]);
  });

  it('gets the nodes that a killed process had not added', async () => {
    const dataDir = await temporaryFolder();
    const first = await start({ dataDir });
    await put(s3As(first), 'authority', 'clusters/blue.json', record('cp1'));
    await first.close();
    const path = join(dataDir, 'principals.json');
    const kept = (JSON.parse(await readFile(path, 'utf8')) as { name: string }[]).slice(0, 4);
    await writeFile(path, JSON.stringify(kept));
    expect(principalOf(await start({ dataDir }), 'node:blue/cp1')).toBeDefined();
  });
});

describe('a cluster record', () => {
  const buckets = { exchange: 'e', authority: 'a' };
  it.each([
    ['of another key', 'trust/blue.json', record('cp1'), []],
    ['below a folder', 'clusters/x/blue.json', record('cp1'), []],
    ['that is not JSON', 'clusters/blue.json', '{', []],
    ['without nodes', 'clusters/blue.json', '{}', []],
    ['with wildcards for names', 'clusters/blue.json', record('*', 'cp?', '../x', 'cp1'), ['cp1']],
    ['with a wildcard for a cluster', 'clusters/*.json', record('cp1'), []],
    ['with a node named twice', 'clusters/blue.json', record('cp1', 'cp1'), ['cp1']],
    ['with reserved words for names', 'clusters/blue.json', record('users', 'csr', 'w1'), ['w1']],
    ['with a rule for nodes', 'clusters/blue.json', '{"nodes":[{"namePattern":"w-*"},null]}', []],
  ])('%s makes the principals %#', (_name, key, text, nodes) => {
    const names = clusterPrincipals(key, Buffer.from(text), buckets).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('node:'))).toEqual(
      nodes.map((node) => `node:blue/${node}`),
    );
  });
});

describe('a wildcard', () => {
  it.each([
    ['*', 'anything', true],
    ['a*c', 'abbc', true],
    ['a*c', 'abbcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a/*', 'a/', true],
    ['a/*', 'a', false],
    ['*b*b*', 'abab', true],
    ['a*', 'a*', true],
    ['ab', 'a*', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s over %s: %s', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });

  it('is fast with many stars and a long text', () => {
    expect(matchesWildcard(`${'*a'.repeat(500)}b`, 'a'.repeat(5000))).toBe(false);
  });
});
