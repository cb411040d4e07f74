/** `cakeless release-keys`: which options belong together, what its report says, and its exit codes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf, describe as textOf } from '../../../client/commands/release-keys.ts';
import type { ReleaseReport } from '../../../client/node/release-keys/report.ts';
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

const REPORT: ReleaseReport = {
  cluster: 'prod',
  node: 'cp-1',
  dryRun: false,
  state: 'released',
  flags: [{ name: 'cluster-signing-key-file', value: '/pki/ca.key' }],
  keys: ['/pki/ca.key'],
  issuedByService: ['apiserver'],
  forwarder: 'CSR csr-1 has it in the API server',
  restarts: [{ component: 'kube-controller-manager', state: 'restarted' }],
  refusals: [],
  copies: { copies: [], unread: [], searched: ['/etc/kubernetes'], isComplete: true },
};

const failed = { component: 'kube-controller-manager', state: 'failed', reason: 'x' } as const;
it.each<[string, Partial<ReleaseReport>, number, RegExp]>([
  ['released', {}, 0, /^removed \/pki\/ca\.key$/m],
  ['released, with what that does not do', {}, 0, /can sign until the CA is rotated$/m],
  ['nothing to do', { state: 'nothing', keys: [] }, 0, /^no CA key is in its place/],
  ['another control plane that signs', { state: 'waiting' }, 4, /no key was removed$/m],
  ['a dry run', { state: 'planned', dryRun: true }, 0, /^would remove \/pki\/ca\.key$/m],
  [
    'a dry run that would refuse',
    { state: 'planned', dryRun: true, refusals: ['no forwarder'] },
    7,
    /^refuses: no forwarder$/m,
  ],
  ['an undo', { state: 'undone' }, 0, /^restored in kube-controller-manager: --cluster-signing/m],
  ['an unhealthy component', { restarts: [failed] }, 11, /kube-controller-manager/],
])('%s', (_, change, exitCode, text) => {
  const report = { ...REPORT, ...change };
  expect([exitCodeOf(report), textOf(report).join('\n')]).toEqual([
    exitCode,
    expect.stringMatching(text),
  ]);
});

it('keys that stay are not said to be removed', () => {
  const waiting = textOf({ ...REPORT, state: 'waiting' }).join('\n');
  expect(waiting).not.toMatch(/^(?:removed|restored|would remove) /m);
});
