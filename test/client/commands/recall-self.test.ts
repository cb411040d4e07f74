/** Who a node is if neither an option nor cakeless.yaml says so: as in its last renewal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recallSelf } from '../../../client/commands/recall-self.ts';
import { rememberRenewal } from '../../../client/node/report/last-renewal.ts';
import { OpensslNode } from '../../support/openssl-node.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'cakeless-self-'));
const folders = { kubeconfigDir: stateDir, certDir: join(stateDir, 'pki') };
beforeAll(() =>
  rememberRenewal(stateDir, {
    at: '2026-11-27T00:00:00.000Z',
    exitCode: 0,
    cluster: 'prod',
    node: 'cp-1',
  }),
);
afterAll(() => rmSync(stateDir, { recursive: true }));

interface Self {
  readonly cluster?: string;
  readonly node?: string;
}
it.each<[string, Self, Self]>([
  ['both are those of the last renewal', {}, { cluster: 'prod', node: 'cp-1' }],
  ['the node is, in the same cluster', { cluster: 'prod' }, { cluster: 'prod', node: 'cp-1' }],
  ['the cluster is, of the same node', { node: 'cp-1' }, { cluster: 'prod', node: 'cp-1' }],
  ['nothing is known of another cluster', { cluster: 'test' }, { cluster: 'test' }],
  ['nothing is known of another node', { node: 'cp-2' }, { node: 'cp-2' }],
  ['what is given stays', { cluster: 'a', node: 'b' }, { cluster: 'a', node: 'b' }],
])('%s', (_, { cluster, node }, expected) => {
  expect(recallSelf({ cluster, node, stateDir, folders })).toEqual(expected);
});

it('without a renewal, nothing is known', () => {
  const never = join(stateDir, 'never');
  expect(recallSelf({ cluster: undefined, node: 'cp-1', stateDir: never, folders })).toEqual({
    node: 'cp-1',
  });
});

it.each([
  ['cp-1', { cluster: 'prod', node: 'cp-1' }],
  ['cp-2', {}],
])(
  'with a kubelet of %s, as on a machine that was cloned or was not, it is %j',
  (name, expected) => {
    const node = new OpensslNode(join(stateDir, name));
    node.makeCa('ca', 'kubernetes');
    const subject = `/O=system:nodes/CN=system:node:${name}`;
    node.makeLeaf({ path: 'kubelet.conf', ca: 'ca', subject, usages: 'clientAuth' });
    const own = { kubeconfigDir: node.folder, certDir: join(node.folder, 'pki') };
    const nothing = { cluster: undefined, node: undefined };
    expect(recallSelf({ ...nothing, stateDir, folders: own })).toEqual(expected);
  },
);
