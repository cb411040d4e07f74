/** Components are restarted one step at a time, and rolled back if one is unhealthy with the new files. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { serialInPlace } from '../../../support/certificates-in-place.ts';
import {
  fakeControlPlane,
  type MoreFlags,
  manifestsIn,
} from '../../../support/fake-control-plane.ts';
import type { FakeKubelet } from '../../../support/fake-kubelet.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { COMMAND } from '../../../support/running-service-process.ts';
import { untilTrue } from '../../../support/until.ts';

let fixture: NodeFixture;
let kubelet: FakeKubelet | undefined;

beforeAll(async () => {
  fixture = await NodeFixture.make();
});
afterEach(() => kubelet?.close());
afterAll(() => fixture.close());

const isNew = (folder: string, name: CertificateName) =>
  serialInPlace(folder, name) !== serialInPlace(fixture.template, name);

async function controlPlane(version: string, more: MoreFlags = {}): Promise<string> {
  const plane = await fakeControlPlane(fixture, version, more);
  kubelet = plane.kubelet;
  return plane.folder;
}

const ALL = ['etcd.yaml', 'kube-apiserver.yaml', 'kube-controller-manager.yaml'];
const NAMES = [
  'apiserver',
  'apiserver-etcd-client',
  'etcd-peer',
  'controller-manager.conf',
] as const;

it('restarts the components that need it in order, and each becomes healthy with its new certificate', async () => {
  const folder = await controlPlane('v1.35.4', { apiServer: '--slow-stop=300' });
  const run = await fixture.run(folder, 'renew', ...NAMES, '-o', 'json');
  expect([run.exitCode, run.stderr]).toEqual([
    0,
    expect.stringContaining('kube-apiserver is healthy'),
  ]);
  expect(JSON.parse(run.stdout).restarts).toEqual(
    ['etcd', 'kube-apiserver', 'kube-controller-manager'].map((component) => ({
      component,
      state: 'restarted',
    })),
  );
  const afterStart = kubelet?.events.slice(3);
  // an API server without etcd would keep its clients waiting
  const steps = ['-kube-apiserver', '-etcd', '+etcd', '+kube-apiserver'];
  expect(afterStart).toEqual([...steps, '-kube-controller-manager', '+kube-controller-manager']);
  expect(NAMES.map((name) => isNew(folder, name))).toEqual(NAMES.map(() => true));
  expect(manifestsIn(folder)).toEqual(ALL);
  const object = await fixture.exchange().get(`leases/${CLUSTER}.json`, 1000);
  expect(JSON.parse(Buffer.from(object?.body ?? '').toString())).toMatchObject({ holder: null });
});

it('a component that reloads its files is not restarted', async () => {
  const folder = await controlPlane('v1.35.4');
  const run = await fixture.run(folder, 'renew', 'front-proxy-client', 'admin.conf', '-o', 'json');
  expect([run.exitCode, JSON.parse(run.stdout).restarts]).toEqual([0, []]);
  expect(kubelet?.events).toHaveLength(3);
});

it('a component that should reload its files but does not is restarted', async () => {
  const folder = await controlPlane('v1.35.4');
  const run = await fixture.run(folder, 'renew', 'apiserver', '--restart-timeout', '3s');
  expect([run.exitCode, run.stderr]).toEqual([
    0,
    expect.stringContaining('does not serve the certificate on disk; restarting it'),
  ]);
  expect(kubelet?.events.slice(3)).toEqual(['-kube-apiserver', '+kube-apiserver']);
});

it('if a component becomes unhealthy, the old files are restored and used, and the exit code says so', async () => {
  const old = serialInPlace(fixture.template, 'apiserver');
  const folder = await controlPlane('v1.31.0', { apiServer: `--healthy-with=${old}` });
  const run = await fixture.run(folder, 'renew', ...NAMES, '--restart-timeout', '2s');
  expect(run.exitCode).toBe(EXIT.rolledBack);
  expect(run.stderr).toContain('kube-apiserver does not become healthy within 2 seconds');
  expect(run.stderr).toContain('the old certificates are restored');
  expect(NAMES.map((name) => isNew(folder, name))).toEqual(NAMES.map(() => false));
  expect(kubelet?.events.slice(3)).toEqual([
    ...['-kube-apiserver', '-etcd', '+etcd', '+kube-apiserver'],
    ...['-kube-apiserver', '-etcd', '+etcd', '+kube-apiserver'],
  ]);
  expect(manifestsIn(folder)).toEqual(ALL);
});

it('if etcd does not become healthy, the API server that waited for it is started again', async () => {
  const old = serialInPlace(fixture.template, 'etcd-server');
  const folder = await controlPlane('v1.35.4', { etcd: `--healthy-with=${old}` });
  const names = ['etcd-server', 'etcd-peer', 'apiserver-etcd-client'] as const;
  const run = await fixture.run(folder, 'renew', ...names, '--restart-timeout', '2s');
  expect(run.exitCode).toBe(EXIT.rolledBack);
  expect(run.stderr).toContain('etcd does not become healthy within 2 seconds');
  expect(names.map((name) => isNew(folder, name))).toEqual([false, false, false]);
  expect(kubelet?.running).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager']);
  expect(manifestsIn(folder)).toEqual(ALL);
});

it('a component that crashed meanwhile has read the new files, so it is restarted with the old ones, too', async () => {
  const old = serialInPlace(fixture.template, 'etcd-server');
  const folder = await controlPlane('v1.35.4', { etcd: `--healthy-with=${old}` });
  const names = ['etcd-server', 'etcd-peer', 'controller-manager.conf'] as const;
  const running = fixture.run(folder, 'renew', ...names, '--restart-timeout', '2s');
  await untilTrue('a new etcd-peer', () => isNew(folder, 'etcd-peer'));
  kubelet?.crash('kube-controller-manager');
  expect((await running).exitCode).toBe(EXIT.rolledBack);
  const manager = ['-kube-controller-manager', '+kube-controller-manager'];
  const seen = kubelet?.events.slice(3).filter((event) => manager.includes(event));
  expect(seen).toEqual([...manager, ...manager]);
});

it('etcd is restarted alone if only etcd needs it', async () => {
  const folder = await controlPlane('v1.35.4');
  const run = await fixture.run(folder, 'renew', 'etcd-peer');
  expect([run.exitCode, kubelet?.events.slice(3)]).toEqual([0, ['-etcd', '+etcd']]);
});

it('a signal puts back all manifests that are moved away', async () => {
  const folder = await controlPlane('v1.35.4', { etcd: '--slow-stop=5000' });
  const who = ['--cluster', CLUSTER, '--node', fixture.node, '--kubeconfig-dir', folder];
  const args = ['--', COMMAND, 'renew', 'etcd-peer', 'apiserver-etcd-client', ...who];
  const env = { ...process.env, ...fixture.environment() };
  const command = spawn(process.execPath, args, { env, stdio: 'ignore' });
  const code = new Promise((done) => command.once('close', done));
  await untilTrue('manifests are away', () => manifestsIn(folder).length <= 1);
  command.kill('SIGTERM');
  expect([await code, manifestsIn(folder)]).toEqual([1, ALL]);
});

it('rollback restores the old files and restarts the components that use them', async () => {
  const folder = await controlPlane('v1.31.0');
  await fixture.run(folder, 'renew', 'apiserver');
  expect(isNew(folder, 'apiserver')).toBe(true);
  const run = await fixture.run(folder, 'rollback');
  expect([run.exitCode, run.stdout]).toEqual([
    0,
    expect.stringContaining('kube-apiserver was restarted and is healthy'),
  ]);
  expect(isNew(folder, 'apiserver')).toBe(false);
});

it('a manifest that a killed run had moved away is put back first', async () => {
  const folder = await controlPlane('v1.35.4');
  const held = join(folder, 'cakeless', 'held-manifests');
  mkdirSync(held, { recursive: true });
  renameSync(join(folder, 'manifests', 'etcd.yaml'), join(held, 'etcd.yaml'));
  const run = await fixture.run(folder, 'renew', 'admin.conf');
  expect([run.exitCode, manifestsIn(folder), existsSync(join(held, 'etcd.yaml'))]).toEqual([
    0,
    ALL,
    false,
  ]);
});
