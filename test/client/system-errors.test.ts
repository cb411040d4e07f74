/** What the operating system refuses is said with what to do about it. */
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

/** Tests run as root or not; a folder without any rights is closed to everybody but root. */
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
])('%s without the rights of root says to run it as root', async (...args) => {
  mkdirSync(closed, { recursive: true });
  chmodSync(closed, 0o000);
  const run = await unprivileged(() => cakeless({ CAKELESS_EXCHANGE_BUCKET: 'b' }, ...args));
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).toMatch(/EACCES: permission denied.*closed.*\n.*as root/);
  expect(run.stderr).not.toContain('CAKELESS_DEBUG');
});

it('root is told nothing of root, and other errors stay what they are', () => {
  const refused = Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
  expect(explainSystemError(refused, 0)).toBe(refused);
  expect(explainSystemError(refused, 1000)).toBeInstanceOf(CommandError);
  const full = Object.assign(new Error('ENOSPC: disk full'), { code: 'ENOSPC' });
  expect(explainSystemError(full, 1000)).toBe(full);
});

it('local with a port that is taken names --port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const run = await cakeless({}, 'local', '--data', join(folder, 'data'), '--port', port);
  await new Promise((closed) => server.close(closed));
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/taken\n.*--port 0/) });
});
