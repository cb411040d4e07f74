/** A component that was unhealthy before anything was changed does not block a renewal. */
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import { listInstallations } from '../../../../client/node/install/journal.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { serialInPlace } from '../../../support/certificates-in-place.ts';
import {
  fakeControlPlane,
  type MoreFlags,
  manifestsIn,
} from '../../../support/fake-control-plane.ts';
import type { FakeKubelet } from '../../../support/fake-kubelet.ts';
import { NodeFixture } from '../../../support/node-folder.ts';

let fixture: NodeFixture;
let kubelet: FakeKubelet;
let folder: string;

beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterEach(() => kubelet.close());
afterAll(() => fixture.close());

async function start(more: MoreFlags): Promise<void> {
  ({ folder, kubelet } = await fakeControlPlane(fixture, 'v1.31.0', more));
}
const run = (...args: string[]) => fixture.run(folder, ...args, '--restart-timeout', '5s');
const areNew = (names: readonly CertificateName[]) =>
  names.map((name) => serialInPlace(folder, name) !== serialInPlace(fixture.template, name));
const phases = () => listInstallations(join(folder, 'cakeless')).map((one) => one.journal.phase);

it('it is reported, the certificates are renewed, and neither the next run nor rollback is blocked', async () => {
  await start({ manager: '--healthy-with=none' });
  const names = ['apiserver', 'etcd-peer', 'controller-manager.conf'] as const;
  const renewed = await run('renew', ...names, '-o', 'json');
  expect([renewed.exitCode, renewed.stderr]).toEqual([
    EXIT.unhealthy,
    expect.stringMatching(
      /kube-controller-manager is already unhealthy; nothing has been changed yet: .*responded with 500/,
    ),
  ]);
  expect(JSON.parse(renewed.stdout).restarts).toEqual([
    { component: 'etcd', state: 'restarted' },
    { component: 'kube-apiserver', state: 'restarted' },
    {
      component: 'kube-controller-manager',
      state: 'unhealthy',
      reason: expect.stringContaining('does not become healthy within 5 seconds'),
    },
  ]);
  expect([areNew(names), phases()]).toEqual([[true, true, true], ['done']]);
  expect((await run('renew', 'admin.conf')).exitCode).toBe(0);
  expect((await run('rollback')).exitCode).toBe(0);
  const back = await run('rollback');
  expect([back.exitCode, back.stdout]).toEqual([
    EXIT.unhealthy,
    expect.stringContaining('kube-controller-manager does not become healthy'),
  ]);
  expect([areNew(names), phases()]).toEqual([
    [false, false, false],
    ['undone', 'undone'],
  ]);
  expect((await run('renew', 'admin.conf')).exitCode).toBe(0);
});

it('a component that is unhealthy because of its certificate recovers with the new one', async () => {
  await start({ apiServer: `--unhealthy-with=${serialInPlace(fixture.template, 'apiserver')}` });
  const renewed = await run('renew', 'apiserver');
  expect([renewed.exitCode, renewed.stderr]).toEqual([
    0,
    expect.stringContaining('kube-apiserver is already unhealthy; nothing has been changed yet'),
  ]);
});

it('the other components of its step are restarted anyway', async () => {
  await start({ etcd: '--healthy-with=none' });
  const renewed = await run('renew', 'etcd-peer', 'apiserver-etcd-client', '-o', 'json');
  expect([renewed.exitCode, JSON.parse(renewed.stdout).restarts]).toMatchObject([
    EXIT.unhealthy,
    [
      { component: 'etcd', state: 'unhealthy' },
      { component: 'kube-apiserver', state: 'restarted' },
    ],
  ]);
  const steps = ['-kube-apiserver', '-etcd', '+etcd', '+kube-apiserver'];
  expect(kubelet.events.slice(3)).toEqual(steps);
});

it('if a component is unhealthy with the old files, too, it is reported, and the rollback is complete', async () => {
  await start({ apiServer: `--healthy-once=${join(fixture.copy(), 'started')}` });
  const names = ['apiserver', 'etcd-peer', 'controller-manager.conf'] as const;
  const renewed = await run('renew', ...names);
  expect(renewed.exitCode).toBe(EXIT.rolledBack);
  expect(renewed.stderr).toMatch(
    /kube-apiserver did not become healthy: .*; the old certificates are restored, but kube-apiserver \(.*\) needs attention/,
  );
  expect([areNew(names), phases()]).toEqual([[false, false, false], ['undone']]);
  expect(manifestsIn(folder)).toHaveLength(3);
  expect((await run('renew', 'admin.conf')).exitCode).toBe(0);
  expect(await run('rollback')).toMatchObject({ exitCode: 0 });
});
