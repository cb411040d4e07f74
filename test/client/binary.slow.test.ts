/** The one-file client and the executable, the latter in a root that holds it, the C library and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { newestCluster } from '../../client/demo/clusters.ts';
import { VERSION } from '../../client/version.ts';
import { cakeless } from '../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../support/running-service-process.ts';

const { name: CLUSTER, node: NODE, config, csrs } = newestCluster;
const folder = mkdtempSync(join(tmpdir(), 'cakeless-binary-'));
const root = join(folder, 'root');
let service: ServiceProcess;

/** Why the executable can't be tried here, if it can't. */
function whyNot(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not on linux x64';
  const tried = spawnSync('unshare', ['-r', 'chroot', '/', 'true']);
  return tried.status === 0 ? '' : 'unshare -r chroot is not possible here';
}

const missing = whyNot();
const skipped = missing !== '' && process.env.CAKELESS_REQUIRE_JUDGES !== '1';
const describeBinary = skipped ? describe.skip : describe;

beforeAll(async () => {
  service = await startServiceProcess(folder);
  const admin = (...args: string[]) => cakeless(service.environment, ...args);
  expect((await admin('trust-domain', 'create', 'fleet')).exitCode).toBe(0);
  const applied = await admin(
    ...['cluster', 'apply', CLUSTER, '--kubeadm-config', config, '--trust-domain', 'fleet'],
  );
  expect(applied.exitCode).toBe(0);
}, 60_000);

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

/** As a node with nothing but its credentials in the environment: no HOME; PATH is for unshare to find chroot. */
function run(command: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    env: { ...service.as(`node:${CLUSTER}/${NODE}`), PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const place = (request: string) => ['--cluster', CLUSTER, '--node', NODE, '--request', request];

it('the one-file client does what the sources do', () => {
  execFileSync('npm', ['run', '-s', 'build:client']);
  const client = (...args: string[]) =>
    run(process.execPath, ['--', resolve('dist/client/cakeless.mjs'), ...args]);
  expect(client('--version').stdout).toBe(`${VERSION}\n`);
  expect(client('submit', csrs, ...place('bundle'))).toMatchObject({ status: 0 });
  const out = join(folder, 'out');
  expect(client('fetch', ...place('bundle'), '--out', out)).toMatchObject({ status: 4 });
  expect(existsSync(join(out, 'pki', 'etcd', 'server.crt'))).toBe(true);
  expect(client('local')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('has no local service'),
  });
});

describeBinary(`the executable in an empty root${missing && ` [${missing}]`}`, () => {
  beforeAll(() => {
    execFileSync('npm', ['run', '-s', 'build:binary']);
    const binary = resolve('dist/client/cakeless-linux-x64');
    const libraries = execFileSync('ldd', [binary], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
    expect(libraries.map((library) => library.replace(/.*\/|\.so.*/g, '')).sort()).toEqual([
      'ld-linux-x86-64',
      ...['libatomic', 'libc', 'libdl', 'libgcc_s', 'libm', 'libpthread', 'libstdc++'],
    ]);
    for (const library of libraries) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      cpSync(library, join(root, library), { dereference: true });
    }
    cpSync(binary, join(root, 'cakeless'));
    cpSync(csrs, join(root, 'csrs'), { recursive: true });
    mkdirSync(join(root, 'out'));
  }, 300_000);

  const inRoot = (...args: string[]) =>
    run('unshare', ['-r', 'chroot', root, '/cakeless', ...args]);

  it('says its version', () => {
    expect(inRoot('--version')).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  });

  it('submits and fetches', () => {
    expect(inRoot('submit', '/csrs', ...place('binary'))).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('uploaded'),
    });
    const fetched = inRoot('fetch', ...place('binary'), '--out', '/out', '-o', 'json');
    expect(fetched.status).toBe(4);
    expect(JSON.parse(fetched.stdout)).toHaveLength(12);
    expect(readdirSync(join(root, 'out', 'pki', 'etcd'))).toContain('server.crt');
    expect(readFileSync(join(root, 'out', 'admin.conf.crt'), 'utf8')).toContain('BEGIN CERT');
  });

  it('makes a key, and tells a refusal', () => {
    const asked = ['--client-name', 'jane', '--server', 'https://x:6443', '--state-dir', '/out'];
    const answer = inRoot('kubeconfig', 'user', '--cluster', CLUSTER, ...asked);
    // these are a node's credentials, which may not ask for users
    expect(answer).toMatchObject({ status: 6, stdout: '' });
    expect(readdirSync(join(root, 'out', CLUSTER))).toHaveLength(1);
  });
});
