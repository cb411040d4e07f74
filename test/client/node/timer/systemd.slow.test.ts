/** A real systemd runs the timer's units on a node: the bundled client renews and restarts inside their hardening. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import { EVERY_DAY } from '../../../../client/node/timer/interval.ts';
import { AT_BOOT, unitFiles } from '../../../../client/node/timer/units.ts';
import { markedUnit } from '../../../../client/node/units/marked-unit.ts';
import { type CertificateName, KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import {
  bundleFor,
  Machine,
  serviceOf,
  whyNoMachine,
  writeUnit,
} from '../../../support/machine/machine.ts';
import { openGateway } from '../../../support/machine/outside.ts';
import { PROBE, probe } from '../../../support/machine/probed.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { makeShortLivedNode } from './short-lived-node.ts';

const why = whyNoMachine();
const describeMachine = why === undefined ? describe : describe.skip;
/** A copy of admin.conf, in a home folder that the unit must not write otherwise. */
const COPY = '/home/ops/.kube/config';
const CAKELESS = ['/opt/node', '--', '/opt/cakeless.mjs'];

const UNITS = {
  writable: [],
  kubeconfigDir: '/etc/kubernetes',
  expiresWithin: '1/3',
  interval: EVERY_DAY,
};
/** The certificates of the node were just issued, and are valid for 30 days. */
const INSTALL_TIMER = ['install-timer', '--if-expires-within', '60d'];

describeMachine(`on a machine with systemd${why ? ` [${why}]` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-systemd-'));
  const shared = join(folder, 'shared');
  const kubernetes = join(shared, 'etc-kubernetes');
  let fixture: NodeFixture;
  let gateway: Server;
  let machine: Machine;
  let atBoot: Awaited<ReturnType<typeof lookAtBoot>>;

  beforeAll(async () => {
    execFileSync('npm', ['run', '-s', 'build:client']);
    fixture = await NodeFixture.make();
    for (const name of ['opt', 'units']) mkdirSync(join(shared, name), { recursive: true });
    cpSync(await makeShortLivedNode(fixture, folder, [COPY]), kubernetes, { recursive: true });
    bundleFor(shared, 'test/client/node/timer/kubelet.ts');
    cpSync('test/support/fake-component.cjs', join(shared, 'opt/test/support/fake-component.cjs'));
    cpSync('dist/client/cakeless.mjs', join(shared, 'opt/cakeless.mjs'));
    gateway = openGateway(shared, fixture.environment().AWS_ENDPOINT_URL ?? '');
    writeUnit(shared, 'kubelet.service', serviceOf('kubelet.cjs'));
    interruptRestart();
    machine = await Machine.boot(folder, shared);
    atBoot = await lookAtBoot();
  }, 300_000);
  afterAll(async () => {
    await machine?.stop();
    gateway?.close();
    await fixture?.close();
    rmSync(folder, { recursive: true });
  });

  /** The state after a power failure during a restart, on a machine with the unit that puts the manifest back. */
  function interruptRestart(): void {
    const [held, name] = [join(kubernetes, 'cakeless/held-manifests'), 'kube-scheduler.yaml'];
    mkdirSync(held, { recursive: true });
    renameSync(join(kubernetes, 'manifests', name), join(held, name));
    const { [AT_BOOT]: text = '' } = unitFiles({ ...UNITS, command: '' });
    writeUnit(shared, AT_BOOT, markedUnit(text, 'install-timer'));
  }

  const serial = (name: CertificateName) => {
    const place = readPlace(
      placeOf(name, { kubeconfigDir: kubernetes, certDir: join(kubernetes, 'pki') }),
    );
    return place.state === 'present' && place.problems.length === 0
      ? place.leaf.serialNumber
      : name;
  };
  /** Serial number of the certificate that the kubelet read when it started. */
  const held = () =>
    machine.must(
      '/opt/node',
      '-e',
      "fetch('http://127.0.0.1:10248/held').then(async (answer) => process.stdout.write(await answer.text()))",
    );
  /** Read before any test changes it. */
  const lookAtBoot = async () => ({
    manifests: readdirSync(join(kubernetes, 'manifests')).sort(),
    returned: Number(await machine.property(AT_BOOT, 'ExecMainExitTimestampMonotonic')),
    kubelet: Number(await machine.property('kubelet', 'ExecMainStartTimestampMonotonic')),
  });

  it('at boot the manifest that a power failure left outside is put back before the kubelet starts', () => {
    expect(atBoot.manifests).toEqual(['kube-apiserver.yaml', 'kube-scheduler.yaml']);
    expect(atBoot.returned).toBeGreaterThan(0);
    expect(atBoot.kubelet).toBeGreaterThan(atBoot.returned);
  });

  it('installs the timer, renews and restarts under the hardening, and removes the timer', async () => {
    const installed = await machine.run(...CAKELESS, ...INSTALL_TIMER);
    expect([installed.status, installed.stderr]).toEqual([
      0,
      expect.stringContaining('wrote /etc/systemd/system/cakeless-renew.service'),
    ]);
    expect(await machine.must('systemctl', 'list-timers', '--no-pager')).toContain(
      'cakeless-renew.timer',
    );
    expect(await machine.must('systemctl', 'is-enabled', 'cakeless-renew.timer')).toBe('enabled\n');

    await machine.must('mkdir', '-p', dirname(COPY));
    await machine.must('cp', '/etc/kubernetes/admin.conf', COPY);
    const before = new Map(KUBEADM_NAMES.map((name) => [name, serial(name)]));
    expect(await held()).toBe(before.get('kubelet.conf'));
    const result = await machine.runService('cakeless-renew.service');
    const journal = await machine.journal('cakeless-renew.service');
    expect([result, journal]).toEqual(['success', expect.stringContaining('installing apiserver')]);
    // super-admin.conf waits for an approver, which is not a failure of the unit
    expect(await machine.property('cakeless-renew', 'ExecMainStatus')).toBe('4');
    const same = KUBEADM_NAMES.filter((name) => serial(name) === before.get(name));
    expect(same).toEqual(['super-admin.conf']);
    for (const component of ['kube-apiserver', 'kube-scheduler', 'kubelet'])
      expect(journal).toContain(`${component} was restarted and is healthy`);
    expect(await held()).toBe(serial('kubelet.conf'));
    await machine.must('cmp', '/etc/kubernetes/admin.conf', COPY);

    const again = await machine.run(...CAKELESS, ...INSTALL_TIMER);
    expect([again.status, again.stderr]).toEqual([0, expect.stringContaining('is up to date')]);
    const removed = await machine.run(...CAKELESS, 'install-timer', '--remove');
    expect([removed.status, removed.stderr]).toEqual([0, '']);
    expect(await machine.must('systemctl', 'list-timers', '--all', '--no-pager')).not.toContain(
      'cakeless',
    );
    expect(await machine.must('ls', '/etc/systemd/system')).not.toContain('cakeless');
  });

  it('the units allow what a renewal needs, and nothing else', async () => {
    const { 'cakeless-renew.service': unit = '' } = unitFiles({ ...UNITS, command: PROBE });
    expect(await probe(machine, shared, unit)).toEqual({
      certificates: 'done',
      manifests: 'done',
      kubelet: 'done',
      others: 'done',
      systemd: 'done',
      temporary: 'done',
      programs: 'EROFS',
      passwords: 'EROFS',
      units: 'EROFS',
      home: 'EROFS',
      devices: 'ENOENT',
      namespaces: 'refused',
    });
  });
});
