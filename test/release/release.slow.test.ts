/**
 * A release is built twice, from two folders, with two releases of Node.js and two umasks, and then used: installed on
 * an empty Debian with a real systemd and removed without a trace, installed from npm's tarball, read by others' tools.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { VERSION } from '../../client/version.ts';
import { whyNoMachine } from '../support/machine/machine.ts';
import { buildRelease, copySources } from './built-release.ts';
import { DebianNode } from './debian-node.ts';
import { LIST_FILES, listed } from './file-list.ts';
import { needs, needsProgram, tool, whyNot } from './why-not.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-release-'));
const [one, two] = [join(folder, 'one'), join(folder, 'elsewhere/two')];
const COMMIT = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' }).trim();
const BASE = tool('debian-12/root');

const why = whyNot(
  process.platform !== 'linux' && 'this is not Linux',
  needs('bin/nfpm', 'nfpm'),
  needs('node-24/bin/node', 'node-24'),
);
const whyNoDebian = whyNoMachine() ?? whyNot(needs('debian-12/root', 'debian-12'));
const whyNoReaders = whyNot(needs('sbom/bin/python', 'sbom'));
const whyNoLintian = whyNot(needsProgram('lintian'));
const whyNoRpm = whyNoDebian ?? whyNot(needsProgram('rpm'));

const unless = (reason: string | undefined) => (reason === undefined ? it : it.skip);
const titled = (title: string, reason: string | undefined) =>
  reason === undefined ? title : `${title} [${reason}]`;

(why === undefined ? describe : describe.skip)(titled('a release', why), () => {
  let release = '';
  let other = '';

  beforeAll(async () => {
    for (const place of [one, two]) copySources(place);
    [release, other] = await Promise.all([
      buildRelease(one, dirname(process.execPath), '022'),
      buildRelease(two, tool('node-24/bin'), '077'),
    ]);
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const files = (pattern: RegExp) =>
    readdirSync(release)
      .filter((name) => pattern.test(name))
      .map((name) => join(release, name));
  function file(pattern: RegExp): string {
    const found = files(pattern);
    expect(found).toHaveLength(1);
    return found[0] ?? '';
  }

  it('built in two folders with two releases of Node.js has the same bytes', () => {
    const sums = (place: string) => readFileSync(join(place, 'SHA256SUMS'), 'utf8').split('\n');
    expect(sums(other)).toEqual(sums(release));
    expect(sums(release).filter(Boolean)).toHaveLength(readdirSync(release).length - 1);
    const check = ['--quiet', '--strict', '--check', 'SHA256SUMS'];
    execFileSync('sha256sum', check, { cwd: release });
  });

  it('refuses files that are not committed, and says which', () => {
    writeFileSync(join(one, 'left-over.txt'), '');
    const run = spawnSync('npm', ['run', '-s', 'release'], { cwd: one, encoding: 'utf8' });
    rmSync(join(one, 'left-over.txt'));
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('?? left-over.txt') });
    expect(readdirSync(release)).toContain('SHA256SUMS');
  });

  it('names its commit in the single file and in the executable', () => {
    const client = [process.execPath, '--', file(/^cakeless\.mjs$/)];
    for (const [program = '', ...args] of [client, [file(/^cakeless-linux-x64$/)]]) {
      const printed = execFileSync(program, [...args, '--version'], { encoding: 'utf8' });
      expect(printed).toMatch(/^\S+ \(\w+(?:-dirty)?\)\n$/);
      expect(printed).toContain(`${VERSION} (${COMMIT}`);
    }
  });

  it('has an npm package without dependencies, which installs offline', () => {
    const place = join(folder, 'npm');
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{"private": true}');
    const tarball = file(/^cakeless-[\d.]+\.tgz$/);
    const install = ['install', '--offline', '--no-audit', '--no-fund', tarball];
    execFileSync('npm', install, { cwd: place, stdio: 'pipe' });
    const installed = readdirSync(join(place, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['cakeless']);
    const npx = (...args: string[]) =>
      execFileSync('npx', ['--no-install', 'cakeless', ...args], { cwd: place, encoding: 'utf8' });
    expect(npx('--version')).toContain(COMMIT);
    expect(npx('renew', '--help')).toContain('--if-expires-within');
  });

  unless(whyNoReaders)(
    titled('has bills of materials that readers of both formats accept', whyNoReaders),
    () => {
      const program = resolve('test/release/read-sboms.py');
      const documents = [file(/\.cdx\.json$/), file(/\.spdx\.json$/)];
      const judged = spawnSync(tool('sbom/bin/python'), [program, ...documents], {
        encoding: 'utf8',
      });
      expect([judged.status, judged.stderr]).toEqual([0, '']);
      const names: string[] = JSON.parse(judged.stdout);
      const contained = ['commander', 'node', 'openssl', 'yaml', 'zod', '@aws-sdk/client-s3'];
      expect(names).toEqual(expect.arrayContaining(contained));
      expect(names.filter((name) => /^(?:esbuild|jest|aws-cdk|typescript)/.test(name))).toEqual([]);
    },
  );

  unless(whyNoLintian)(
    titled('has .deb packages in which lintian finds nothing', whyNoLintian),
    () => {
      // that for arm64 has the same files, and a large executable takes long
      const packages = files(/_(?:amd64|all)\.deb$/);
      expect(packages).toHaveLength(2);
      const judged = spawnSync('lintian', ['--allow-root', ...packages], { encoding: 'utf8' });
      expect([judged.status, judged.stdout]).toEqual([0, '']);
    },
    600_000,
  );

  unless(whyNoDebian)(
    titled(
      'on an empty Debian 12, one line installs; prepare, renew and the timer work; nothing is left after removal',
      whyNoDebian,
    ),
    async () => {
      const node = await DebianNode.boot(BASE, join(folder, 'debian'), files(/\.deb$/));
      try {
        await liveOn(node);
      } finally {
        await node.stop();
      }
    },
    300_000,
  );

  async function liveOn(node: DebianNode): Promise<void> {
    const { machine } = node;
    const TIMER = 'cakeless-renew.timer';
    const FORWARDER = 'cakeless-csrsigning.service';
    const units = [TIMER, 'cakeless-restore-manifests.service', FORWARDER];
    const enabled = async () => (await machine.run('systemctl', 'is-enabled', ...units)).stdout;
    expect(await node.apt('update')).toMatchObject({ status: 0 });
    const before = await node.files();

    // Debian 12 has Node.js 18
    const tooOld = await node.apt('install', `/mnt/cakeless-nodejs_${VERSION}-1_all.deb`);
    expect([tooOld.status, tooOld.stdout]).toEqual([100, expect.stringContaining('>= 20.19')]);
    const installable = `/mnt/cakeless_${VERSION}-1_amd64.deb`;
    const installed = await node.apt('install', installable);
    expect([installed.status, installed.stdout]).toEqual([0, expect.stringContaining('cakeless')]);
    expect(await machine.must('cakeless', '--version')).toContain(COMMIT);
    expect(await enabled()).toBe('disabled\ndisabled\ndisabled\n');
    const paths = units.map((name) => `/usr/lib/systemd/system/${name}`);
    // an empty Debian has no man, which it would call for Documentation=
    await machine.must('systemd-analyze', 'verify', '--man=no', ...paths);

    await node.declare();
    const prepare = [
      ...['prepare', '--config', '/etc/kubernetes/config.yaml', '--trust-on-first-use'],
    ];
    // super-admin.conf waits for an approver
    expect(await node.cakeless(...prepare)).toMatchObject({ status: 4 });
    await node.approveAll();
    const prepared = await node.cakeless(...prepare, '--wait', '1m');
    expect(prepared).toMatchObject({ status: 0, stdout: expect.stringContaining('kubeadm init') });
    const renewed = await node.cakeless('renew', 'apiserver', '--no-restart');
    expect(renewed).toMatchObject({ status: 0 });

    await machine.must('systemctl', 'enable', '--now', TIMER);
    expect(await enabled()).toBe('enabled\nenabled\ndisabled\n');
    const timer = await node.cakeless('install-timer');
    expect([timer.status, timer.stderr]).toEqual([0, expect.stringContaining('wrote /etc/')]);
    expect(await enabled()).toBe('enabled\nenabled\ndisabled\n');
    expect(await machine.runService('cakeless-renew.service')).toBe('success');
    expect(await machine.journal('cakeless-renew')).toContain('nothing to renew');
    expect(await machine.must('systemctl', 'list-timers', '--no-pager')).toContain(TIMER);

    const forwarder = await node.cakeless('install-csrsigning');
    expect([forwarder.status, forwarder.stderr]).toEqual([0, expect.stringContaining(FORWARDER)]);
    const ALL = 'enabled\nenabled\nenabled\n';
    const running = async () => [
      await enabled(),
      await machine.property(FORWARDER, 'ActiveState'),
      await machine.property(FORWARDER, 'MainPID'),
    ];
    const [, , process] = await running();
    expect(await running()).toEqual([ALL, 'active', process]);

    // as an upgrade, which must keep the timer, and the forwarder with the new program
    const again = await node.apt('install', '--reinstall', installable);
    expect([again.status, await running()]).toEqual([
      0,
      [ALL, 'active', expect.not.stringMatching(`^(0|${process})$`)],
    ]);

    const digests = await node.digests();
    expect(await node.apt('purge', '--autoremove', 'cakeless')).toMatchObject({ status: 0 });
    const timers = await machine.must('systemctl', 'list-timers', '--all', '--no-pager');
    expect(timers).not.toContain('cakeless');
    const loaded = await machine.must('systemctl', 'list-units', '--all', '--no-pager');
    expect(loaded).not.toContain('cakeless');
    expect(await machine.must('find', '/sys/fs/cgroup', '-name', '*cakeless*')).toBe('');
    expect(await node.files()).toEqual(before);
    expect(await node.digests()).toBe(digests);
  }

  unless(whyNoRpm).each([
    ['cakeless', 'x86_64'],
    ['cakeless-nodejs', 'noarch'],
  ])(
    titled('the .rpm package %s for %s installs its files and leaves none', whyNoRpm),
    (name, architecture) => {
      const place = join(folder, `rpm-${architecture}`);
      mkdirSync(place);
      const made = file(new RegExp(`^${name}-[\\d.]+-1\\.${architecture}\\.rpm$`));
      const script = [resolve('test/release/try-rpm.sh'), BASE, place, made, name, ...LIST_FILES];
      const run = spawnSync('unshare', ['--mount', 'sh', ...script], { encoding: 'utf8' });
      expect(run).toMatchObject({ status: 0 });
      const list = (when: string) =>
        listed(readFileSync(join(place, when), 'utf8'), '/etc/kubernetes');
      const before = new Set(list('before'));
      expect(list('after')).toEqual([...before]);
      const added = list('installed').filter((line) => !before.has(line));
      expect(added.map((line) => line.split(' ')[0])).toEqual(
        expect.arrayContaining([
          ...['/usr/bin/cakeless', '/usr/lib/systemd/system/cakeless-renew.timer'],
          ...['/usr/share/man/man1/cakeless.1.gz', `/usr/share/licenses/${name}/LICENSE`],
        ]),
      );
      if (name === 'cakeless') expect(run.stdout).toContain(COMMIT);
    },
  );
});
