/** One odd certificate in place is left out and named, or requested as kubeadm would; the others are requested. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { readKubeadmConfig } from '../../../../client/kubeadm/kubeadm-config.ts';
import { makeCsrs } from '../../../../client/node/csr/make-csrs.ts';
import type { RenewalDeps, RenewalOptions } from '../../../../client/node/renewal/options.ts';
import { renew } from '../../../../client/node/renewal/renew.ts';
import { openRequest } from '../../../../client/node/renewal/request-journal.ts';
import { formatName } from '../../../../lib/csr/alternative-names.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { LEAVES, type LeafOptions, OpensslNode } from '../../../support/openssl-node.ts';
import { clockAhead, renewalOptions } from '../../../support/renewal.ts';
import { cakeless } from '../../../support/running-service-command.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-odd-'));
const whole = new OpensslNode(join(root, 'whole'));
beforeAll(() => whole.make());
afterAll(() => rmSync(root, { recursive: true }));

const leafAt = (path: string) => LEAVES.find((leaf) => leaf.path === path) as LeafOptions;

/** A copy of the node in which one certificate is another one. */
function nodeWith(change: Partial<LeafOptions> & { path: string }): string {
  const folder = mkdtempSync(join(root, 'node-'));
  cpSync(whole.folder, folder, { recursive: true });
  new OpensslNode(folder).makeLeaf({ ...leafAt(change.path), ...change });
  return folder;
}

const foldersOf = (folder: string) => ({ kubeconfigDir: folder, certDir: join(folder, 'pki') });

async function renewAll(folder: string, more: Partial<RenewalOptions> = {}) {
  const store = new MemoryStore();
  const deps: RenewalDeps = {
    folders: foldersOf(folder),
    stateDir: join(folder, 'cakeless'),
    timeoutSeconds: 0,
    terminal: { print: () => undefined, progress: () => undefined },
    clock: clockAhead(0),
    exchange: async () => store,
    lease: () => Promise.reject(new Error('nothing is restarted')),
  };
  const options = { cluster: 'prod', request: 'r', waitSeconds: 0, ...more };
  const report = await renew(deps, renewalOptions({ node: 'cp-1' }, ['all'], options));
  const requested = store.calls.filter(({ call }) => call === 'create').map(({ key }) => key);
  return { report, requested, text: describeReport(report).join('\n') };
}

const { names: apiserverNames = '' } = leafAt('pki/apiserver');

const odd: [string, Partial<LeafOptions> & { path: string }, string, RegExp][] = [
  [
    'a subject with more than O and CN, as cfssl writes it',
    { path: 'pki/apiserver', subject: '/C=DE/OU=System/CN=kube-apiserver' },
    'apiserver',
    /a CSR cannot request the same contents: subject is .*; cakeless renew apiserver --config FILE/,
  ],
  [
    'the certificate of another node',
    { path: 'pki/etcd/peer', names: 'DNS:cp-2,DNS:localhost,IP:10.20.0.12,IP:127.0.0.1' },
    'etcd-peer',
    /not the etcd-peer certificate of this node: it does not contain the name of this node, cp-1/,
  ],
  [
    'the certificate of another client',
    { path: 'kubelet.conf', subject: '/O=system:nodes/CN=system:node:cp-2' },
    'kubelet.conf',
    /its common name is system:node:cp-2, not system:node:cp-1/,
  ],
];

it.each(odd)(
  '%s is left out with its reason, and the exit code is 2',
  async (_, change, name, reason) => {
    const folder = nodeWith(change);
    const { report, requested, text } = await renewAll(folder);
    expect(requested).toHaveLength(LEAVES.length - 1);
    expect(text).toMatch(reason);
    expect([exitCodeOf(report), report.certificates.find((one) => one.name === name)]).toEqual([
      2,
      expect.objectContaining({ outcome: 'skipped', isError: true }),
    ]);
    const source = {
      names: ['all'],
      folders: foldersOf(folder),
      config: undefined,
      now: new Date(),
    };
    const { csrs, skipped } = await makeCsrs(
      join(folder, 'out'),
      { ...source, node: 'cp-1' },
      false,
    );
    expect([csrs.length, skipped.map((one) => one.name)]).toEqual([LEAVES.length - 1, [name]]);
  },
);

it('a CA instead of a certificate is left out', async () => {
  const folder = nodeWith({ path: 'pki/apiserver' });
  for (const end of ['crt', 'key'])
    cpSync(join(folder, `pki/ca.${end}`), join(folder, `pki/apiserver.${end}`));
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toMatch(/apiserver\.crt: not the apiserver certificate of this node: it is a CA/);
});

it('a kubeconfig whose data cannot be replaced is left out before anything is uploaded', async () => {
  const folder = nodeWith({ path: 'admin.conf' });
  const file = join(folder, 'scheduler.conf');
  const anchored = readFileSync(file, 'utf8').replace(
    /client-certificate-data: (.*)/,
    'client-certificate-data: &data $1\n    x-copy: *data',
  );
  writeFileSync(file, anchored);
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toContain(`${file}: its certificate data cannot be changed without changing`);
});

it('a kubeconfig whose context names a missing cluster is left out, with the reason', async () => {
  const folder = nodeWith({ path: 'admin.conf' });
  const file = join(folder, 'scheduler.conf');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/cluster: kubernetes\b/, 'cluster: elsewhere'),
  );
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toContain(`${file}: its current context names the cluster elsewhere`);
});

describe('with a kubeadm configuration', () => {
  const yaml = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
networking: { serviceSubnet: 10.96.0.0/12 }
apiServer: { certSANs: [vip2.example.com] }
`;
  const config = readKubeadmConfig(yaml, 'FILE', {
    defaultNode: 'cp-1',
    advertiseAddress: '10.20.0.11',
  });

  it.each([
    ['the certificate has other names', {}],
    ['the certificate is that of another node', { names: 'DNS:cp-2' }],
    [
      'the certificate has a subject that kubeadm does not write',
      { subject: '/OU=x/CN=kube-apiserver' },
    ],
  ])('its names are requested if %s', async (_, change) => {
    const folder = nodeWith({ path: 'pki/apiserver', ...change });
    const { requested } = await renewAll(folder, { config });
    expect(requested).toHaveLength(LEAVES.length);
    const csr = readFileSync(join(folder, 'cakeless/requests/r/pki/apiserver.csr'));
    const { subject, names = [] } = readRequest(csr).request ?? {};
    expect(subject).toEqual({ commonName: 'kube-apiserver', organizations: [] });
    expect(names.map(formatName).sort()).toEqual(
      [...apiserverNames.split(','), 'DNS:vip2.example.com'].sort(),
    );
  });

  it('of another node is refused', async () => {
    const file = join(root, 'other.yaml');
    const init =
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: { name: cp-2 }\nlocalAPIEndpoint: { advertiseAddress: 10.20.0.12 }\n';
    writeFileSync(file, `${yaml}---\n${init}`);
    const place = ['--cluster', 'prod', '--kubeconfig-dir', whole.folder];
    const nodeConfig = join(root, 'cakeless.yaml');
    writeFileSync(nodeConfig, 'node: cp-1\n');
    const args = ['renew', 'apiserver', '--config', file, '--node-config', nodeConfig, ...place];
    const run = await cakeless({}, ...args);
    expect([run.exitCode, run.stderr]).toEqual([
      2,
      expect.stringContaining(`${file}: is for node cp-2, but this node is cp-1`),
    ]);
  });
});

it.each(['san-missing', 'san-not-allowed'])(
  'a rejection with %s says how this node gets other names',
  (code) => {
    const violation = { code, field: 'f', got: 'g', allowed: 'a', fix: 'x' };
    const certificates = ['apiserver', 'etcd-peer'].map((name) => ({
      name: name as CertificateName,
      outcome: 'rejected' as const,
      violations: [violation],
    }));
    const report = { cluster: 'prod', node: 'cp-1', restarts: [], caDifferences: [], notes: [] };
    const hint =
      /cakeless renew apiserver etcd-peer --config FILE; or cakeless csr apiserver etcd-peer --config/;
    expect(describeReport({ ...report, certificates }).join('\n')).toMatch(hint);
    expect(describeReport({ ...report, certificates }, true).join('\n')).not.toMatch(hint);
  },
);

it('names that occur twice are requested once, as kubeadm does', async () => {
  const folder = nodeWith({
    path: 'pki/apiserver',
    names: `${apiserverNames},DNS:cp-1,IP:10.20.0.11`,
  });
  const { requested } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length);
  const csr = readFileSync(join(folder, 'cakeless/requests/r/pki/apiserver.csr'));
  const names = (readRequest(csr).request?.names ?? []).map(formatName);
  expect(names).toEqual(apiserverNames.split(','));
});

it('a request whose CSR was never written is dropped, with the reason, if its certificate is odd', async () => {
  const folder = nodeWith({ path: 'pki/apiserver', subject: '/OU=x/CN=kube-apiserver' });
  const createdAt = new Date().toISOString();
  const request = { cluster: 'prod', node: 'cp-1', request: 'earlier', createdAt };
  await openRequest(join(folder, 'cakeless'), { ...request, open: ['apiserver'] });
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toMatch(/^apiserver: .*cannot request the same contents/m);
});

it('a pending request for a kubeconfig that was locked away is dropped, and nothing fails', async () => {
  const folder = nodeWith({ path: 'super-admin.conf' });
  const first = await renewAll(folder);
  expect(first.requested.some((key) => key.endsWith('super-admin.conf.csr'))).toBe(true);
  for (const { path } of LEAVES)
    if (path !== 'kubelet.conf' && path.endsWith('.conf')) rmSync(join(folder, path));
  const { report, text } = await renewAll(folder);
  expect(report.certificates.find(({ name }) => name === 'super-admin.conf')).toMatchObject({
    outcome: 'skipped',
    isAbsent: true,
  });
  expect(text).toMatch(/^not on this node: .*super-admin\.conf/m);
});
