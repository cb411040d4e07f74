/** A machine without kubeadm's folder is not a node: the commands about a node's files say so, and write nothing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cakeless } from '../../support/running-service-command.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-not-a-node-'));
afterAll(() => rmSync(root, { recursive: true }));

it.each([
  [['csr']],
  [['renew', 'all', '--cluster', 'prod', '--node', 'cp-1']],
  [['renew', 'all', '--cluster', 'prod', '--node', 'cp-1', '--dry-run']],
  [['release-keys', '--cluster', 'prod', '--node', 'cp-1']],
  [['release-keys', '--cluster', 'prod', '--node', 'cp-1', '--undo']],
  [['rollback']],
  [['rollback', '--no-restart']],
  [['rollback', '--dry-run']],
  [['check-expiration']],
])('%j writes nothing', async (args) => {
  const folder = join(root, 'kubernetes');
  const { exitCode, stdout, stderr } = await cakeless({}, ...args, '--kubeconfig-dir', folder);
  expect([exitCode, stdout, stderr]).toEqual([
    2,
    '',
    `cakeless: ${folder} does not exist; this machine does not look like a node\n`,
  ]);
  expect(existsSync(folder)).toBe(false);
});
