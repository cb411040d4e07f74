/** Who a node is if neither an option nor cakeless.yaml says so: as in its last renewal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recallSelf } from '../../../client/commands/recall-self.ts';
import { rememberRenewal } from '../../../client/node/report/last-renewal.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'cakeless-self-'));
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
  expect(recallSelf({ cluster, node, stateDir })).toEqual(expected);
});

it('without a renewal, nothing is known', () => {
  const never = join(stateDir, 'never');
  expect(recallSelf({ cluster: undefined, node: 'cp-1', stateDir: never })).toEqual({
    node: 'cp-1',
  });
});
