/** Nothing is called restarted that nobody saw restart; what this command can't restart is said, and has its exit code. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../client/clock.ts';
import { EXIT } from '../../../../client/exit-codes.ts';
import { checkSeen } from '../../../../client/node/restart/before.ts';
import { type RestartWorld, restartStep } from '../../../../client/node/restart/restart.ts';
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
/** A /proc in which nobody sees anybody. */
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

const worldWith = (more: Partial<RestartWorld> = {}): RestartWorld => ({
  folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
  stateDir: join(folder, 'cakeless'),
  terminal: { print: () => undefined, progress: () => undefined },
  ...{ timeoutSeconds: 10, clock: systemClock },
  ...more,
});
const STEP = { beforeEach: async () => undefined, goesOnWithout: () => false };
const restart = async (more?: Partial<RestartWorld>) =>
  (await restartStep(['kube-scheduler'], worldWith(more), STEP))[0];

async function untilAnswers(): Promise<void> {
  const port = Number(flags.join(' ').match(/secure-port=(\d+)/)?.[1]);
  await untilTrue(`an answer at port ${port}`, () => answers(port));
}

const answers = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });

it('a process whose arguments name neither folder is known by its manifest', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  kubelet = new FakeKubelet(folder);
  await untilAnswers();
  expect(await restart()).toEqual({ component: 'kube-scheduler', state: 'restarted' });
  expect(kubelet.events).toEqual(['+kube-scheduler', '-kube-scheduler', '+kube-scheduler']);
});

it('where no process is seen afterwards it has failed, though somebody answers', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  kubelet = new FakeKubelet(folder);
  await untilAnswers();
  expect(await restart({ proc: hidden, timeoutSeconds: 1 })).toEqual({
    ...{ component: 'kube-scheduler', state: 'failed' },
    reason: expect.stringContaining('no new process of it is seen'),
  });
  await expect(checkSeen(['kube-scheduler'], worldWith({ proc: hidden }))).rejects.toMatchObject({
    code: 'usage',
  });
});

it('one that runs unseen is said before anything changes', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  child = startFakeComponent('sh', flags);
  await untilAnswers();
  const before = readFileSync(join(folder, 'scheduler.conf'), 'utf8');
  const run = await fixture.run(folder, 'renew', 'scheduler.conf');
  expect([run.exitCode, run.stderr]).toEqual([
    EXIT.usage,
    expect.stringContaining('no process of kube-scheduler is seen in /proc'),
  ]);
  expect(readFileSync(join(folder, 'scheduler.conf'), 'utf8')).toBe(before);
  expect((await fixture.run(folder, 'renew', 'scheduler.conf', '--no-restart')).exitCode).toBe(0);
  expect((await fixture.run(folder, 'rollback')).exitCode).toBe(EXIT.usage);
});

it('one that is down has no process before, and must have one afterwards', async () => {
  writeManifest(folder, 'kube-scheduler', 'v1.35.4', flags);
  mkdirSync(join(folder, 'cakeless'));
  await checkSeen(['kube-scheduler'], worldWith());
  const sleep = (ms: number) => systemClock.sleep(Math.min(ms, 100));
  const clock = { ...systemClock, sleep };
  expect(await restart({ clock, timeoutSeconds: 1 })).toMatchObject({ state: 'failed' });
  kubelet = new FakeKubelet(folder);
  expect(await restart({ clock })).toMatchObject({ state: 'restarted' });
});

it('what runs as no static pod is to be restarted by hand; what runs nowhere is not', async () => {
  const none = await fixture.run(folder, 'renew', 'scheduler.conf', '-o', 'json');
  expect([none.exitCode, JSON.parse(none.stdout).restarts]).toEqual([
    0,
    [{ component: 'kube-scheduler', state: 'not-here' }],
  ]);
  child = startFakeComponent('kube-scheduler', [...flags, `--kubeconfig=${folder}/scheduler.conf`]);
  await untilAnswers();
  const run = await fixture.run(folder, 'renew', 'scheduler.conf');
  expect([run.exitCode, run.stdout]).toEqual([
    EXIT.byHand,
    expect.stringContaining('restart kube-scheduler by hand: it runs here, and there is no'),
  ]);
  const back = await fixture.run(folder, 'rollback', '--no-lease', '-o', 'json');
  expect([back.exitCode, JSON.parse(back.stdout).restarts]).toEqual([
    EXIT.byHand,
    [{ component: 'kube-scheduler', state: 'by-hand', reason: expect.any(String) }],
  ]);
});

const itWithoutSystemd = existsSync('/run/systemd/system') ? it.skip : it;

itWithoutSystemd('a kubelet that runs without systemd is to be restarted by hand', async () => {
  child = startFakeComponent('kubelet', [...flags, `--kubeconfig=${folder}/kubelet.conf`]);
  await untilAnswers();
  const run = await fixture.run(folder, 'renew', 'kubelet.conf');
  expect([run.exitCode, run.stdout]).toEqual([
    EXIT.byHand,
    expect.stringContaining('restart kubelet by hand: there is no systemd here'),
  ]);
});
