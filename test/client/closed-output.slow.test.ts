/** A command completes its work even if its output is closed or cannot be written. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { serialInPlace } from '../support/certificates-in-place.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { CLUSTER, NodeFixture } from '../support/node-folder.ts';

const NAMES = ['apiserver', 'etcd-peer', 'admin.conf'] as const;
const root = mkdtempSync(join(tmpdir(), 'cakeless-closed-'));
let fixture: NodeFixture;

beforeAll(async () => {
  execFileSync('npm', ['run', '-s', 'build:client']);
  fixture = await NodeFixture.make();
});
afterAll(async () => {
  await fixture.close();
  rmSync(root, { recursive: true });
});

/** Runs a command in bash with a redirection or a pipe; the exit code is that of the command, not of the pipe. */
function run(args: readonly string[], behind: string, principal?: string) {
  const command = [process.execPath, '--', resolve('dist/bundle/cakeless.mjs'), ...args];
  const script = `"$@" ${behind}; exit \${PIPESTATUS[0]}`;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['--norc', '-c', script, 'bash', ...command],
    {
      env: { ...fixture.environment(principal), PATH: process.env.PATH },
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

const who = (folder: string) => [
  ...['--cluster', CLUSTER, '--node', fixture.node, '--kubeconfig-dir', folder],
];

const changed = (folder: string) =>
  NAMES.filter((name) => serialInPlace(folder, name) !== serialInPlace(fixture.template, name));

/** A redirection or pipe, and the exit code of a command that succeeds. */
const OUTPUTS = [
  ['| head -1', 0],
  ['2>&1 | head -1', 0],
  ['2>&1 | true', 0],
  ['>&-', 0],
  ['2>&-', 0],
  ['>&- 2>&-', 0],
  ['> /dev/full', 1],
  ['2> /dev/full', 0],
  ['> /dev/full 2>&1', 1],
] as const;

describe.each(OUTPUTS)('%s', (behind, expected) => {
  it('renew renews, and rollback restores', () => {
    const folder = fixture.copy();
    const renewed = run(['renew', ...NAMES, '--no-restart', ...who(folder)], behind);
    expect([renewed.status, changed(folder)]).toEqual([expected, NAMES]);
    const back = run(['rollback', '--no-restart', ...who(folder)], behind);
    expect([back.status, changed(folder)]).toEqual([expected, []]);
    for (const { stderr } of [renewed, back]) expect(stderr).not.toMatch(/EPIPE|at .*:\d+/);
  });
});

it('head receives its line, and standard error stays empty', () => {
  const folder = fixture.copy();
  const checked = run(
    ['check-expiration', '--kubeconfig-dir', folder, '--cert-dir', join(folder, 'pki')],
    '| head -1',
  );
  expect(checked).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^CERTIFICATE .*\n$/),
    stderr: '',
  });
});

it('a result that a full disk rejects is an error, and an error keeps its exit code', () => {
  const full = run(['--help'], '> /dev/full');
  expect(full).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('the result could not be written: ENOSPC'),
  });
  expect(run(['renew', 'nothing', ...who(fixture.copy())], '> /dev/full 2>&1').status).toBe(2);
});

it('prepare completes, and so does an approval', async () => {
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const folder = mkdtempSync(join(root, 'new-'));
  const place = ['--kubeconfig-dir', folder, '--cert-dir', join(folder, 'pki')];
  const prepare = [
    'prepare',
    '--config',
    join(set.dir, 'config.yaml'),
    '--cluster',
    CLUSTER,
    ...place,
  ];
  const waiting = run([...prepare, '--trust-on-first-use', '-o', 'json'], '2>&1 | true');
  expect([waiting.status, serialInPlace(folder, 'apiserver')]).toEqual([4, expect.any(String)]);
  const listed = run(['pending', '-o', 'json'], '', 'approver');
  const { request, plan }: { request: string; plan: string } = JSON.parse(listed.stdout).at(-1);
  const approve = ['approve', request, '--reason', 'ticket', '--plan', plan];
  expect(run(approve, '2>&1 | true', 'approver').status).toBe(0);
  const done = run([...prepare, '--trust-on-first-use', '--wait', '1m'], '2>&1 | true');
  expect([done.status, readFileSync(join(folder, 'super-admin.conf'), 'utf8')]).toEqual([
    0,
    expect.stringContaining('client-certificate-data'),
  ]);
});
