/** What says that a missing certificate belongs on a node, and that `all` must not pass over it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { usesExternalEtcd, whyItBelongsHere } from '../../../../client/node/disk/belongs-here.ts';
import { KUBELET_PEM } from '../../../../client/node/disk/places.ts';
import { selectCertificates } from '../../../../client/node/disk/select-names.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  KUBEADM_NAMES,
} from '../../../../lib/profiles/certificate-names.ts';
import { OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-belongs-'));
const whole = join(root, 'whole');
beforeAll(() => new OpensslNode(whole).make());
afterAll(() => rmSync(root, { recursive: true }));

const foldersOf = (folder: string) => ({
  kubeconfigDir: folder,
  certDir: join(folder, 'pki'),
  kubeletDir: join(folder, 'kubelet'),
});

/** A folder with these files, empty or with a text. */
function nodeWith(files: readonly string[] | Record<string, string>) {
  const folder = mkdtempSync(join(root, 'node-'));
  const texts = Array.isArray(files)
    ? files.map((file: string) => [file, ''] as const)
    : Object.entries(files as Record<string, string>);
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return foldersOf(folder);
}

/** As kubeadm writes flags and volumes. */
const manifest = (...words: string[]) => words.map((word) => `    - ${word}\n`).join('');
const API_SERVER = manifest(
  'kube-apiserver',
  '--tls-cert-file=/etc/kubernetes/pki/apiserver.crt',
  '--tls-private-key-file=/etc/kubernetes/pki/apiserver.key',
  '--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt',
  '--etcd-certfile=/etc/etcd/client.crt',
);

const cases: [string, readonly string[] | Record<string, string>, CertificateName[]][] = [
  ['nothing', [], []],
  ['a key', ['pki/etcd/peer.key'], ['etcd-peer']],
  [
    'a CSR',
    ['pki/front-proxy-client.csr', 'scheduler.conf.csr'],
    ['front-proxy-client', 'scheduler.conf'],
  ],
  [
    'a manifest that names it, also in a copy of the folder; with an external etcd it names other files',
    { 'manifests/kube-apiserver.yaml': API_SERVER },
    ['apiserver', 'apiserver-kubelet-client'],
  ],
  [
    'a manifest that names a kubeconfig',
    { 'manifests/kube-scheduler.yaml': manifest('--kubeconfig=/etc/kubernetes/scheduler.conf') },
    ['scheduler.conf'],
  ],
  ["the kubelet's own certificate", [join('kubelet', KUBELET_PEM)], ['kubelet.conf']],
  [
    'certificates of the API server, where no kubeconfig is at all',
    ['pki/apiserver.crt'],
    ['controller-manager.conf', 'kubelet.conf', 'scheduler.conf'],
  ],
  [
    'kubeconfigs of a control plane, where no certificate is at all',
    ['scheduler.conf', 'kubelet.conf'],
    ['apiserver', 'apiserver-kubelet-client', 'front-proxy-client'],
  ],
  [
    'not: the CSRs of administrators, who may lock these away',
    ['admin.conf.csr', 'super-admin.conf.csr'],
    [],
  ],
  ['not: the kubelet.conf of a worker', ['kubelet.conf'], []],
];

it.each(cases)('%s', (_, files, expected) => {
  const folders = nodeWith(files);
  const found = CERTIFICATE_NAMES.filter(
    (name) => whyItBelongsHere(name, folders) !== undefined,
  ).filter((name) => !Object.values(files).concat(Object.keys(files)).includes(name));
  expect(found.sort()).toEqual(expected.sort());
});

describe('all', () => {
  const select = (folders: ReturnType<typeof foldersOf>) =>
    selectCertificates(folders, { names: ['all'], now: new Date() });

  function copy(): string {
    const folder = mkdtempSync(join(root, 'copy-'));
    cpSync(whole, folder, { recursive: true });
    return folder;
  }

  it('names a missing certificate whose key exists as an error, and selects the others', () => {
    const folder = copy();
    rmSync(join(folder, 'pki/apiserver.crt'));
    const { present, skipped } = select(foldersOf(folder));
    expect(present).toHaveLength(KUBEADM_NAMES.length - 1);
    expect(skipped).toEqual([
      {
        name: 'apiserver',
        isError: true,
        reason: `${folder}/pki/apiserver.crt does not exist, although ${folder}/pki/apiserver.key exists; cakeless prepare creates missing certificates`,
      },
    ]);
  });

  it.each([
    ['an empty folder', () => foldersOf(mkdtempSync(join(root, 'empty-')))],
    ['the pki folder instead of the one above it', () => foldersOf(join(whole, 'pki'))],
  ])('is an error in %s', (_, folders) => {
    expect(() => select(folders())).toThrow(/^no certificate of kubeadm is in \S+ or \S+$/);
  });

  it('is an error if only the folder of kubeconfigs is wrong', () => {
    const elsewhere = mkdtempSync(join(root, 'elsewhere-'));
    const { skipped } = select({ ...foldersOf(whole), kubeconfigDir: elsewhere });
    expect(skipped.filter(({ isError }) => isError).map(({ name }) => name)).toEqual([
      'controller-manager.conf',
      'scheduler.conf',
      'kubelet.conf',
    ]);
  });

  it('leaves out what is a folder instead of a file, with its name', () => {
    const folder = copy();
    rmSync(join(folder, 'admin.conf'));
    mkdirSync(join(folder, 'admin.conf'));
    const { present, skipped } = select(foldersOf(folder));
    expect(present).toHaveLength(KUBEADM_NAMES.length - 1);
    expect(skipped).toEqual([
      { name: 'admin.conf', isError: true, reason: `${folder}/admin.conf: is a directory` },
    ]);
  });
});

it.each<[sentence: string, files: string[], isExternal: boolean]>([
  ['no etcd runs here', ['manifests/kube-apiserver.yaml'], true],
  ['it runs here', ['manifests/kube-apiserver.yaml', 'manifests/etcd.yaml'], false],
  [
    'its manifest is away for the time of a restart',
    ['manifests/kube-apiserver.yaml', 'pki/etcd/server.crt'],
    false,
  ],
  ['a worker has no API server', [], false],
])('an external etcd: %s', (_, files, isExternal) => {
  expect(usesExternalEtcd(nodeWith(files))).toBe(isExternal);
});
