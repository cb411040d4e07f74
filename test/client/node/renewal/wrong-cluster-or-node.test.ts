/** Requests under another cluster or node name, from a typo or before a rename, do not block this node. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRequest } from '../../../../client/node/renewal/request-journal.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { cakeless } from '../../../support/running-service-command.ts';

let fixture: NodeFixture;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterAll(() => fixture.close());

const open = (folder: string) => readdirSync(join(folder, 'cakeless/requests'));
const kubeconfig = (folder: string) => readFileSync(join(folder, 'scheduler.conf'), 'utf8');
const renewAs = (folder: string, cluster: string, node: string, ...options: string[]) => {
  const place = ['--cluster', cluster, '--node', node, '--kubeconfig-dir', folder];
  return cakeless(
    fixture.environment(),
    'renew',
    'scheduler.conf',
    '--no-restart',
    ...place,
    ...options,
  );
};

it.each([
  ['node', () => [CLUSTER, `${fixture.node}1`]],
  ['cluster', () => ['another', fixture.node]],
])('a renewal with a wrong --%s does not block later ones', async (_, wrong) => {
  const folder = fixture.copy();
  const [cluster = '', node = ''] = wrong();
  const typo = await renewAs(folder, cluster, node);
  expect([typo.exitCode, open(folder).length]).toEqual([6, 1]);
  const [id] = open(folder);
  const right = await renewAs(folder, CLUSTER, fixture.node);
  expect([right.exitCode, right.stdout]).toEqual([
    0,
    expect.stringContaining(`request ${id} is for ${cluster}/${node}, but this node is ${CLUSTER}`),
  ]);
  expect(kubeconfig(folder)).not.toBe(kubeconfig(fixture.template));
  // its certificate is installed, so it is closed
  expect(open(folder)).toEqual([]);
});

it("a request id that belongs to another node's keys is refused, and the keys are kept", async () => {
  const folder = fixture.copy();
  const other = { cluster: CLUSTER, node: 'cp-9', request: 'mine', createdAt: '2026-01-01' };
  await openRequest(join(folder, 'cakeless'), { ...other, open: ['scheduler.conf'] });
  const run = await renewAs(folder, CLUSTER, fixture.node, '--request', 'mine');
  expect([run.exitCode, run.stderr]).toEqual([
    2,
    expect.stringContaining(`request mine is for ${CLUSTER}/cp-9, but this node is`),
  ]);
  expect(open(folder)).toEqual(['mine']);
});

it('certificates that contain the name of the node are not requested under another one', async () => {
  const folder = fixture.copy();
  const wrong = `${fixture.node}1`;
  const before = await fixture.keys();
  const names = ['apiserver', 'etcd-peer', 'kubelet.conf'];
  const place = ['--cluster', CLUSTER, '--node', wrong, '--kubeconfig-dir', folder];
  const run = await cakeless(fixture.environment(), 'renew', ...names, '--no-restart', ...place);
  expect([run.exitCode, await fixture.keys()]).toEqual([2, before]);
  expect(run.stdout).toMatch(
    new RegExp(`not the apiserver certificate of this node: .* name of this node, ${wrong}`),
  );
  expect(run.stdout).toMatch(`its common name is ${fixture.node}, not ${wrong}`);
  expect(run.stdout).toMatch(
    new RegExp(`common name is system:node:${fixture.node}, not system:node:${wrong}`),
  );
});
