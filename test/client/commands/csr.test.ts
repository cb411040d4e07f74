/**
 * `cakeless csr` on folders of real kubeadm requests what the current certificates have, or what generate-csr would.
 */
import { X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { findStaged } from '../../../client/node/csr/staging.ts';
import { kindOfKey } from '../../../client/node/disk/private-key.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import {
  type CertificateName,
  isCertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { type KubeadmSet, keyFile, listKubeadmSets } from '../../support/kubeadm-sets.ts';
import { kubeconfigText } from '../../support/node-folder.ts';
import { cakeless } from '../../support/running-service-command.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-csr-'));
afterAll(() => rmSync(root, { recursive: true }));

const sets = listKubeadmSets().map((set) => ({
  ...set,
  title: `${set.version} ${set.layout} ${set.config}`,
}));
const requestIn = (file: string) => {
  const { request, violations } = readRequest(readFileSync(file));
  if (!request) throw new Error(`${file}: ${JSON.stringify(violations)}`);
  return {
    subject: request.subject,
    names: request.names.map(formatName).sort(),
    kind: request.key.kind,
  };
};
const newFolder = () => mkdtempSync(join(root, 'node-'));
const csr = (folder: string, ...args: string[]) =>
  cakeless({}, 'csr', ...args, '--kubeconfig-dir', folder);

/** The certificates that this kubeadm issued, in their places; the fixtures have no keys, and none are needed. */
function nodeOf(set: KubeadmSet): string {
  const folder = newFolder();
  const reference = join(set.dir, 'reference');
  cpSync(join(reference, 'pki'), join(folder, 'pki'), { recursive: true });
  for (const { certificateName, reference: file } of set.csrs)
    if (file && certificateName.endsWith('.conf')) {
      const pem = readFileSync(file, 'utf8');
      writeFileSync(
        join(folder, certificateName),
        kubeconfigText(certificateName, pem, pem, 'none'),
      );
    }
  return folder;
}

describe.each(sets.filter(({ version }) => version !== '1.21.14'))('$title', (set) => {
  it('all requests the subject, names and key algorithm of the current certificates', async () => {
    const folder = nodeOf(set);
    // generating RSA keys is slow: one set uses them, the others use P-256
    const isQuick = !/rsa/.test(set.config) || set.version === '1.31.0';
    const kind = isQuick ? [] : ['--key-algorithm', 'ECDSA-P256'];
    const run = await csr(folder, 'all', '-o', 'json', ...kind);
    expect(run.exitCode).toBe(0);
    const made = JSON.parse(run.stdout).csrs as { name: CertificateName; file: string }[];
    expect(made.map(({ name }) => name).sort()).toEqual(
      set.csrs.map((c) => c.certificateName).sort(),
    );
    for (const { name, file } of made) {
      const real = set.csrs.find(({ certificateName }) => certificateName === name);
      const wanted = requestIn(real?.file ?? '');
      const certificate = new X509Certificate(readFileSync(real?.reference ?? ''));
      if (isQuick) expect(requestIn(file).kind).toBe(kindOfKey(certificate.publicKey));
      expect({ ...requestIn(file), kind: '' }).toEqual({ ...wanted, kind: '' });
    }
  });

  it('--config requests what generate-csr requests', async () => {
    if (set.layout !== 'generate-csr' || !set.configYaml) return;
    const out = newFolder();
    const run = await csr(
      out,
      '--config',
      join(set.dir, 'config.yaml'),
      '--out',
      out,
      '-o',
      'json',
      '--key-algorithm',
      'ECDSA-P256',
    );
    expect([run.exitCode, run.stderr]).toEqual([0, '']);
    for (const { certificateName, file } of set.csrs) {
      const found = isCertificateName(certificateName)
        ? findStaged(out, certificateName)
        : undefined;
      expect({ ...requestIn(found?.csrFile ?? ''), kind: '' }).toEqual({
        ...requestIn(file),
        kind: '',
      });
    }
  });
});

const set = listKubeadmSets().find(
  ({ version, config }) => version === '1.37.2' && config === 'v4-p256',
) as KubeadmSet;

it('keys have mode 0600 in a folder of mode 0700, and a second run keeps them', async () => {
  const folder = nodeOf(set);
  await csr(folder, 'apiserver');
  const key = join(folder, 'cakeless/csr/pki/apiserver.key');
  const before = readFileSync(key, 'utf8');
  expect([statSync(key).mode & 0o777, statSync(join(folder, 'cakeless')).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
  await csr(folder, 'all');
  expect(readFileSync(key, 'utf8')).toBe(before);
});

it('--dry-run writes nothing, --key-algorithm is applied, and an unknown name is an error', async () => {
  const folder = nodeOf(set);
  const dry = await csr(folder, 'etcd-peer', '--dry-run', '--key-algorithm', 'ECDSA-P384');
  expect(dry.stdout).toMatch(/etcd-peer .*ECDSA-P384/);
  expect(existsSync(join(folder, 'cakeless'))).toBe(false);
  await csr(folder, 'etcd-peer', '--key-algorithm', 'ECDSA-P384');
  expect(requestIn(join(folder, 'cakeless/csr/pki/etcd/peer.csr')).kind).toBe('ECDSA-P384');
  expect(await csr(folder, 'etcd')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('the names are: all, apiserver'),
  });
  expect(await csr(folder, 'etcd-peer', '--reuse-key')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('its key cannot be reused'),
  });
});

it.each<[string, string[], string[], string]>([
  ['nothing says where', [], [], '--cluster NAME --node NAME'],
  ['flags do', [], ['--cluster', 'prod', '--node', 'cp-1'], '--cluster prod --node cp-1'],
  ['the file does', ['cluster: prod', 'node: cp-1'], [], ''],
  [
    'flags contradict the file',
    ['cluster: prod', 'node: cp-1'],
    ['--cluster', 'prod', '--node', 'cp-2'],
    '--node cp-2',
  ],
])('names a next command that submits to the same place, if %s', async (_, lines, flags, place) => {
  const folder = nodeOf(set);
  const nodeConfig = join(folder, 'cakeless.yaml');
  writeFileSync(nodeConfig, lines.join('\n'));
  const options = ['--node-config', nodeConfig, ...flags, '--key-algorithm', 'ECDSA-P256'];
  const { stdout } = await csr(folder, 'scheduler.conf', ...options);
  const words = ['next: cakeless submit', join(folder, 'cakeless/csr'), place];
  const next = `${words.filter((word) => word !== '').join(' ')} --node-config ${nodeConfig}`;
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(next);
});

it('names a next command for the node of --config', async () => {
  const [folder, config] = [newFolder(), join(set.dir, 'config.yaml')];
  const { stdout } = await csr(folder, 'scheduler.conf', '--config', config, '--cluster', 'prod');
  expect(stdout).toMatch(
    /^next: cakeless submit \S+ --cluster prod --node cp-1\.prod\.example\.com$/m,
  );
});

it('fails for a folder that is not a node, and for one in which there is no certificate at all', async () => {
  const gone = await csr(join(newFolder(), 'nope'), 'all');
  expect([gone.exitCode, gone.stderr]).toEqual([
    2,
    expect.stringContaining('does not look like a node'),
  ]);
  const folder = newFolder();
  const empty = await csr(folder, 'all');
  expect(empty).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining(
      `no certificate of kubeadm is in ${join(folder, 'pki')} or ${folder}\n`,
    ),
  });
});

it('one broken file does not hide the others, and a missing super-admin.conf is not an error', async () => {
  const folder = nodeOf(set);
  rmSync(join(folder, 'super-admin.conf'));
  expect((await csr(folder, 'all', 'super-admin.conf')).exitCode).toBe(0);
  writeFileSync(join(folder, 'admin.conf'), 'users: [');
  const run = await csr(folder, 'all', '-o', 'json');
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toContain('skipped: admin.conf');
  expect(run.stderr).toContain('skipped: not on this node: super-admin.conf');
  expect(JSON.parse(run.stdout).csrs).toHaveLength(set.csrs.length - 2);
});

it.each(
  listKubeadmSets()
    .filter((s) => existsSync(join(s.dir, 'keys')))
    .map((s) => ({ ...s, title: `${s.version} ${s.layout}` })),
)('finds keys and CSRs of $title, wherever kubeadm put them', (kubeadm) => {
  const folder = newFolder();
  for (const one of kubeadm.csrs) {
    mkdirSync(dirname(join(folder, one.path)), { recursive: true });
    copyFileSync(one.file, join(folder, one.path));
    const key = keyFile(kubeadm, one);
    if (key) copyFileSync(key, join(folder, dirname(one.path), basename(key)));
  }
  for (const { certificateName } of kubeadm.csrs)
    expect(isCertificateName(certificateName) && findStaged(folder, certificateName)).toBeTruthy();
});
