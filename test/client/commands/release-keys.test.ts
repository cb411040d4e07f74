/** What `cakeless release-keys` prints about flags and keys, and its exit codes. */
import { describeRelease, exitCodeOf } from '../../../client/commands/release-keys.ts';
import type { ReleaseReport } from '../../../client/node/release-keys/report.ts';

const FLAG = '--cluster-signing-key-file=/pki/ca.key';
const report = (state: ReleaseReport['state'], dryRun = false): ReleaseReport => ({
  ...{ cluster: 'prod', node: 'cp-1', dryRun, state },
  flags: [{ name: 'cluster-signing-key-file', value: '/pki/ca.key' }],
  keys: ['/pki/ca.key'],
  issuedByService: [],
  restarts: [],
  refusals: [],
  copies: { copies: [], unread: [], searched: ['/pki'], isComplete: true },
});

it.each([
  ['a release', report('released'), false, 'emptied', 'removed'],
  ['its dry run', report('planned', true), false, 'would empty', 'would remove'],
  ['--undo', report('undone'), true, 'restored', 'restored'],
  [
    'its dry run, which removes nothing',
    report('planned', true),
    true,
    'would restore',
    'would restore',
  ],
])('of %s', (_, found, isUndo, flags, keys) => {
  const lines = describeRelease(found, isUndo);
  expect(lines).toContain(`${flags} in kube-controller-manager: ${FLAG}`);
  expect(lines).toContain(`${keys} /pki/ca.key`);
});

it('while another control plane still signs, it names no key as removed', () => {
  expect(describeRelease(report('waiting'), false).join('\n')).not.toContain('removed /pki/ca.key');
});

const failed = { component: 'kube-controller-manager', state: 'failed', reason: 'x' } as const;
it.each<[string, ReleaseReport, number, RegExp]>([
  ['what a release does not do', report('released'), 0, /can sign until the CA is rotated$/m],
  ['nothing to do', { ...report('nothing'), keys: [] }, 0, /^no CA key is in its place/],
  ['another control plane that signs', report('waiting'), 4, /no key was removed$/m],
  ['a dry run', report('planned', true), 0, /^\(dry run: nothing was changed or restarted\)$/m],
  [
    'a dry run that would refuse',
    { ...report('planned', true), refusals: ['no forwarder'] },
    7,
    /^refuses: no forwarder$/m,
  ],
  [
    'an unhealthy component',
    { ...report('released'), restarts: [failed] },
    11,
    /kube-controller-manager/,
  ],
])('the exit code and the text name %s', (_, found, exitCode, text) => {
  expect([exitCodeOf(found), describeRelease(found, false).join('\n')]).toEqual([
    exitCode,
    expect.stringMatching(text),
  ]);
});
