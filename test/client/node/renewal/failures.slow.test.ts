/** Certificates and explanations that are wrong, and file systems that are full or read-only: the node keeps its files. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { EXIT } from '../../../../client/exit-codes.ts';
import { LOCAL_BUCKETS } from '../../../../client/local-service.ts';
import { itMounts, mountOn, unmount } from '../../../support/mounted.ts';
import {
  outcomeKey,
  putObject,
  renewWithOutcome,
  requestOnly,
  textOf,
} from '../../../support/renewal.ts';
import { fixture, stateOf } from './failures.ts';

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
