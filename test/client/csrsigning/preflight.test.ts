/** `cakeless csrsigning --check`, with an API server and a bucket of the test, and whether another signer is refused. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOtherSigner, refuseOtherSigner } from '../../../client/csrsigning/other-signer.ts';
import { type CheckDeps, checkCsrSigning } from '../../../client/csrsigning/preflight.ts';
import { type KubeClient, KubeError } from '../../../client/kubernetes/kube-client.ts';
import { OpensslNode } from '../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-preflight-'));
const etc = join(root, 'etc');
const folders = { kubeconfigDir: etc, certDir: join(etc, 'pki') };
const at = (path: string) => join(etc, path);

beforeAll(() => {
  const node = new OpensslNode(etc).make([]);
  node.makeCa('other-ca', 'kubernetes');
  mkdirSync(at('manifests'));
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => rmSync(at('manifests/kube-controller-manager.yaml'), { force: true }));

/** kube-controller-manager's manifest, with kubeadm's form of flags. */
function controllerManager(...flags: string[]): void {
  const words = ['kube-controller-manager', ...flags].map((word) => `        - ${word}\n`).join('');
  const text = `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: kcm:v1.35.4\n      command:\n${words}`;
  writeFileSync(at('manifests/kube-controller-manager.yaml'), text);
}

/** @param denied what SelfSubjectAccessReview does not allow, as verb and resource */
function clientThat(denied: readonly string[] = [], reviews: unknown[] = []): KubeClient {
  const create = async (path: string, body: unknown) => {
    expect(path).toBe('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews');
    const { resourceAttributes: asked } = (body as { spec: { resourceAttributes: Asked } }).spec;
    reviews.push(asked);
    const words = [asked.verb, asked.resource, asked.subresource, asked.name].filter(Boolean);
    return { status: { allowed: !denied.includes(words.join(' ')) } };
  };
  return { create } as unknown as KubeClient;
}

interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
}

async function* emptyList() {}

const check = (more: Partial<CheckDeps> = {}) =>
  checkCsrSigning({
    cluster: 'prod',
    folders,
    client: () => clientThat(),
    exchange: async () => ({ list: emptyList }),
    kubeletConfig: join(root, 'none.yaml'),
    ...more,
  });
const wrong = async (more: Partial<CheckDeps> = {}) =>
  (await check(more)).filter(({ state }) => state === 'wrong');

it('finds nothing wrong on a complete node, and says what it cannot see', async () => {
  const checks = await check();
  expect(checks.filter(({ state }) => state === 'wrong')).toEqual([]);
  const notes = checks.filter(({ state }) => state === 'note').map(({ name }) => name);
  expect(notes).toEqual(['CA files', 'serverTLSBootstrap', 'cluster record', 'other clusters']);
});

it('reviews every permission, each signer by its name, and events in their namespace', async () => {
  const reviews: Asked[] = [];
  await check({ client: () => clientThat([], reviews) });
  expect(reviews).toHaveLength(26);
  const signers = reviews.filter(({ resource }) => resource === 'signers');
  expect(signers.map(({ verb, name }) => `${verb} ${name}`)).toEqual([
    'sign kubernetes.io/kube-apiserver-client-kubelet',
    'sign kubernetes.io/kubelet-serving',
    'sign kubernetes.io/kube-apiserver-client',
    'approve kubernetes.io/kubelet-serving',
  ]);
  const events = reviews.filter(({ resource }) => resource === 'events');
  expect(events.map(({ namespace }) => namespace)).toEqual(['default', 'default']);
});

it('names each missing permission, and the command that grants them', async () => {
  const denied = [
    'patch certificatesigningrequests status',
    'sign signers kubernetes.io/kubelet-serving',
  ];
  expect(await wrong({ client: () => clientThat(denied) })).toMatchObject([
    {
      name: 'permissions',
      what: 'missing: patch certificatesigningrequests/status, sign signers kubernetes.io/kubelet-serving',
      fix: expect.stringContaining('--rbac | kubectl'),
    },
  ]);
});

it('a cluster with the permissions of an earlier release is not wrong: it lacks what a rotation needs', async () => {
  const denied = ['list pods', 'patch configmaps cluster-info'];
  const checks = await check({ client: () => clientThat(denied) });
  expect(checks.filter(({ state }) => state === 'wrong')).toEqual([]);
  expect(checks).toContainEqual({
    name: 'permissions in a rotation',
    state: 'note',
    what: 'missing: list pods, patch configmaps cluster-info',
    fix: expect.stringContaining('--rbac | kubectl'),
  });
});

it('an expired certificate is to be renewed; an API server that is down is to be checked', async () => {
  const failing = (error: Error) => ({
    client: () => ({ create: () => Promise.reject(error) }) as unknown as KubeClient,
  });
  const [expired] = await wrong(failing(new KubeError(401, 'Unauthorized', 'Unauthorized')));
  expect(expired?.fix).toContain('cakeless renew cakeless-csrsigning.conf');
  const [down] = await wrong(failing(new Error('ECONNREFUSED')));
  expect(down).toMatchObject({ what: 'ECONNREFUSED', fix: expect.stringContaining('API server') });
});

it('a bucket that cannot be read, and a missing ca.crt, are wrong', async () => {
  const exchange = () => Promise.reject(new Error('AccessDenied'));
  const certDir = join(root, 'elsewhere');
  const names = (await wrong({ exchange, folders: { ...folders, certDir } })).map(
    (one) => one.name,
  );
  expect(names).toEqual(['exchange bucket', 'CA files']);
});

it.each([
  ['serverTLSBootstrap: true\n', 'requests a serving certificate'],
  ['rotateCertificates: true\n', 'requests no serving certificate'],
  ['a: [', 'cannot be read'],
])('a kubelet with %j: %s', async (text, words) => {
  const kubeletConfig = join(root, 'kubelet.yaml');
  writeFileSync(kubeletConfig, text);
  const found = (await check({ kubeletConfig })).find(({ name }) => name === 'serverTLSBootstrap');
  expect(found?.what).toContain(words);
});

const key = (path: string) => `--cluster-signing-key-file=${at(path)}`;
const signers: [sentence: string, flags: string[], kind: string][] = [
  ['without key files, as in external-CA mode of kubeadm', [key(''), '--x=1'].slice(1), 'none'],
  ['with an empty key file', ['--cluster-signing-key-file='], 'none'],
  ['with a key file that does not exist', [key('pki/none.key')], 'none'],
  ["with the trust domain's key, in a cluster that is adopted", [key('pki/ca.key')], 'same-key'],
  ['with another key', [key('pki/other-ca.key')], 'other-key'],
  ['with a key that cannot be read', [key('pki/ca.crt')], 'other-key'],
  [
    'with another key for one signer',
    [key('pki/ca.key'), key('pki/other-ca.key').replace('signing-', 'signing-kubelet-serving-')],
    'other-key',
  ],
  [
    'with another key, but without the signing controller',
    [key('pki/other-ca.key'), '--controllers=*,-csrsigning'],
    'none',
  ],
  [
    'with another key, but without the signing controller by its newer name',
    [key('pki/other-ca.key'), '--controllers=*,-certificatesigningrequest-signing-controller'],
    'none',
  ],
];

it.each(signers)('kube-controller-manager %s', async (_, flags, kind) => {
  controllerManager(...flags);
  expect(findOtherSigner(folders).kind).toBe(kind);
  const states = { none: 'ok', 'same-key': 'note', 'other-key': 'wrong' };
  const found = (await check()).find(({ name }) => name === 'kube-controller-manager');
  expect(found?.state).toBe(states[kind as keyof typeof states]);
  if (kind === 'other-key') expect(() => refuseOtherSigner(folders)).toThrow(/signs with this key/);
  else expect(refuseOtherSigner(folders) === undefined).toBe(kind === 'none');
});

it('a node without kube-controller-manager has no other signer', () => {
  expect(findOtherSigner(folders)).toEqual({ kind: 'none' });
});
