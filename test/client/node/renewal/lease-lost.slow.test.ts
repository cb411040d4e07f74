/** A node loses the restart lease to another node while it restarts components. */
import { join } from 'node:path';
import { systemClock } from '../../../../client/clock.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { serialInPlace } from '../../../support/certificates-in-place.ts';
import { fakeControlPlane, manifestsIn } from '../../../support/fake-control-plane.ts';
import type { FakeKubelet } from '../../../support/fake-kubelet.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { renewalDeps, renewalOptions } from '../../../support/renewal.ts';

let fixture: NodeFixture;
let kubelet: FakeKubelet;
beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterEach(() => kubelet.close());
afterAll(() => fixture.close());

const journal = (folder: string) => listInstallations(join(folder, 'cakeless')).at(-1)?.journal;

/** @param writes how many lease writes succeed before the lease is lost */
async function renewAndLose(folder: string, names: readonly string[], writes: number) {
  const said: string[] = [];
  let written = 0;
  const error = await renew(
    renewalDeps(fixture, folder, {
      clock: systemClock,
      timeoutSeconds: 6,
      terminal: { print: () => undefined, progress: (line) => void said.push(line) },
      lease: async () => ({
        extend: async () => {
          written += 1;
          if (written > writes) throw new Error('the restart lease went to another node');
        },
        release: async () => undefined,
      }),
    }),
    renewalOptions(fixture, names, { restart: true }),
  ).catch((reason) => reason);
  return { error, said };
}

it('during a renewal no new restart begins, and the next run resumes', async () => {
  const plane = await fakeControlPlane(fixture, 'v1.31.0');
  kubelet = plane.kubelet;
  const { folder } = plane;
  const { error } = await renewAndLose(folder, ['etcd-peer', 'controller-manager.conf'], 2);
  expect(error).toMatchObject({
    code: 'pending',
    message: expect.stringContaining('kube-controller-manager must still be restarted'),
  });
  expect(kubelet.events.slice(3)).toEqual(['-etcd', '+etcd']);
  expect(journal(folder)).toMatchObject({
    phase: 'applied',
    restarts: ['kube-controller-manager'],
  });
  const next = await fixture.run(folder, 'renew', 'controller-manager.conf', '-o', 'json');
  expect([next.exitCode, JSON.parse(next.stdout).restarts]).toEqual([
    0,
    [{ component: 'kube-controller-manager', state: 'restarted' }],
  ]);
  expect(journal(folder)?.phase).toBe('done');
});

it('in the middle of a step, the manifests are moved back', async () => {
  const plane = await fakeControlPlane(fixture, 'v1.31.0');
  kubelet = plane.kubelet;
  const { error } = await renewAndLose(plane.folder, ['etcd-peer', 'apiserver-etcd-client'], 1);
  expect(error).toMatchObject({ code: 'pending' });
  expect(manifestsIn(plane.folder)).toHaveLength(3);
  expect(journal(plane.folder)).toMatchObject({ restarts: ['etcd', 'kube-apiserver'] });
});

it('a rollback is completed', async () => {
  const apiServer = `--healthy-with=${serialInPlace(fixture.template, 'apiserver')}`;
  const plane = await fakeControlPlane(fixture, 'v1.31.0', { apiServer });
  kubelet = plane.kubelet;
  const { folder } = plane;
  const { error, said } = await renewAndLose(folder, ['etcd-peer', 'apiserver'], 4);
  expect(error).toMatchObject({
    code: 'rolled-back',
    message: expect.stringContaining('and the components run with them'),
  });
  expect(said).toContain(
    'the restart lease went to another node; the old files are restored, so the restarts continue',
  );
  const step = ['-kube-apiserver', '-etcd', '+etcd', '+kube-apiserver'];
  expect(kubelet.events.slice(3)).toEqual([...step, ...step]);
  expect(journal(folder)?.phase).toBe('undone');
});
