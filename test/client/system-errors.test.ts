/** Errors of the operating system that come with a hint. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestCluster } from '../../client/demo/clusters.ts';
import { CommandError } from '../../client/errors.ts';
import { explainSystemError } from '../../client/system-errors.ts';
import { cakeless } from '../support/running-service-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-system-errors-'));
const NOBODY = 65_534;

afterAll(() => {
  chmodSync(closed, 0o700);
  rmSync(folder, { recursive: true });
});

/** Runs the work as a user to whom a folder of mode 0000 is closed, whether or not the tests run as root. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const closed = join(folder, 'closed');
const pki = ['--kubeconfig-dir', closed, '--cert-dir', join(closed, 'pki')];
const who = ['--cluster', 'prod', '--node', 'cp-1'];

it.each([
  ['csr', 'apiserver', '--config', join(closed, 'config.yaml')],
  ['renew', 'all', ...who, ...pki],
  ['rollback', ...who, ...pki],
  ['prepare', ...who, '--config', newestCluster.config, ...pki],
])('%s suggests root if it may not read a folder', async (...args) => {
  mkdirSync(closed, { recursive: true });
  chmodSync(closed, 0o000);
  const run = await unprivileged(() => cakeless({ CAKELESS_EXCHANGE_BUCKET: 'b' }, ...args));
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).toMatch(/EACCES: permission denied.*closed.*\n.*as root/);
  expect(run.stderr).not.toContain('CAKELESS_DEBUG');
});

it('leaves errors of root and errors without missing privileges unchanged', () => {
  const refused = Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
  expect(explainSystemError(refused, 0)).toBe(refused);
  expect(explainSystemError(refused, 1000)).toBeInstanceOf(CommandError);
  const full = Object.assign(new Error('ENOSPC: disk full'), { code: 'ENOSPC' });
  expect(explainSystemError(full, 1000)).toBe(full);
});

it('local suggests --port if the port is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const run = await cakeless({}, 'local', '--data', join(folder, 'data'), '--port', port);
  await new Promise((closed) => server.close(closed));
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/in use\n.*--port 0/) });
});
