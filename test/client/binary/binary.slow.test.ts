/** The one-file client, and the executables in a root folder that holds nothing but them and their libraries. */
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
import { join, resolve } from 'node:path';
import { newestCluster } from '../../../client/demo/clusters.ts';
import { VERSION } from '../../../client/version.ts';
import { EmptyRoot, executables } from '../../support/empty-root.ts';
import { LEAVES, OpensslNode } from '../../support/openssl-node.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';
import { describeLife } from './node-life.ts';

// an emulated program is slow
jest.setTimeout(600_000);

const { name: CLUSTER, node: NODE, config, csrs } = newestCluster;
/** With the commit, if this is a clone of the repository. */
const VERSION_LINE = new RegExp(
  `^${VERSION.replaceAll('.', '\\.')}(?: \\([0-9a-f]{7}(?:-dirty)?\\))?\n$`,
);
const folder = mkdtempSync(join(tmpdir(), 'cakeless-binary-'));
let service: ServiceProcess;

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

/** The environment of a node with nothing but its credentials. */
const environment = () => service.as(`node:${CLUSTER}/${NODE}`);
const place = (request: string) => ['--cluster', CLUSTER, '--node', NODE, '--request', request];

it('the one-file client behaves like the sources', () => {
  execFileSync('npm', ['run', '-s', 'build:client']);
  const client = (...args: string[]) => {
    const command = ['--', resolve('dist/client/cakeless.mjs'), ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      env: environment(),
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  expect(client('--version').stdout).toMatch(VERSION_LINE);
  expect(client('submit', csrs, ...place('bundle'))).toMatchObject({ status: 0 });
  const out = join(folder, 'out');
  expect(client('fetch', ...place('bundle'), '--out', out)).toMatchObject({ status: 4 });
  expect(existsSync(join(out, 'pki', 'etcd', 'server.crt'))).toBe(true);
  expect(client('local')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('local: not available in this form of the client'),
  });
});

describe.each(executables())('the executable for $platform in an empty root', (described) => {
  const { platform, why, executable } = described;
  if (why !== undefined) return it.skip(why, () => undefined);
  let root: EmptyRoot;

  beforeAll(() => {
    execFileSync('npm', ['run', '-s', 'build:binary']);
    root = new EmptyRoot(join(folder, platform), executable());
    cpSync(csrs, root.at('csrs'), { recursive: true });
    mkdirSync(root.at('out'));
  }, 300_000);

  const inRoot = (...args: string[]) => root.run(environment(), ...args);

  it('is linked with the documented libraries only', () => {
    const libraries = executable().libraries.map(([, to]) => to.replace(/.*\/|\.so.*/g, ''));
    expect(libraries.sort()).toEqual([
      platform === 'linux-x64' ? 'ld-linux-x86-64' : 'ld-linux-aarch64',
      ...['libatomic', 'libc', 'libdl', 'libgcc_s', 'libm', 'libpthread', 'libstdc++'],
    ]);
  });

  it('prints its version', () => {
    expect(inRoot('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(VERSION_LINE),
    });
  });

  it('prints units that call it by its path', () => {
    expect(inRoot('install-timer', '--print')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('\nExecStart=/cakeless renew all '),
    });
  });

  it('creates CSRs from the current certificates, and lists the certificates', () => {
    const node = new OpensslNode(root.at('etc/kubernetes')).make();
    expect(inRoot('csr', 'all')).toMatchObject({ status: 0, stderr: '' });
    for (const { path, subject } of LEAVES) {
      const file = join(node.folder, 'cakeless/csr', `${path}.csr`);
      const args = ['-in', file, '-noout', '-verify', '-subject', '-nameopt', 'compat'];
      const said = execFileSync('openssl', ['req', ...args], { encoding: 'utf8', stdio: 'pipe' });
      expect(said).toBe(`subject=${subject}\n`);
    }
    const listed = inRoot('check-expiration');
    expect([listed.status, listed.stdout.match(/ UTC /g)?.length]).toEqual([0, 15]);
  });

  it('submits and fetches', () => {
    const request = place(platform.slice(0, 'linux-x64'.length));
    expect(inRoot('submit', '/csrs', ...request)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('uploaded'),
    });
    const fetched = inRoot('fetch', ...request, '--out', '/out', '-o', 'json');
    expect(fetched.status).toBe(4);
    expect(JSON.parse(fetched.stdout)).toHaveLength(12);
    expect(readdirSync(root.at('out', 'pki', 'etcd'))).toContain('server.crt');
    expect(readFileSync(root.at('out', 'admin.conf.crt'), 'utf8')).toContain('BEGIN CERT');
  });

  it('creates a key, and reports a denial', () => {
    const asked = ['--client-name', 'jane', '--server', 'https://x:6443'];
    const ask = ['kubeconfig', 'user', '--cluster', CLUSTER, ...asked];
    expect(inRoot(...ask)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('name a folder with --state-dir'),
    });
    const submitted = inRoot(...ask, '--state-dir', '/out');
    // a node's credentials may not request certificates of users
    expect(submitted).toMatchObject({ status: 6, stdout: '' });
    expect(readdirSync(root.at('out', CLUSTER))).toHaveLength(1);
  });

  it('says that a host name cannot be resolved', () => {
    const elsewhere = { ...environment(), AWS_ENDPOINT_URL: 'http://exchange.invalid' };
    const submitted = root.run(elsewhere, 'submit', '/csrs', ...place('nowhere'));
    expect(submitted).toMatchObject({ status: 5, stderr: expect.stringContaining('EAI_AGAIN') });
  });
  // an emulated executable is slow: the tests above are enough to see that it works
  if (platform === 'linux-x64') describeLife((at) => new EmptyRoot(at, executable()));
  return undefined;
});
