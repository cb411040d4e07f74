/** `cakeless release-keys`: which options belong together, and to whom keys can be sealed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRecipient } from '../../support/adopted-node.ts';
import { cakeless } from '../../support/running-service-command.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-release-command-'));
const folder = join(root, 'kubernetes');
beforeAll(() => mkdirSync(folder));
afterAll(() => rmSync(root, { recursive: true }));

const run = (...args: string[]) => {
  const node = ['--cluster', 'prod', '--node', 'cp-1', '--kubeconfig-dir', folder];
  return cakeless({}, 'release-keys', ...node, ...args);
};

it.each([
  [['--seal-to', 'r.crt'], /--seal-to needs --seal-out/],
  [['--seal-out', 'keys.cms'], /--seal-out needs --seal-to/],
  [['--undo', '--without-forwarder', 'no workers'], /--undo restores keys, and cannot be combined/],
  [['--without-forwarder', ' '], /must be a text of 1 to/],
  [['--undo'], /nothing to undo/],
  [['--undo', join(root, 'missing.pem')], /missing\.pem: no such file/],
])('%j is refused', async (args, reason) => {
  const { exitCode, stdout, stderr } = await run(...args);
  expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringMatching(reason)]);
});

it.each<[string, () => string, RegExp]>([
  ['that is no certificate', () => 'text', /is not one PEM certificate/],
  [
    'whose key is not RSA',
    () =>
      `${makeRecipient(join(root, 'ec'), '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256')}`,
    /its key is not RSA of at least 2048 bits/,
  ],
])('a recipient %s is refused', async (_, make, reason) => {
  const made = make();
  const file = made === 'text' ? join(root, 'text.crt') : made;
  if (made === 'text') writeFileSync(file, made);
  const { exitCode, stderr } = await run('--seal-to', file, '--seal-out', join(root, 'keys.cms'));
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(reason)]);
});
