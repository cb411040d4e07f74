/** An error of the operating system is reported with what to do about it. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestCluster } from '../../client/demo/clusters.ts';
import { CommandError } from '../../client/errors.ts';
import { explainSystemError } from '../../client/system-errors.ts';
import { withoutRoot } from '../support/restored.ts';
import { cakeless } from '../support/running-service-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-system-errors-'));
const closed = join(folder, 'closed');
const config = join(folder, 'config.yaml');

// The clone may be in a folder that only its owner can enter: what a user without rights reads has to be elsewhere.
beforeAll(() => {
  chmodSync(folder, 0o755);
  copyFileSync(newestCluster.config, config);
  mkdirSync(closed);
  chmodSync(closed, 0o000);
});

afterAll(() => {
  chmodSync(closed, 0o700);
  rmSync(folder, { recursive: true });
});

const pki = ['--kubeconfig-dir', closed, '--cert-dir', join(closed, 'pki')];
const node = ['--cluster', 'prod', '--node', 'cp-1'];

it.each([
  ['csr', 'apiserver', '--config', join(closed, 'config.yaml')],
  ['renew', 'all', ...node, ...pki],
  ['rollback', ...node, ...pki],
  ['prepare', ...node, '--config', config, ...pki],
])('%s without root privileges says to run it as root', async (...args) => {
  // a command loads its code when it runs, which another user cannot if the clone is root's alone
  await import(`../../client/commands/${args[0]}.ts`);
  const run = await withoutRoot(() => cakeless({ CAKELESS_EXCHANGE_BUCKET: 'b' }, ...args));
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).toMatch(/EACCES: permission denied.*closed.*\n.*as root/);
  expect(run.stderr).not.toContain('CAKELESS_DEBUG');
});

it('changes only permission errors, and none for root', () => {
  const refused = Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
  expect(explainSystemError(refused, 0)).toBe(refused);
  expect(explainSystemError(refused, 1000)).toBeInstanceOf(CommandError);
  const full = Object.assign(new Error('ENOSPC: disk full'), { code: 'ENOSPC' });
  expect(explainSystemError(full, 1000)).toBe(full);
});

it('local names --port when its port is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const run = await cakeless({}, 'local', '--data', join(folder, 'data'), '--port', port);
  await new Promise((closed) => server.close(closed));
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/in use\n.*--port 0/) });
});
