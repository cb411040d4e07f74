/** Only verified restarts count; components that this command cannot restart are reported, with an exit code. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../client/clock.ts';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { RestartDeps } from '../../../../client/node/restart/deps.ts';
import { requireVisibleProcesses } from '../../../../client/node/restart/preconditions.ts';
import { restartStep } from '../../../../client/node/restart/restart.ts';
import {
  FakeKubelet,
  freePort,
  startFakeComponent,
  writeManifest,
} from '../../../support/fake-kubelet.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { untilTrue } from '../../../support/until.ts';

let fixture: NodeFixture;
let kubelet: FakeKubelet | undefined;
let child: ChildProcess | undefined;
let folder: string;
let flags: string[];
/** An empty /proc, as if all processes were invisible. */
let hidden: string;

beforeAll(async () => {
  fixture = await NodeFixture.make();
  hidden = mkdtempSync(join(tmpdir(), 'cakeless-proc-'));
});
beforeEach(async () => {
  folder = fixture.copy();
  const elsewhere = join(fixture.template, 'pki', 'apiserver');
  flags = [
    ...['--bind-address=127.0.0.1', `--secure-port=${await freePort()}`],
    ...[`--tls-cert-file=${elsewhere}.crt`, `--tls-private-key-file=${elsewhere}.key`],
  ];
});
afterEach(() => {
  kubelet?.close();
  child?.kill('SIGKILL');
});
afterAll(async () => {
  rmSync(hidden, { recursive: true });
  await fixture.close();
});

const depsWith = (more: Partial<RestartDeps> = {}): RestartDeps => ({
  folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
  stateDir: join(folder, 'cakeless'),
  terminal: { print: () => undefined, progress: () => undefined },
  timeoutSeconds: 10,
  clock: systemClock,
  ...more,
});
const STEP = { beforeEach: async () => undefined, continuesWithout: () => false };
const restart = async (more?: Partial<RestartDeps>) =>
  (await restartStep(['kube-scheduler'], depsWith(more), STEP))[0];

async function untilAnswers(): Promise<void> {
  const port = Number(flags.join(' ').match(/secure-port=(\d+)/)?.[1]);
  await untilTrue(`an answer at port ${port}`, () => answers(port));
}

const answers = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

it('a process whose arguments name neither folder is recognized by its manifest', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  kubelet = new FakeKubelet(folder);
  await untilAnswers();
  expect(await restart()).toEqual({ component: 'kube-scheduler', state: 'restarted' });
  expect(kubelet.events).toEqual(['+kube-scheduler', '-kube-scheduler', '+kube-scheduler']);
});

it('a restart has failed if no process is visible afterwards, even if the port answers', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  kubelet = new FakeKubelet(folder);
  await untilAnswers();
  expect(await restart({ proc: hidden, timeoutSeconds: 1 })).toEqual({
    component: 'kube-scheduler',
    state: 'failed',
    reason: expect.stringContaining('no new process has started'),
  });
  await expect(
    requireVisibleProcesses(['kube-scheduler'], depsWith({ proc: hidden })),
  ).rejects.toMatchObject({
    code: 'usage',
  });
});

it('a component with invisible processes is reported before anything changes', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  child = startFakeComponent('sh', flags);
  await untilAnswers();
  const before = readFileSync(join(folder, 'scheduler.conf'), 'utf8');
  const run = await fixture.run(folder, 'renew', 'scheduler.conf');
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.usage,
    expect.stringContaining('/proc shows no process of kube-scheduler'),
  ]);
  expect(readFileSync(join(folder, 'scheduler.conf'), 'utf8')).toBe(before);
  expect((await fixture.run(folder, 'renew', 'scheduler.conf', '--no-restart')).exitCode).toBe(0);
  expect((await fixture.run(folder, 'rollback')).exitCode).toBe(EXIT.usage);
});

it('a component that is down has no process before, and must have one afterwards', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  mkdirSync(join(folder, 'cakeless'));
  await requireVisibleProcesses(['kube-scheduler'], depsWith());
  const sleep = (ms: number) => systemClock.sleep(Math.min(ms, 100));
  const clock = { ...systemClock, sleep };
  expect(await restart({ clock, timeoutSeconds: 1 })).toMatchObject({ state: 'failed' });
  kubelet = new FakeKubelet(folder);
  expect(await restart({ clock })).toMatchObject({ state: 'restarted' });
});

it('a component that is not a static pod must be restarted by hand, unless it does not run', async () => {
  const none = await fixture.run(folder, 'renew', 'scheduler.conf', '-o', 'json');
  expect([none.exitCode, JSON.parse(none.stdout).restarts]).toEqual([
    0,
    [{ component: 'kube-scheduler', state: 'not-on-this-node' }],
  ]);
  child = startFakeComponent('kube-scheduler', [...flags, `--kubeconfig=${folder}/scheduler.conf`]);
  await untilAnswers();
  const run = await fixture.run(folder, 'renew', 'scheduler.conf');
  expect([run.exitCode, run.stdout]).toEqual([
    EXIT.byHand,
    expect.stringContaining('has no kube-scheduler.yaml, but it runs'),
  ]);
  const back = await fixture.run(folder, 'rollback', '--no-lease', '-o', 'json');
  expect([back.exitCode, JSON.parse(back.stdout).restarts]).toEqual([
    EXIT.byHand,
    [{ component: 'kube-scheduler', state: 'by-hand', reason: expect.any(String) }],
  ]);
});

const itWithoutSystemd = existsSync('/run/systemd/system') ? it.skip : it;

itWithoutSystemd('a kubelet that runs without systemd must be restarted by hand', async () => {
  child = startFakeComponent('kubelet', [...flags, `--kubeconfig=${folder}/kubelet.conf`]);
  await untilAnswers();
  const run = await fixture.run(folder, 'renew', 'kubelet.conf');
  expect([run.exitCode, run.stdout]).toEqual([
    EXIT.byHand,
    expect.stringContaining('restart kubelet by hand: systemd does not run on this machine'),
  ]);
});
