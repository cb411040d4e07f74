/** `cakeless install-timer` and the restart of the kubelet, with a substitute for systemctl that records its calls. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
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
import { CommandError } from '../../../../client/errors.ts';
import { connectNode } from '../../../../client/node/exchange/node-connection.ts';
import type { RestartDeps } from '../../../../client/node/restart/deps.ts';
import { restartStep } from '../../../../client/node/restart/restart.ts';
import { systemdAt } from '../../../../client/node/restart/systemd.ts';
import { resolveSettings } from '../../../../client/node/state/settings.ts';
import { installTimer, type TimerOptions } from '../../../../client/node/timer/install-timer.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';
import { giveAway, itAsRoot } from '../../../support/other-user.ts';
import { COMMAND } from '../../../support/running-service-process.ts';

const WHO = 'cluster: prod\nnode: cp-1\nexchangeBucket: exchange\nregion: eu-central-1\n';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-timer-'));
  for (const name of ['bin', 'units', 'run']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'cakeless.yaml'), WHO);
  writeSystemctl('exit 0');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function writeSystemctl(then: string): void {
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

it('writes the units, makes systemd read them, and starts the timer', async () => {
  const { error, text } = await run();
  expect([error, text]).toEqual([undefined, expect.stringContaining('shows its next run')]);
  expect(readFileSync(SERVICE(), 'utf8')).toContain(
    '\nExecStart=/opt/cakeless renew all --if-expires-within 1/3\n',
  );
  expect(readFileSync(TIMER(), 'utf8')).toContain('\nRandomizedDelaySec=43200\n');
  expect(calls()).toEqual([
    ...['daemon-reload', 'enable cakeless-restore-manifests.service'],
    ...['enable --now cakeless-renew.timer', ''],
  ]);
});

it('the second time it writes nothing, and starts the timer if it was stopped', async () => {
  await run();
  const { text } = await run();
  expect(text).toContain(`${SERVICE()} is up to date`);
  expect(text).not.toContain('wrote');
  expect(calls()).toHaveLength(7);
});

it('replaces units of another version, but not units that were changed by hand', async () => {
  await run({ command: '/old/cakeless' });
  expect((await run({ dryRun: true })).text).toContain(
    `would replace ${SERVICE()}, which another version of install-timer wrote`,
  );
  expect((await run()).text).toContain(`wrote ${SERVICE()}`);
  appendFileSync(SERVICE(), '# mine\n');
  const before = calls();
  const refused = await run({ command: '/new/cakeless' });
  expect(refused.error).toMatchObject({
    code: 'usage',
    message: `${SERVICE()}: changed by hand; nothing was written`,
    hint: expect.stringContaining('--replace'),
  });
  expect([calls(), readFileSync(SERVICE(), 'utf8')]).toEqual([
    before,
    expect.stringContaining('# mine'),
  ]);
  expect((await run({ replace: true })).error).toBeUndefined();
  expect(readFileSync(SERVICE(), 'utf8')).not.toContain('# mine');
});

it('keeps a unit of the same name that it did not write', async () => {
  writeFileSync(TIMER(), '[Timer]\nOnCalendar=weekly\n');
  expect((await run()).error).toBeInstanceOf(CommandError);
  expect(existsSync(SERVICE())).toBe(false);
});

it('--dry-run and --print change nothing', async () => {
  const dry = await run({ dryRun: true });
  expect(dry.text.split('\n')).toEqual([
    `would write ${SERVICE()}`,
    `would write ${TIMER()}`,
    `would write ${join(folder, 'units/cakeless-restore-manifests.service')}`,
    'would call systemctl daemon-reload',
    'would call systemctl enable cakeless-restore-manifests.service',
    'would call systemctl enable --now cakeless-renew.timer',
  ]);
  expect((await run({ print: true })).text).toContain('\nOnCalendar=daily\n');
  expect([existsSync(SERVICE()), calls()]).toEqual([false, []]);
});

it('--remove stops the timer first, and says so if no timer is installed', async () => {
  await run();
  expect((await run({ remove: true, dryRun: true })).text).toContain(`would remove ${TIMER()}`);
  expect(existsSync(TIMER())).toBe(true);
  const { error, text } = await run({ remove: true });
  expect([error, text]).toEqual([undefined, expect.stringContaining(`removed ${SERVICE()}`)]);
  expect([existsSync(SERVICE()), existsSync(TIMER())]).toEqual([false, false]);
  expect(calls().slice(3)).toEqual([
    ...['disable --now cakeless-renew.timer', 'disable cakeless-restore-manifests.service'],
    ...['daemon-reload', ''],
  ]);
  expect((await run({ remove: true })).text).toBe('no timer of Cakeless is installed');
});

it('without systemd, as in an image, it writes the units and prints the remaining calls', async () => {
  const { text } = await run({}, false);
  expect(existsSync(TIMER())).toBe(true);
  expect(text).toContain('run later: systemctl enable --now cakeless-renew.timer');
  expect(calls()).toEqual([]);
});

it('the message of systemctl is reported', async () => {
  writeSystemctl('echo "Unit is masked." >&2; exit 1');
  expect((await run()).error?.message).toBe('systemctl daemon-reload: Unit is masked.');
});

it('refuses a node without its settings; bucket and region can be in the environment file', async () => {
  writeFileSync(join(folder, 'cakeless.yaml'), 'cluster: prod\n');
  expect((await run()).error).toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/: node, exchangeBucket, region missing$/),
  });
  expect(existsSync(SERVICE())).toBe(false);
  writeFileSync(join(folder, 'cakeless.yaml'), 'cluster: prod\nnode: cp-1\n');
  writeFileSync(join(folder, 'cakeless.env'), 'CAKELESS_EXCHANGE_BUCKET=b\n# AWS_REGION=x\n');
  expect((await run()).error?.message).toMatch(/: region missing$/);
  appendFileSync(join(folder, 'cakeless.env'), 'AWS_REGION=eu-central-1\n');
  expect((await run()).error).toBeUndefined();
});

it('the configured folders stay writable under the hardening, with links resolved', async () => {
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

it("by default the unit calls cakeless the way this command was called, even through npm's link", () => {
  const link = join(folder, 'bin/cakeless');
  symlinkSync(COMMAND, link);
  const said = execFileSync(process.execPath, ['--', link, 'install-timer', '--print']);
  expect(said.toString()).toContain(`ExecStart=${process.execPath} -- ${COMMAND} renew all`);
});

describe('on a node with certificates', () => {
  /** @param days until the certificates expire; admin.conf is the shortest */
  function nodeOf(days: number, shortest: number): void {
    const etc = join(folder, 'etc');
    new OpensslNode(etc).make(
      LEAVES.filter(({ path }) => /^(pki.apiserver|admin\.conf)$/.test(path)).map((leaf) => ({
        ...leaf,
        days: leaf.path === 'admin.conf' ? shortest : days,
      })),
    );
    writeFileSync(join(folder, 'cakeless.yaml'), `${WHO}kubeconfigDir: ${etc}\n`);
  }

  it('runs as often as the certificate with the shortest lifetime needs it', async () => {
    nodeOf(365, 2);
    const { text } = await run();
    expect(text).toContain(
      'the timer runs every hour: the shortest lifetime is that of admin.conf, 48 hours',
    );
    expect(readFileSync(TIMER(), 'utf8')).toContain(
      '\nOnCalendar=hourly\nRandomizedDelaySec=1800\n',
    );
  });

  it('takes another --if-expires-within, and warns if every run would renew a certificate', async () => {
    nodeOf(365, 30);
    const { text } = await run({ ifExpiresWithin: { text: '60d', seconds: 60 * 86_400 } });
    expect(text).toContain(
      'warning: every run renews admin.conf, which is valid for 30 days: 60d is',
    );
    expect(readFileSync(SERVICE(), 'utf8')).toContain('renew all --if-expires-within 60d\n');
    expect((await run()).text).not.toContain('warning');
  });
});

describe('the kubelet', () => {
  const deps = (running: boolean) => ({
    folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
    stateDir: join(folder, 'cakeless'),
    terminal: { print: () => undefined, progress: () => undefined },
    timeoutSeconds: 0,
    clock: { now: () => new Date(), monotonic: () => 0, sleep: async () => undefined },
    systemd: fakeSystemd(running),
  });

  const restart = async (kubelet: RestartDeps) => {
    const options = { beforeEach: async () => undefined, continuesWithout: () => false };
    return (await restartStep(['kubelet'], kubelet, options))[0];
  };

  it('must be restarted by hand if systemd does not run', async () => {
    const proc = join(folder, 'proc-that-is-hidden');
    expect(await restart({ ...deps(false), proc })).toEqual({
      component: 'kubelet',
      state: 'by-hand',
      reason: 'systemd does not run on this machine',
    });
    expect(calls()).toEqual([]);
  });

  it('has failed if systemd cannot restart it, with the message of systemctl', async () => {
    writeSystemctl('echo "Unit kubelet.service not found." >&2; exit 5');
    // a kubelet may run on this machine
    const proc = join(folder, 'proc');
    expect(await restart({ ...deps(true), proc })).toEqual({
      component: 'kubelet',
      state: 'failed',
      reason: 'systemctl restart kubelet: Unit kubelet.service not found.',
    });
    expect(calls()).toEqual(['restart kubelet', '']);
  });
});

describe('the files that the unit trusts', () => {
  const refusal = (file: string, part = file) =>
    expect.objectContaining({
      message: `${file}: users other than root can change ${part}`,
    });

  itAsRoot('are refused if others can change the environment file', async () => {
    writeFileSync(join(folder, 'cakeless.env'), 'AWS_REGION=eu-central-1\n');
    chmodSync(join(folder, 'cakeless.env'), 0o660);
    expect((await run()).error).toEqual(refusal(join(folder, 'cakeless.env')));
    expect([existsSync(SERVICE()), calls()]).toEqual([false, []]);
  });

  itAsRoot('are refused if others can create the environment file', async () => {
    mkdirSync(join(folder, 'theirs'));
    giveAway(join(folder, 'theirs'));
    symlinkSync('theirs/env', join(folder, 'cakeless.env'));
    expect((await run()).error).toEqual(
      refusal(join(folder, 'cakeless.env'), join(folder, 'theirs')),
    );
  });

  itAsRoot('are refused if others can change cakeless.yaml', async () => {
    giveAway(join(folder, 'cakeless.yaml'));
    await expect(run()).rejects.toEqual(refusal(join(folder, 'cakeless.yaml')));
  });

  const variables = [
    'AWS_CONFIG_FILE',
    'AWS_SHARED_CREDENTIALS_FILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'NODE_EXTRA_CA_CERTS',
  ];
  for (const variable of variables)
    itAsRoot(`are refused if others can change the file that ${variable} names`, async () => {
      const named = join(folder, 'named');
      writeFileSync(named, '');
      writeFileSync(join(folder, 'cakeless.env'), `${variable}="${named}"\n`);
      expect((await run()).error).toBeUndefined();
      giveAway(named);
      expect((await run()).error).toEqual(refusal(named));
    });

  itAsRoot('are refused if others can change a program or key of credential_process', async () => {
    const [config, program, key] = ['config', 'helper', 'key'].map((name) => join(folder, name));
    writeFileSync(
      config ?? '',
      `[default]\ncredential_process = "${program}" credential-process --private-key ${key}\n`,
    );
    writeFileSync(join(folder, 'cakeless.env'), `AWS_CONFIG_FILE=${config}\n`);
    for (const file of [program ?? '', key ?? '']) {
      expect((await run()).error).toBeUndefined();
      writeFileSync(file, '');
      giveAway(file);
      expect((await run()).error).toEqual(refusal(file));
      rmSync(file);
    }
  });

  itAsRoot('are checked again by each run', async () => {
    const config = join(folder, 'config');
    writeFileSync(config, '[default]\n');
    const connect = () =>
      connectNode({ AWS_CONFIG_FILE: config }, { exchangeBucket: 'b', region: 'r' }).exchange();
    await connect();
    giveAway(config);
    await expect(connect()).rejects.toEqual(refusal(config));
    giveAway(join(folder, 'cakeless.yaml'));
    expect(() => resolveSettings({ nodeConfig: join(folder, 'cakeless.yaml') })).toThrow(
      'users other than root can change',
    );
  });
});
