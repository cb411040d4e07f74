/** Reads certificates where kubeadm keeps them, in every state that a node can have. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type NodeFolders, placeOf } from '../../../../client/node/disk/places.ts';
import { readPlace } from '../../../../client/node/disk/read-place.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-places-'));
const pem = { key: '', certificate: '', otherKey: '', otherCertificate: '' };

beforeAll(() => {
  const make = (name: string) => {
    const [key, certificate] = [join(root, `${name}.key`), join(root, `${name}.crt`)];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', key, '-out', certificate];
    execFileSync('openssl', [...args, ...out], { stdio: 'pipe' });
    return [readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8')] as const;
  };
  [pem.key, pem.certificate] = make('one');
  [pem.otherKey, pem.otherCertificate] = make('other');
});
afterAll(() => rmSync(root, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const kubeconfig = (user: string, more = '') => `# héllo
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: { server: "https://api:6443", certificate-authority-data: ${base64(pem.certificate)} }
contexts:
- name: me@kubernetes
  context: { cluster: kubernetes, user: me }
current-context: me@kubernetes
users:
- name: someone-else
  user: {}
- name: me
  user: ${user}
${more}`;

/** Contents by path, relative to the node's /etc/kubernetes. */
type Files = () => Record<string, string>;
type Expectation = { state: string; problems?: readonly RegExp[]; problem?: RegExp };

const cases: [string, CertificateName, Files, Expectation][] = [
  ['a missing certificate is reported as missing', 'apiserver', () => ({}), { state: 'missing' }],
  [
    'a key without a certificate is a missing certificate',
    'apiserver',
    () => ({ 'pki/apiserver.key': pem.key }),
    { state: 'missing' },
  ],
  [
    'a pair is present',
    'etcd-server',
    () => ({ 'pki/etcd/server.crt': pem.certificate, 'pki/etcd/server.key': pem.key }),
    { state: 'present', problems: [] },
  ],
  [
    'text between the blocks of a certificate file does not matter',
    'apiserver',
    () => ({
      'pki/apiserver.crt': `subject=/CN=one\n${pem.certificate}\n${pem.otherCertificate}`,
      'pki/apiserver.key': `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem.key}`,
    }),
    { state: 'present', problems: [] },
  ],
  [
    'a certificate without its key has a problem',
    'apiserver',
    () => ({ 'pki/apiserver.crt': pem.certificate }),
    { state: 'present', problems: [/apiserver\.key is missing/] },
  ],
  [
    'the key of another certificate is a problem',
    'apiserver',
    () => ({ 'pki/apiserver.crt': pem.certificate, 'pki/apiserver.key': pem.otherKey }),
    { state: 'present', problems: [/belongs to another certificate/] },
  ],
  [
    'a key file without a key is a problem',
    'apiserver',
    () => ({ 'pki/apiserver.crt': pem.certificate, 'pki/apiserver.key': 'nothing' }),
    { state: 'present', problems: [/no readable private key/] },
  ],
  [
    'a certificate file without a certificate is broken',
    'apiserver',
    () => ({ 'pki/apiserver.crt': pem.key }),
    { state: 'broken', problem: /no PEM certificate/ },
  ],
  [
    'a truncated certificate is broken',
    'apiserver',
    () => ({ 'pki/apiserver.crt': pem.certificate.replace(/\n(?:.*\n){3}-----END/, '\n-----END') }),
    { state: 'broken', problem: /cannot be parsed/ },
  ],
  [
    'a kubeconfig with embedded data is present, and its context selects the user',
    'admin.conf',
    () => ({
      'admin.conf': kubeconfig(
        `{ client-certificate-data: ${base64(pem.certificate)}, client-key-data: ${base64(pem.key)} }`,
      ),
    }),
    { state: 'present', problems: [] },
  ],
  [
    'a kubeconfig may name files, relative to itself',
    'kubelet.conf',
    () => ({
      'kubelet.conf': kubeconfig(
        '{ client-certificate: var/current.pem, client-key: var/current.pem }',
      ),
      'var/current.pem': pem.certificate + pem.key,
    }),
    { state: 'present', problems: [] },
  ],
  [
    'a kubeconfig that names a missing file is broken',
    'kubelet.conf',
    () => ({ 'kubelet.conf': kubeconfig('{ client-certificate: var/current.pem }') }),
    { state: 'broken', problem: /current\.pem, which does not exist/ },
  ],
  [
    'a kubeconfig from generate-csr, with a key and no certificate, is broken',
    'admin.conf',
    () => ({ 'admin.conf': kubeconfig(`{ client-key-data: ${base64(pem.key)} }`) }),
    { state: 'broken', problem: /no client certificate/ },
  ],
  [
    'a kubeconfig that is not YAML is broken',
    'admin.conf',
    () => ({ 'admin.conf': 'users: [' }),
    { state: 'broken', problem: /not YAML: [^\n]+ at line 1, column 9$/ },
  ],
  [
    'a kubeconfig of another shape is broken',
    'admin.conf',
    () => ({ 'admin.conf': 'users: none' }),
    { state: 'broken', problem: /not a kubeconfig: users/ },
  ],
];

it.each(cases)('%s', (_, name, files, expected) => {
  const folder = mkdtempSync(join(root, 'node-'));
  const folders: NodeFolders = { certDir: join(folder, 'pki'), kubeconfigDir: folder };
  for (const [path, text] of Object.entries(files())) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const found = readPlace(placeOf(name, folders));
  expect(found.state).toBe(expected.state);
  if (found.state === 'broken') expect(found.problem).toMatch(expected.problem ?? /^$/);
  if (found.state !== 'present') return;
  expect(found.leaf.subject).toBe('CN=one');
  expect(found.problems).toHaveLength(expected.problems?.length ?? -1);
  expected.problems?.forEach((problem, i) => {
    expect(found.problems[i]).toMatch(problem);
  });
});
