/** What `cakeless release-keys` prints about flags and keys. */
import { describeRelease } from '../../../client/commands/release-keys.ts';
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
