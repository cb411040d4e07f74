/** `cakeless install-timer` and the restart of the kubelet, with a systemctl that keeps a list of its calls. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installTimer, type TimerOptions } from '../../../client/commands/install-timer.ts';
import { CommandError } from '../../../client/errors.ts';
import { type RestartWorld, restartStep } from '../../../client/node/restart/restart.ts';
import { resolveSettings } from '../../../client/node/state/settings.ts';
import { systemdAt } from '../../../client/systemd/systemd.ts';
import { COMMAND } from '../../support/running-service-process.ts';

const WHO = 'cluster: prod\nnode: cp-1\nexchangeBucket: exchange\nregion: eu-central-1\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-timer-'));
  for (const name of ['bin', 'units', 'run']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'cakeless.yaml'), WHO);
  systemctl('exit 0');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function systemctl(then: string): void {
  const script = `#!/bin/sh\necho "$@" >>${join(folder, 'calls')}\n${then}\n`;
  writeFileSync(join(folder, 'bin/systemctl'), script, { mode: 0o755 });
}
const fakeSystemd = (running: boolean) =>
  systemdAt(join(folder, running ? 'run' : 'none'), join(folder, 'bin/systemctl'));
const calls = () =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').split('\n') : [];
const SERVICE = () => join(folder, 'units/cakeless-renew.service');
const TIMER = () => join(folder, 'units/cakeless-renew.timer');

async function run(options: Partial<TimerOptions> = {}, running = true) {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const outcome = await installTimer(
    { unitDir: join(folder, 'units'), command: '/opt/cakeless', ...options },
    {
      terminal: { print: say, progress: say },
      systemd: fakeSystemd(running),
      settings: resolveSettings({ nodeConfig: join(folder, 'cakeless.yaml') }),
      environmentFile: join(folder, 'cakeless.env'),
    },
  ).catch((error: Error) => error);
  return { error: outcome ?? undefined, text: said.join('\n') };
}

it('writes both units, has systemd read them, and starts the timer', async () => {
  const { error, text } = await run();
  expect([error, text]).toEqual([undefined, expect.stringContaining('shows when')]);
  expect(readFileSync(SERVICE(), 'utf8')).toContain(
    '\nExecStart=/opt/cakeless renew all --if-expires-within 60d\n',
  );
  expect(readFileSync(TIMER(), 'utf8')).toContain('\nRandomizedDelaySec=12h\n');
  expect(calls()).toEqual([
    ...['daemon-reload', 'enable cakeless-return.service'],
    ...['enable --now cakeless-renew.timer', ''],
  ]);
});

it('a second time it writes nothing, and starts a timer that somebody stopped', async () => {
  await run();
  const { text } = await run();
  expect(text).toContain(`${SERVICE()} is there already`);
  expect(text).not.toContain('wrote');
  expect(calls()).toHaveLength(7);
});

it('replaces what an older Cakeless wrote, and not what somebody changed', async () => {
  await run({ command: '/old/cakeless' });
  expect((await run({ dryRun: true })).text).toContain(
    `would write over ${SERVICE()}, which another install-timer wrote`,
  );
  expect((await run()).text).toContain(`wrote ${SERVICE()}`);
  appendFileSync(SERVICE(), '# mine\n');
  const before = calls();
  const refused = await run({ command: '/new/cakeless' });
  expect(refused.error).toMatchObject({
    code: 'usage',
    message: `${SERVICE()}: somebody changed it; nothing was written`,
    hint: expect.stringContaining('--replace'),
  });
  expect([calls(), readFileSync(SERVICE(), 'utf8')]).toEqual([
    before,
    expect.stringContaining('# mine'),
  ]);
  expect((await run({ replace: true })).error).toBeUndefined();
  expect(readFileSync(SERVICE(), 'utf8')).not.toContain('# mine');
});

it('a unit of the same name that is not ours is left alone', async () => {
  writeFileSync(TIMER(), '[Timer]\nOnCalendar=weekly\n');
  expect((await run()).error).toBeInstanceOf(CommandError);
  expect(existsSync(SERVICE())).toBe(false);
});

it('--dry-run and --print change nothing', async () => {
  const dry = await run({ dryRun: true });
  expect(dry.text.split('\n')).toEqual([
    `would write ${SERVICE()}`,
    `would write ${TIMER()}`,
    `would write ${join(folder, 'units/cakeless-return.service')}`,
    'would call systemctl daemon-reload',
    'would call systemctl enable cakeless-return.service',
    'would call systemctl enable --now cakeless-renew.timer',
  ]);
  expect((await run({ print: true })).text).toContain('\nOnCalendar=daily\n');
  expect([existsSync(SERVICE()), calls()]).toEqual([false, []]);
});

it('--remove stops the timer first, and says where there is none', async () => {
  await run();
  expect((await run({ remove: true, dryRun: true })).text).toContain(`would remove ${TIMER()}`);
  expect(existsSync(TIMER())).toBe(true);
  const { error, text } = await run({ remove: true });
  expect([error, text]).toEqual([undefined, expect.stringContaining(`removed ${SERVICE()}`)]);
  expect([existsSync(SERVICE()), existsSync(TIMER())]).toEqual([false, false]);
  expect(calls().slice(3)).toEqual([
    ...['disable --now cakeless-renew.timer', 'disable cakeless-return.service'],
    ...['daemon-reload', ''],
  ]);
  expect((await run({ remove: true })).text).toBe('there is no timer of Cakeless here');
});

it('where systemd does not run, as in an image, it writes the units and says what is left to do', async () => {
  const { text } = await run({}, false);
  expect(existsSync(TIMER())).toBe(true);
  expect(text).toContain('later: systemctl enable --now cakeless-renew.timer');
  expect(calls()).toEqual([]);
});

it('what systemctl says is passed on', async () => {
  systemctl('echo "Unit is masked." >&2; exit 1');
  expect((await run()).error?.message).toBe('systemctl daemon-reload: Unit is masked.');
});

it('a node that does not know itself gets no timer; bucket and region may stand in its environment file', async () => {
  writeFileSync(join(folder, 'cakeless.yaml'), 'cluster: prod\n');
  expect((await run()).error).toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/does not say node, exchangeBucket, region$/),
  });
  expect(existsSync(SERVICE())).toBe(false);
  writeFileSync(join(folder, 'cakeless.yaml'), 'cluster: prod\nnode: cp-1\n');
  writeFileSync(join(folder, 'cakeless.env'), 'CAKELESS_EXCHANGE_BUCKET=b\n# AWS_REGION=x\n');
  expect((await run()).error?.message).toMatch(/does not say region$/);
  appendFileSync(join(folder, 'cakeless.env'), 'AWS_REGION=eu-central-1\n');
  expect((await run()).error).toBeUndefined();
});

it('the hardening leaves open what the node is configured to have written, where links lead', async () => {
  for (const name of ['real', 'etc']) mkdirSync(join(folder, name));
  symlinkSync(join(folder, 'real'), join(folder, 'etc/pki'));
  const [etc, also] = [join(folder, 'etc'), '/home/ops/.kube/config'];
  writeFileSync(
    join(folder, 'cakeless.yaml'),
    `${WHO}kubeconfigDir: ${etc}\nkubeletDir: /srv/kubelet\nalso: [${also}, ${etc}/copy]\n`,
  );
  await run();
  const [line] = /^ReadWritePaths=.*$/m.exec(readFileSync(SERVICE(), 'utf8')) ?? [];
  const kubeadms = '/etc/kubernetes -/var/lib/kubelet/pki -/root/.kube';
  const own = ['/home/ops/.kube', '/srv/kubelet', etc, join(folder, 'real')]
    .sort()
    .map((path) => `-${path}`)
    .join(' ');
  expect(line).toBe(`ReadWritePaths=${kubeadms} ${own}`);
});

it('by default the unit calls cakeless as it was called, by a link of npm, too', () => {
  const link = join(folder, 'bin/cakeless');
  symlinkSync(COMMAND, link);
  const said = execFileSync(process.execPath, ['--', link, 'install-timer', '--print']);
  expect(said.toString()).toContain(`ExecStart=${process.execPath} -- ${COMMAND} renew all`);
});

describe('the kubelet', () => {
  const world = (running: boolean) => ({
    folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
    stateDir: join(folder, 'cakeless'),
    terminal: { print: () => undefined, progress: () => undefined },
    timeoutSeconds: 0,
    clock: { now: () => new Date(), monotonic: () => 0, sleep: async () => undefined },
    systemd: fakeSystemd(running),
  });

  const restart = async (kubelet: RestartWorld) => {
    const options = { beforeEach: async () => undefined, goesOnWithout: () => false };
    return (await restartStep(['kubelet'], kubelet, options))[0];
  };

  it('is left to people where systemd does not run', async () => {
    const proc = join(folder, 'proc-that-is-hidden');
    expect(await restart({ ...world(false), proc })).toEqual({
      ...{ component: 'kubelet', state: 'by-hand' },
      reason: 'there is no systemd here',
    });
    expect(calls()).toEqual([]);
  });

  it('that systemd can not restart has failed, with its words', async () => {
    systemctl('echo "Unit kubelet.service not found." >&2; exit 5');
    expect(await restart(world(true))).toEqual({
      component: 'kubelet',
      state: 'failed',
      reason: 'systemctl restart kubelet: Unit kubelet.service not found.',
    });
    expect(calls()).toEqual(['restart kubelet', '']);
  });
});
