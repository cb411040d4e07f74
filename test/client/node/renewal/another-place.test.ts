/** What was asked for as another cluster or node, by a typo or before a move, holds up nobody here. */
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
const certificate = (folder: string) => readFileSync(join(folder, 'pki/apiserver.crt'), 'utf8');
const renewAs = (folder: string, cluster: string, node: string, ...options: string[]) => {
  const place = ['--cluster', cluster, '--node', node, '--kubeconfig-dir', folder];
  return cakeless(
    fixture.environment(),
    'renew',
    'apiserver',
    '--no-restart',
    ...place,
    ...options,
  );
};

it.each([
  ['node', () => [CLUSTER, `${fixture.node}1`]],
  ['cluster', () => ['another', fixture.node]],
])('a renewal with a wrong --%s blocks no later one', async (_, wrong) => {
  const folder = fixture.copy();
  const [cluster = '', node = ''] = wrong();
  const typo = await renewAs(folder, cluster, node);
  expect([typo.exitCode, open(folder).length]).toEqual([6, 1]);
  const [id] = open(folder);
  const right = await renewAs(folder, CLUSTER, fixture.node);
  expect([right.exitCode, right.stdout]).toEqual([
    0,
    expect.stringContaining(`request ${id} is of ${cluster}/${node}, and this is ${CLUSTER}`),
  ]);
  expect(certificate(folder)).not.toBe(certificate(fixture.template));
  // what it was for is done
  expect(open(folder)).toEqual([]);
});

it('an id under which another node’s keys lie is refused, and they stay', async () => {
  const folder = fixture.copy();
  const other = { cluster: CLUSTER, node: 'cp-9', request: 'mine', createdAt: '2026-01-01' };
  await openRequest(join(folder, 'cakeless'), { ...other, open: ['apiserver'] });
  const run = await renewAs(folder, CLUSTER, fixture.node, '--request', 'mine');
  expect([run.exitCode, run.stderr]).toEqual([
    2,
    expect.stringContaining(`request mine is of ${CLUSTER}/cp-9, and this is`),
  ]);
  expect(open(folder)).toEqual(['mine']);
});
