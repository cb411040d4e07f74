/** A real systemd runs the forwarder's unit on a control plane: the bundled client inside its hardening. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_BUCKETS } from '../../../../client/local-service.ts';
import { CSRSIGNING, csrsigningUnit } from '../../../../client/node/forwarder/unit.ts';
import { EVERY_DAY } from '../../../../client/node/timer/interval.ts';
import { unitFiles } from '../../../../client/node/timer/units.ts';
import { Machine, whyNoMachine } from '../../../support/machine/machine.ts';
import { openGateway } from '../../../support/machine/outside.ts';
import { PROBE, probe } from '../../../support/machine/probed.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { untilTrue } from '../../../support/until.ts';

const why = whyNoMachine();
const describeMachine = why === undefined ? describe : describe.skip;
const CAKELESS = ['/opt/node', '--', '/opt/cakeless.mjs'];
const CONF = '/etc/kubernetes/cakeless-csrsigning.conf';

describeMachine(`the forwarder on a machine with systemd${why ? ` [${why}]` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-systemd-'));
  const shared = join(folder, 'shared');
  let fixture: NodeFixture;
  let gateway: Server;
  let machine: Machine;
  let unitsBefore: string;

  beforeAll(async () => {
    execFileSync('npm', ['run', '-s', 'build:client']);
    fixture = await NodeFixture.make();
    await fixture.changeRecord({ csrSigning: { kubeletClient: {} } });
    for (const name of ['opt', 'units']) mkdirSync(join(shared, name), { recursive: true });
    cpSync(controlPlane(), join(shared, 'etc-kubernetes'), { recursive: true });
    cpSync('dist/client/cakeless.mjs', join(shared, 'opt/cakeless.mjs'));
    gateway = openGateway(shared, fixture.environment().AWS_ENDPOINT_URL ?? '');
    machine = await Machine.boot(folder, shared);
    unitsBefore = await units();
  }, 300_000);
  afterAll(async () => {
    await machine?.stop();
    gateway?.close();
    await fixture?.close();
    rmSync(folder, { recursive: true });
  });

  /** Without a kubeconfig of the forwarder. */
  function controlPlane(): string {
    const node = fixture.copy();
    mkdirSync(join(node, 'manifests'));
    const { exchange } = LOCAL_BUCKETS;
    const who = `cluster: ${CLUSTER}\nnode: ${fixture.node}\nexchangeBucket: ${exchange}\n`;
    writeFileSync(join(node, 'cakeless.yaml'), `${who}region: eu-central-1\n`);
    const lines = variables().map((line) => `${line}\n`);
    writeFileSync(join(node, 'cakeless.env'), lines.join(''), { mode: 0o600 });
    return node;
  }

  const variables = () =>
    Object.entries(fixture.environment())
      .filter(([name]) => name.startsWith('AWS_'))
      .map(([name, value]) => `${name}=${value}`);

  const install = (...args: string[]) =>
    machine.run('env', ...variables(), ...CAKELESS, 'install-csrsigning', ...args);
  // the probe of another test may exist
  const units = () =>
    machine.must('find', '/etc/systemd/system', '-type', 'f,l', '!', '-name', 'probe.service');
  const property = (name: string) => machine.property(CSRSIGNING, name);
  const get = (path: string) =>
    machine.run(
      ...['/opt/node', '-e'],
      `fetch('http://127.0.0.1:10267${path}').then(async (it) => process.stdout.write(it.status + ' ' + await it.text()))`,
    );
  /** Once the process, whose number is not this one, listens. @returns its number */
  async function healthy(not = ''): Promise<string> {
    await untilTrue('a healthy forwarder', async () => {
      const { stdout, stderr } = await get('/healthz');
      if (stdout !== '200 ok\n') throw new Error(stdout + stderr);
      return (await property('MainPID')) !== not;
    });
    return property('MainPID');
  }

  it('is installed, answers, restarts when killed, stops cleanly, and is removed without a trace', async () => {
    const installed = await install();
    expect([installed.status, installed.stderr]).toEqual([
      0,
      expect.stringContaining(`wrote /etc/systemd/system/${CSRSIGNING}`),
    ]);
    expect(await machine.must('stat', '--format', '%a %U', CONF)).toBe('600 root\n');
    expect(await machine.must('systemctl', 'is-enabled', CSRSIGNING)).toBe('enabled\n');
    const first = await healthy();
    // there is no API server
    expect((await get('/readyz')).stdout).toMatch(/^503 /);
    expect((await get('/metrics')).stdout).toContain('cakeless_csrsigning_last_list_timestamp');

    await machine.must('kill', '-KILL', first);
    await untilTrue('another process', async () => (await property('NRestarts')) === '1');
    await healthy(first);
    expect(await property('ActiveState')).toBe('active');

    // it never gives up: systemd's limit of 5 starts in 10 seconds does not apply
    for (let kills = 2; kills < 5; kills += 1) {
      await machine.must('systemctl', 'kill', '--signal=KILL', CSRSIGNING);
      await untilTrue('the next', async () => (await property('NRestarts')) === String(kills));
    }
    await healthy();

    await machine.must('systemctl', 'stop', CSRSIGNING);
    expect([await property('Result'), await property('ExecMainStatus')]).toEqual(['success', '0']);
    expect(await machine.journal(CSRSIGNING)).toMatch(/\bstopped$/m);

    await machine.must('systemctl', 'start', CSRSIGNING);
    await healthy();
    expect((await install()).stderr).toContain('is up to date');
    const removed = await install('--remove');
    expect([removed.status, removed.stderr]).toEqual([0, '']);
    expect(await units()).toBe(unitsBefore);
    expect(await machine.must('find', '/sys/fs/cgroup', '-name', '*csrsigning*')).toBe('');
    expect(await property('LoadState')).toBe('not-found');
  }, 120_000);

  it('may write nothing, and neither systemd nor container runtimes obey it', async () => {
    const unit = csrsigningUnit({ command: PROBE, kubeconfig: '/etc/kubernetes/admin.conf' });
    const once = unit.replace('Restart=always', 'Restart=no');
    expect(await probe(machine, shared, once)).toMatchObject({
      certificates: 'EROFS',
      manifests: 'EROFS',
      kubelet: 'EROFS',
      systemd: 'refused',
      // its own
      temporary: 'done',
      programs: 'EROFS',
      passwords: 'EROFS',
      units: 'EROFS',
      home: 'EROFS',
      devices: 'ENOENT',
      namespaces: 'refused',
    });
  });

  it('is at most as exposed as the renewal, by the measure of systemd', () => {
    const exposure = (name: string, text: string) => {
      const file = join(folder, name);
      writeFileSync(file, text);
      const command = ['security', '--offline=yes', '--no-pager', file];
      const said = execFileSync('systemd-analyze', command, { encoding: 'utf8' });
      return Number(/Overall exposure level for .*: ([\d.]+) /.exec(said)?.[1]);
    };
    const command = '/usr/bin/true';
    const kubeconfigDir = '/etc/kubernetes';
    const common = { writable: [], expiresWithin: '1/3', interval: EVERY_DAY };
    const { 'cakeless-renew.service': renewal = '' } = unitFiles({
      ...common,
      command,
      kubeconfigDir,
    });
    const forwarder = exposure(CSRSIGNING, csrsigningUnit({ command, kubeconfig: CONF }));
    expect(forwarder).toBeLessThan(3);
    expect(forwarder).toBeLessThanOrEqual(exposure('cakeless-renew.service', renewal));
  });
});
