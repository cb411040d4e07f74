/** `cakeless install-csrsigning`, with substitutes for systemd and for the request of the kubeconfig. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type InstallForwarderOptions,
  installCsrsigning,
} from '../../../../client/node/forwarder/install-csrsigning.ts';
import { csrsigningUnit } from '../../../../client/node/forwarder/unit.ts';
import type { CertificateReport } from '../../../../client/node/renewal/report.ts';
import { resolveSettings } from '../../../../client/node/state/settings.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const CONF = 'cakeless-csrsigning.conf';
const UNIT = 'cakeless-csrsigning.service';
let folder: string;
let node: OpensslNode;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-csrsigning-'));
  for (const name of ['units', 'etc']) mkdirSync(join(folder, name));
  node = new OpensslNode(join(folder, 'etc')).make([]);
  const who = 'cluster: prod\nnode: cp-1\nexchangeBucket: exchange\nregion: eu-central-1\n';
  writeFileSync(join(folder, 'cakeless.yaml'), `${who}kubeconfigDir: ${join(folder, 'etc')}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const unit = () => join(folder, 'units', UNIT);
const makeConf = () => {
  const [model] = LEAVES.filter(({ path }) => path === 'scheduler.conf');
  if (!model) throw new Error('no scheduler.conf');
  node.makeLeaf({ ...model, path: CONF, subject: '/CN=cakeless:csrsigning' });
};

interface Given {
  readonly options?: Partial<InstallForwarderOptions>;
  readonly isRunning?: boolean;
  readonly outcome?: CertificateReport['outcome'];
}

async function run({ options = {}, isRunning = true, outcome = 'renewed' }: Given = {}) {
  const said: string[] = [];
  const calls: string[] = [];
  const say = (line: string) => void said.push(line);
  const result = await installCsrsigning(
    { unitDir: join(folder, 'units'), command: '/opt/cakeless', ...options },
    {
      terminal: { print: say, progress: say },
      systemd: {
        isRunning: () => isRunning,
        systemctl: async (...args) => void calls.push(args.join(' ')),
      },
      settings: resolveSettings({ nodeConfig: join(folder, 'cakeless.yaml') }),
      environmentFile: join(folder, 'cakeless.env'),
      create: async () => {
        calls.push('create');
        if (outcome === 'renewed') makeConf();
        return { name: CONF, outcome };
      },
    },
  );
  return { result, calls, text: said.join('\n') };
}

it('requests a missing kubeconfig, writes the unit, and starts it', async () => {
  const { result, calls } = await run();
  expect(result).toEqual({ certificate: { name: CONF, outcome: 'renewed' }, isStarted: true });
  expect(calls).toEqual(['create', 'daemon-reload', `enable ${UNIT}`, `restart ${UNIT}`]);
  expect(readFileSync(unit(), 'utf8').split('\n')).toEqual(
    expect.arrayContaining([
      'ExecStart=/opt/cakeless csrsigning',
      `ConditionPathExists=${join(folder, 'etc', CONF)}`,
    ]),
  );
  expect((await run()).calls).toEqual(['daemon-reload', `enable ${UNIT}`, `restart ${UNIT}`]);
});

it('the unit reads the configuration file that was given', async () => {
  const nodeConfig = join(folder, 'cakeless.yaml');
  await run({ options: { nodeConfig } });
  expect(readFileSync(unit(), 'utf8').split('\n')).toEqual(
    expect.arrayContaining([
      `ExecStart=/opt/cakeless csrsigning --node-config ${nodeConfig}`,
      `ConditionPathExists=${nodeConfig}`,
    ]),
  );
});

it('the path of the configuration file is escaped, as systemd reads words and paths', () => {
  const nodeConfig = '/etc/of 100% $HOME.yaml';
  const text = csrsigningUnit({ command: '/bin/true', kubeconfig: '/k.conf', nodeConfig });
  expect(text).toContain('\nConditionPathExists=/etc/of 100%% $HOME.yaml\n');
  expect(text).toContain('csrsigning --node-config "/etc/of 100%% $$HOME.yaml"\n');
});

it('installs nothing while the kubeconfig is pending or rejected', async () => {
  for (const outcome of ['pending', 'rejected', 'no-outcome', 'check-failed'] as const) {
    const { result, calls } = await run({ outcome });
    expect([result, calls, existsSync(unit())]).toEqual([
      { certificate: { name: CONF, outcome }, isStarted: false },
      ['create'],
      false,
    ]);
  }
});

it('--dry-run and --print change nothing', async () => {
  const { text, calls } = await run({ options: { dryRun: true } });
  expect(text.split('\n')).toEqual([
    `would request ${CONF}`,
    `would write ${unit()}`,
    'would call systemctl daemon-reload',
    `would call systemctl enable ${UNIT}`,
    `would call systemctl restart ${UNIT}`,
  ]);
  expect((await run({ options: { print: true } })).text).toContain('\nRestart=always\n');
  expect([calls, existsSync(unit())]).toEqual([[], false]);
});

it('without systemd, as in an image, it writes the unit and requests nothing', async () => {
  const { calls, text } = await run({ isRunning: false });
  expect([calls, existsSync(unit())]).toEqual([[], true]);
  expect(text).toContain(`run later: systemctl enable ${UNIT}`);
});

it('a kubeconfig without a certificate is named, and no unit is written', async () => {
  writeFileSync(join(folder, 'etc', CONF), 'users: [{name: x, user: {}}]\n');
  await expect(run()).rejects.toMatchObject({
    message: `${join(folder, 'etc', CONF)}: no client certificate`,
  });
  expect(existsSync(unit())).toBe(false);
});

it('--remove stops the unit and keeps the kubeconfig; --replace is needed over a changed unit', async () => {
  await run();
  writeFileSync(unit(), '[Service]\n');
  await expect(run()).rejects.toThrow('changed by hand');
  expect((await run({ options: { replace: true } })).result.isStarted).toBe(true);
  const { calls, text } = await run({ options: { remove: true } });
  expect([calls, text]).toEqual([[`disable --now ${UNIT}`, 'daemon-reload'], `removed ${unit()}`]);
  expect([existsSync(unit()), existsSync(join(folder, 'etc', CONF))]).toEqual([false, true]);
  expect((await run({ options: { remove: true } })).text).toBe(`${UNIT} is not installed`);
});

it('the unit writes nothing, has no capabilities, and is restarted however it ends', () => {
  const text = csrsigningUnit({ command: '/bin/true', kubeconfig: '/etc/kubernetes of 100%' });
  const lines = text.split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'ProtectSystem=strict',
      'CapabilityBoundingSet=',
      'NoNewPrivileges=yes',
      'Restart=always',
      'StartLimitIntervalSec=0',
      'ConditionPathExists=/etc/kubernetes of 100%%',
    ]),
  );
  expect(text).not.toMatch(/ReadWritePaths|@[A-Z]+@/);
  const version = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  if (Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0) < 250) return; // units.test.ts says so
  const file = join(folder, UNIT);
  writeFileSync(file, text);
  const said = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };
  expect(said('verify', '--man=no', file)).toEqual({ status: 0, said: '' });
  const judge = ['security', '--offline=true', '--no-pager', '--threshold=25', file];
  expect(said(...judge)).toMatchObject({ status: 0 });
});
