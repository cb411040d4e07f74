/** The parts of a release that need no build. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csrsigningUnit } from '../../client/node/forwarder/unit.ts';
import { EVERY_DAY } from '../../client/node/timer/interval.ts';
import { unitFiles } from '../../client/node/timer/units.ts';
import { markedUnit } from '../../client/node/units/marked-unit.ts';
import { debianChangelog } from '../../release/debian-texts.ts';
import { packageJson } from '../../release/npm-package.ts';
import { placesOfPackages } from '../../release/sbom/components.ts';
import { releaseUuid } from '../../release/sbom/subject.ts';

const revision = {
  version: '1.2.3',
  commit: '0123456789abcdef0123456789abcdef01234567',
  time: new Date('2026-01-05T06:07:08Z'),
  changed: [],
};

describe('the package for npm', () => {
  const root = JSON.parse(readFileSync('package.json', 'utf8'));

  it('has the command and no dependencies', () => {
    const made = packageJson(root, ['bundle', 'man'], ['./man/cakeless.1']);
    expect(made).toMatchObject({
      name: 'cakeless',
      version: root.version,
      engines: root.engines,
      bin: { cakeless: 'bundle/cakeless.mjs' },
      files: ['bundle', 'man', 'CHANGELOG.md'],
      man: ['./man/cakeless.1'],
    });
    expect(Object.keys(made)).not.toContain('dependencies');
    expect(Object.keys(made)).not.toContain('private');
    expect(Object.keys(made)).not.toContain('directories'); // npm 11 ignores directories.man
  });

  it('exports the constructs with types, and leaves the CDK to those who use them', () => {
    const made = packageJson(root, ['bundle', 'infra'], []);
    expect(made).toMatchObject({
      exports: { './infra': { types: './infra/index.d.ts', default: './infra/index.js' } },
      peerDependencies: { 'aws-cdk-lib': root.devDependencies['aws-cdk-lib'] },
      peerDependenciesMeta: {
        'aws-cdk-lib': { optional: true },
        constructs: { optional: true },
      },
    });
  });
});

describe('a bill of materials', () => {
  const part = (bytesInOutput: number) => ({ bytesInOutput });

  it('lists the packages that are at least partly in a bundle, nested ones by their path', () => {
    const outputs = {
      'dist/a.mjs': {
        inputs: {
          'lib/duration.ts': part(9),
          'node_modules/zod/mini/index.js': part(5),
          'node_modules/yaml/dist/index.js': part(0),
          '../main/node_modules/a/node_modules/@b/c/index.js': part(1),
        },
      },
    };
    expect(placesOfPackages({ outputs })).toEqual([
      'node_modules/a/node_modules/@b/c',
      'node_modules/zod',
    ]);
  });

  it('has an identifier that depends only on the commit', () => {
    expect(releaseUuid(revision)).toBe('01234567-89ab-8def-a123-456789abcdef');
  });
});

it('the Debian changelog names the commit and its time', () => {
  const changelog = debianChangelog('cakeless', revision);
  expect(changelog).toContain('cakeless (1.2.3-1) unstable; urgency=medium\n');
  expect(changelog).toContain(`built from commit ${revision.commit}.\n`);
  expect(changelog).toMatch(/^ -- .+ <.+@.+> {2}Mon, 05 Jan 2026 06:07:08 \+0000\n$/m);
});

describe('maintainer scripts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cakeless-units-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(readdirSync('release/scripts'))('%s is a shell script', (name) => {
    execFileSync('sh', ['-n', join('release/scripts', name)]);
  });

  /** Runs the script of a package with a systemctl that says what it was asked. */
  function runScript(script: string, argument: string, states: string) {
    const shell = `. release/scripts/units.sh
      written=$3 stamps=$3 program=$3/cakeless
      have_systemctl() { true; }
      systemd_runs() { true; }
      sleep() { true; }
      systemctl() {
        case "$*" in
          *is-active*service | *is-active*timer | *is-enabled*) case " $states " in *" $2:$3 "*) ;; *) false ;; esac ;;
          *) echo "$*" ;;
        esac
      }
      states=$2
      . "release/scripts/$4.sh"`;
    const args = ['-c', shell, 'sh', argument, states, folder, script];
    const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  }

  const RUNNING = 'is-active:cakeless-renew.service';
  const FORWARDER = 'cakeless-csrsigning.service';
  const ACTIVE = `is-active:cakeless-renew.timer is-enabled:cakeless-renew.timer is-enabled:${FORWARDER}`;

  it.each([
    ['the old .deb package', 'deb-prerm', 'upgrade', /waiting .*\n.*still in progress/],
    ['the new .deb package, which dpkg asks then', 'deb-prerm', 'failed-upgrade', /still in progr/],
    ['the new .rpm package', 'rpm-pre', '2', /waiting .*\n.*still in progress/],
  ])('%s refuses an upgrade while a renewal does not end', (_, script, argument, message) => {
    const refused = runScript(script, argument, RUNNING);
    expect(refused).toEqual({ status: 1, said: expect.stringMatching(message) });
    expect(runScript(script, argument, ACTIVE)).toEqual({ status: 0, said: '' });
  });

  it.each([
    ['deb-postrm', 'purge'],
    ['rpm-postun', '0'],
  ])('%s %s deletes the units, unless the other package is installed', (script, argument) => {
    const units = [FORWARDER, 'cakeless-renew.service', 'cakeless-renew.timer'];
    const text = 'ExecStart=/usr/bin/cakeless renew all\n';
    for (const unit of [...units, 'cakeless']) writeFileSync(join(folder, unit), text);
    expect(runScript(script, argument, '').status).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['cakeless', ...units]);
    rmSync(join(folder, 'cakeless'));
    expect(runScript(script, argument, '').status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['deb-prerm', 'remove'],
    ['rpm-preun', '0'],
  ])('%s %s says what it disables: the other package may take its place', (...args) => {
    const { status, said } = runScript(...args, ACTIVE);
    expect(said.split('\n')).toEqual([
      '--quiet stop cakeless-renew.timer',
      expect.stringMatching(/timer is disabled; .* run cakeless install-timer$/),
      '--quiet disable cakeless-renew.timer cakeless-restore-manifests.service',
      `--quiet stop ${FORWARDER}`,
      expect.stringMatching(/csrsigning.service is disabled; .* run cakeless install-csrsigning$/),
      `--quiet disable ${FORWARDER}`,
      '',
    ]);
    expect(status).toBe(0);
    expect(runScript(...args, '').said).not.toMatch(/is disabled/);
    const late = runScript(...args, `${ACTIVE} ${RUNNING}`);
    expect(late).toMatchObject({
      status: 1,
      said: expect.stringMatching(/start cakeless-renew.timer/),
    });
    expect(late.said).not.toMatch(/disable|csrsigning/);
  });

  it.each([
    ['deb-postinst', 'configure'],
    ['rpm-post', '2'],
  ])('%s %s restarts a running forwarder, with the new program and unit', (...args) => {
    const reloaded = 'daemon-reload\n';
    const restarted = `${reloaded}--quiet try-restart ${FORWARDER}\n`;
    expect(runScript(...args, '')).toEqual({ status: 0, said: restarted });
    writeFileSync(join(folder, FORWARDER), 'ExecStart=/usr/local/bin/cakeless csrsigning\n');
    expect(runScript(...args, '')).toEqual({ status: 0, said: reloaded });
  });

  it.each([
    [FORWARDER, ['cakeless-renew.service', 'cakeless-renew.timer']],
    ['cakeless-renew.service', [FORWARDER]],
  ])('leave %s alone if it runs another installation, and remove the others', (other, ours) => {
    for (const unit of ours)
      writeFileSync(join(folder, unit), 'ExecStart=/usr/bin/cakeless renew all\n');
    writeFileSync(join(folder, other), 'ExecStart=/usr/local/bin/cakeless renew all\n');
    const stopped = runScript('deb-prerm', 'remove', ACTIVE);
    expect(stopped.status).toBe(0);
    expect(stopped.said).toContain(`disable ${ours.at(-1)}`);
    expect(stopped.said).not.toContain(other.replace(/\.service$/, ''));
    expect(runScript('deb-postrm', 'purge', '').status).toBe(0);
    expect(readdirSync(folder)).toEqual([other]);
  });

  const COMMANDS: [string, string | undefined, boolean][] = [
    ['is that of the package', undefined, true],
    ['runs the executable', '/usr/bin/cakeless', true],
    ['runs the bundle', '/usr/bin/node -- /usr/share/cakeless/cakeless.mjs', true],
    ['names one of several Node.js', '/usr/bin/node-22 -- /usr/share/cakeless/cakeless.mjs', true],
    ['runs another executable', '/usr/local/bin/cakeless', false],
    ['runs a file elsewhere', '/usr/bin/node -- /usr/local/lib/cakeless.mjs', false],
  ];
  const kubeconfigDir = '/etc/kubernetes';
  const common = { writable: [], expiresWithin: '1/3', interval: EVERY_DAY, kubeconfigDir };
  const kubeconfig = `${kubeconfigDir}/cakeless-csrsigning.conf`;
  describe.each([
    [
      'cakeless-renew.service',
      'install-timer',
      (command: string) => unitFiles({ ...common, command })['cakeless-renew.service'] ?? '',
    ],
    [FORWARDER, 'install-csrsigning', (command: string) => csrsigningUnit({ command, kubeconfig })],
  ] as const)('remove %s', (unit, writer, text) => {
    it.each(COMMANDS)('only if it %s', (_, command, ours) => {
      if (command !== undefined)
        writeFileSync(join(folder, unit), markedUnit(text(command), writer));
      const script =
        '. release/scripts/units.sh; written=$1; if is_ours "$2"; then echo ours; else echo no; fi';
      const said = execFileSync('sh', ['-c', script, 'sh', folder, unit], { encoding: 'utf8' });
      expect(said).toBe(ours ? 'ours\n' : 'no\n');
    });
  });
});
