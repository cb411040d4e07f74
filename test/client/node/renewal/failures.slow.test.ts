/** Whatever goes wrong, the node keeps its files, and the error names the cause. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { EXIT } from '../../../../client/exit-codes.ts';
import { LOCAL_BUCKETS } from '../../../../client/local-service.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import {
  clockAhead,
  outcomeKey,
  putObject,
  renewalDeps,
  renewalOptions,
  renewWithOutcome,
  requestOnly,
  textOf,
} from '../../../support/renewal.ts';
import { fixture, stateOf } from './failures.ts';

it('a node whose clock is a day behind is told to check it', async () => {
  const folder = fixture.copy();
  const before = stateOf(folder);
  const report = await renew(
    renewalDeps(fixture, folder, { clock: clockAhead(-86_400_000), lease: async () => undefined }),
    renewalOptions(fixture, ['apiserver'], { request: 'clock' }),
  );
  expect(report.certificates).toMatchObject([
    {
      outcome: 'check-failed',
      problems: expect.arrayContaining([expect.stringMatching(/check the clock/)]),
    },
  ]);
  expect(stateOf(folder)).toBe(before);
});

it('files of another user are named before anything changes', async () => {
  const folder = fixture.copy();
  const before = stateOf(folder);
  jest.spyOn(process, 'getuid').mockReturnValue(4711);
  const run = await fixture.run(folder, 'renew', 'apiserver', 'admin.conf', '--no-restart');
  expect(run.exitCode).toBe(1);
  expect(run.stderr).toMatch(
    /nothing was changed:\n.*apiserver\.crt: belongs to user 0.*\n.*apiserver\.key.*\n.*admin\.conf/,
  );
  expect(stateOf(folder)).toBe(before);
});

it('no private key leaves the node, in anything that it sends', async () => {
  const folder = fixture.copy();
  const sent: Buffer[] = [];
  const { hostname, port } = new URL(fixture.environment().AWS_ENDPOINT_URL ?? '');
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    near.on('data', (chunk) => sent.push(chunk)).pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const address = proxy.address();
  const own = typeof address === 'object' ? address?.port : 0;
  const endpoint = { AWS_ENDPOINT_URL: `http://127.0.0.1:${own}` };
  const run = await fixture.runIn(endpoint, folder, 'renew', 'all', '--no-restart');
  proxy.close();
  expect(run.exitCode).toBe(4);
  const text = Buffer.concat(sent).toString('latin1');
  expect(text).toContain('BEGIN CERTIFICATE REQUEST');
  expect(text).not.toMatch(/PRIVATE KEY|client-key-data/);
  const keys = execFileSync('sh', ['-c', "grep -rlE 'PRIVATE KEY' . ; true"], {
    cwd: folder,
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  expect(keys.length).toBeGreaterThan(14); // new keys, old keys, and the key of the pending request
  for (const file of keys) {
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
    for (const line of lines)
      if (!readFileSync(join(folder, file), 'utf8').includes('CERTIFICATE'))
        expect(text).not.toContain(line);
  }
});

it('a second run on a node is refused while the first one runs, but not by the lock of a killed run', async () => {
  const folder = fixture.copy();
  const stateDir = join(folder, 'cakeless');
  mkdirSync(stateDir, { mode: 0o700 });
  const stat = readFileSync(`/proc/${process.pid}/stat`, 'utf8');
  const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const lock = (holder: object) => writeFileSync(join(stateDir, 'lock'), JSON.stringify(holder));
  lock({ pid: process.pid, startedAt, boot });
  const blocked = await fixture.run(folder, 'renew', 'admin.conf', '--no-restart');
  expect([blocked.exitCode, blocked.stderr]).toEqual([
    12,
    expect.stringContaining(`another run is in progress (process ${process.pid})`),
  ]);
  lock({ pid: process.pid, startedAt: '1', boot }); // another process had this id
  expect((await fixture.run(folder, 'renew', 'admin.conf', '--no-restart')).exitCode).toBe(0);
});

it.each([
  ['truncated', 'cut', (pem: string) => pem.slice(0, pem.length / 2), /is not a PEM certificate/],
  ['empty', 'empty', () => '\n', /is not a PEM certificate/],
  ['damaged', 'damaged', (pem: string) => pem.replace(/^M(.{20})./m, 'M$1A'), /not installed/],
  [
    'for another key',
    'other-key',
    () => readFileSync(join(fixture.template, 'pki/apiserver.crt'), 'utf8'),
    /its public key is not that of the CSR/,
  ],
  [
    'of another name',
    'other-name',
    () => readFileSync(join(fixture.template, 'pki/etcd/server.crt'), 'utf8'),
    /its common names: .*; requested: kube-apiserver/,
  ],
  [
    'followed by a key',
    'with-key',
    (pem: string) => `${pem}-----BEGIN EC PRIVATE KEY-----\n`,
    /something other than PEM certificates/,
  ],
])('a certificate that is %s is not installed', async (_, request, change, reason) => {
  const folder = fixture.copy();
  const before = stateOf(folder);
  const run = await renewWithOutcome(fixture, folder, request, change);
  expect([run.exitCode, run.stdout]).toEqual([7, expect.stringMatching(reason)]);
  expect(stateOf(folder)).toBe(before);
});

it('an explanation that cannot be read concerns its own certificate alone', async () => {
  const folder = fixture.copy();
  await requestOnly(fixture, folder, 'unreadable');
  const issued = outcomeKey(fixture, 'unreadable', 'pki/apiserver.crt');
  await textOf(fixture, issued);
  await fixture.s3().send(new DeleteObjectCommand({ Bucket: LOCAL_BUCKETS.exchange, Key: issued }));
  const rejected = outcomeKey(fixture, 'unreadable', 'pki/apiserver.rejected.json');
  await putObject(fixture, rejected, '{"schema": 9}');
  const run = await fixture.run(folder, 'renew', 'apiserver', 'admin.conf', '--no-restart');
  expect([run.exitCode, run.stdout]).toEqual([
    EXIT.rejected,
    expect.stringMatching(
      /^apiserver: not installed: the service's reason cannot be read: \S+rejected.json: /m,
    ),
  ]);
  expect(run.stdout).toMatch(/^admin.conf +renewed/m);
  const again = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect(again.stdout).toMatch(/^apiserver +renewed/m);
});

describe('on a separate file system', () => {
  let folder: string | undefined;
  afterEach(() => {
    if (folder === undefined) return;
    unmount(folder);
    rmSync(folder, { recursive: true });
  });
  const mounted = (options: string) => {
    const made = mkdtempSync(join(tmpdir(), 'cakeless-mount-'));
    if (!mountOn(made, options)) throw new Error('no mount');
    folder = made;
    return made;
  };

  itMounts('a full disk is reported before anything changes', async () => {
    const folder = mounted('size=600k');
    cpSync(fixture.template, folder, { recursive: true });
    writeFileSync(join(folder, 'filler'), Buffer.alloc(250 * 1024));
    const before = stateOf(folder);
    const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
    expect([run.exitCode, run.stderr]).toEqual([
      1,
      expect.stringMatching(/bytes are free, but \d+ are needed|ENOSPC/),
    ]);
    expect(stateOf(folder)).toBe(before);
    rmSync(join(folder, 'filler'));
    expect((await fixture.run(folder, 'renew', 'apiserver', '--no-restart')).exitCode).toBe(0);
  });

  itMounts('a read-only folder is reported before anything changes', async () => {
    const folder = mounted('size=4m');
    const node = fixture.copy();
    cpSync(join(node, 'pki'), folder, { recursive: true });
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const before = stateOf(folder);
    const run = await fixture.run(node, 'renew', 'apiserver', '--no-restart', '--cert-dir', folder);
    expect([run.exitCode, run.stderr]).toEqual([
      1,
      expect.stringContaining(`${folder}: not writable (EROFS)`),
    ]);
    expect(stateOf(folder)).toBe(before);
  });
});
