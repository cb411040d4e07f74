/** Whatever goes wrong, the node keeps its files, and the error names the cause. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { clockAhead, renewalDeps, renewalOptions } from '../../../support/renewal.ts';
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
