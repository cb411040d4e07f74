/** examples/cloud-init: what its script calls, in which order, and that its documents are valid. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writtenFiles } from '../support/cloud-init.ts';
import { runKubeadm, whyNoKubeadm } from '../support/real-kubeadm.ts';
import { cakeless } from '../support/running-service-command.ts';

const SCRIPT = '/usr/local/sbin/first-control-plane';
const PACKAGE = 'the package';
const files = writtenFiles('examples/cloud-init/first-control-plane.yaml');
const NAMES = ['apiserver', 'etcd-server', 'super-admin.conf'];
const digest = createHash('sha256').update(PACKAGE).digest('hex');

/** Replacements for programs: each records its call. curl also writes the package, kubeadm the manifest of the API server. */
const RECORDED = `
record() { echo "$*" >> "$NODE/log"; }
curl() { record curl "$@"; while [ "$1" != --output ]; do shift; done; printf '${PACKAGE}' > "$2"; }
apt-get() { record apt-get "$@"; touch "$NODE/installed"; }
kubeadm() { record kubeadm "$@"; mkdir -p "$NODE/manifests"; touch "$NODE/manifests/kube-apiserver.yaml"; }
kubectl() { cat > /dev/null; record kubectl "$@"; }
cakeless() { record cakeless "$@"; }
command() { [ "$*" = '-v cakeless' ] && [ -e "$NODE/installed" ]; }
`;

/** Runs the script with a folder instead of /etc/kubernetes. */
class Node {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cakeless-cloud-init-'));

  run(sha256 = digest): { status: number | null; calls: string[] } {
    const log = join(this.#folder, 'log');
    writeFileSync(log, '');
    const script = (files[SCRIPT] ?? '')
      .replace('SHA256-OF-THE-PACKAGE', sha256)
      .replaceAll('/etc/kubernetes', this.#folder);
    const env = { PATH: '/usr/bin:/bin', NODE: this.#folder };
    const { status } = spawnSync('bash', ['--norc', '-c', RECORDED + script], { env });
    const calls = readFileSync(log, 'utf8').replaceAll(this.#folder, '/etc/kubernetes');
    return { status, calls: calls.split('\n').filter(Boolean) };
  }
}

/** What may be repeated. */
const AT_THE_END = [
  'cakeless install-timer',
  'cakeless csrsigning',
  'kubectl --kubeconfig',
  'cakeless install-csrsigning',
];

const firstWords = (call: string) => call.split(' ').slice(0, 2).join(' ');

it('installs the package, prepares, initializes, and installs the timer and the forwarder, in this order', () => {
  const { status, calls } = new Node().run();
  expect(status).toBe(0);
  expect(calls.map(firstWords)).toEqual([
    'curl --fail',
    'apt-get install',
    'cakeless prepare',
    'kubeadm init',
    ...AT_THE_END,
  ]);
  expect(calls[2]).toMatch(
    /--csrsigning --wait 1h --ca-cert-hash sha256:\S+ --ca-cert-hash etcd-ca=sha256:/,
  );
});

it('does not install a package with another checksum', () => {
  const { status, calls } = new Node().run('0'.repeat(64));
  expect(status).not.toBe(0);
  expect(calls).toEqual([expect.stringMatching(/^curl/)]);
});

it('run again on a control plane, installs only the timer and the forwarder', () => {
  const node = new Node();
  node.run();
  const { status, calls } = node.run();
  expect([status, calls.map(firstWords)]).toEqual([0, AT_THE_END]);
});

it('calls cakeless with options that it has', async () => {
  const lines = (files[SCRIPT] ?? '').match(/^ *cakeless .+/gm) ?? [];
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    const [, command = ''] = line.trim().split(' ');
    const { stdout: help } = await cakeless({}, command, '--help');
    for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(help).toContain(`${option} `);
  }
});

describe('the documents that it writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-cloud-init-'));
  for (const [path, text] of Object.entries(files))
    writeFileSync(join(folder, basename(path)), text);
  const first = join(folder, 'first.yaml');

  it('are those from which the client makes the CSRs of a first control plane', () => {
    const out = join(folder, 'out');
    const args = [
      'csr',
      ...NAMES,
      '--config',
      first,
      '--node-config',
      join(folder, 'cakeless.yaml'),
    ];
    execFileSync(process.execPath, ['client/cakeless.mjs', ...args, '--out', out]);
    for (const name of ['pki/apiserver', 'pki/etcd/server', 'super-admin.conf'])
      expect(existsSync(join(out, `${name}.csr`))).toBe(true);
  });

  const missing = whyNoKubeadm('1.37.2');
  (missing === undefined ? it : it.skip)('are valid for kubeadm 1.37.2', () => {
    expect(runKubeadm('1.37.2', 'config', 'validate', '--config', first).status).toBe(0);
  });
});
