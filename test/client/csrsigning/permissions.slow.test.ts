/** A real API server judges what `cakeless csrsigning --rbac` and `--manifest` print: each permission is needed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestYaml } from '../../../client/csrsigning/manifest.ts';
import { checkCsrSigning } from '../../../client/csrsigning/preflight.ts';
import {
  CSRSIGNING_USER,
  ROTATION_PERMISSIONS,
  rbacYaml,
} from '../../../client/csrsigning/rbac.ts';
import { type KubeClient, KubeError } from '../../../client/kubernetes/kube-client.ts';
import { openKubeClient } from '../../../client/kubernetes/open-kube-client.ts';
import { WHOLE_RELEASE } from '../../e2e/harness/programs.ts';
import { RealApiServer, whyNoApiServer } from '../../support/real-api-server.ts';
import { untilTrue } from '../../support/until.ts';
import { type ApiObject, applyObjects, pathOf, readObjects } from './apply-objects.ts';
import { CLIENT_SIGNER, csrPem, SERVING_SIGNER, TestCa, USER_SIGNER } from './certificates.ts';

const why = whyNoApiServer(WHOLE_RELEASE);
const folder = mkdtempSync(join(tmpdir(), 'csrsigning-permissions-'));
const server = new RealApiServer(folder, WHOLE_RELEASE);
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const EVENTS = '/api/v1/namespaces/default/events';
const ended = new AbortController();
let admin: KubeClient;
let forwarder: KubeClient;
let certificate = '';

const APPROVAL = 'patch certificatesigningrequests/approval';
const APPROVE = `approve signers ${SERVING_SIGNER}`;
const ROOT_CA = 'kube-root-ca.crt';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
/** Those that a rotation changes. */
const CONFIG_MAPS = [
  ['kube-public', 'cluster-info'],
  ['kube-public', 'cakeless-trust'],
  ['kube-system', 'extension-apiserver-authentication'],
] as const;
const configMap = (namespace: string, name: string) =>
  `/api/v1/namespaces/${namespace}/configmaps/${name}`;
/** Every call of the forwarder, by the permission that it needs. Nothing is kept (dryRun). */
const CALLS: Record<string, () => Promise<unknown>> = {
  'get certificatesigningrequests': () => forwarder.get(`${CSRS}/client`),
  'list certificatesigningrequests': () => forwarder.list(CSRS).next(),
  'watch certificatesigningrequests': watchOnce,
  'patch certificatesigningrequests/status': () => patch('client/status', ANNOTATION),
  [`sign signers ${CLIENT_SIGNER}`]: () => patch('client/status', { status: { certificate } }),
  [`sign signers ${SERVING_SIGNER}`]: () => patch('serving/status', { status: { certificate } }),
  [`sign signers ${USER_SIGNER}`]: () => patch('user/status', { status: { certificate } }),
  [APPROVAL]: () => patch('serving/approval', ANNOTATION),
  [APPROVE]: () => patch('serving/approval', APPROVED),
  'get nodes': () => forwarder.get('/api/v1/nodes/w-1'),
  'list nodes': () => forwarder.list('/api/v1/nodes').next(),
  'list namespaces': () => forwarder.list('/api/v1/namespaces').next(),
  'list pods': () => forwarder.list('/api/v1/pods').next(),
  [`list configmaps ${ROOT_CA}`]: () =>
    forwarder.list('/api/v1/configmaps', { fieldSelector: `metadata.name=${ROOT_CA}` }).next(),
  'list apiservices': () => forwarder.list('/apis/apiregistration.k8s.io/v1/apiservices').next(),
  'list validatingwebhookconfigurations': () =>
    forwarder.list(`${ADMISSION}/validatingwebhookconfigurations`).next(),
  'list mutatingwebhookconfigurations': () =>
    forwarder.list(`${ADMISSION}/mutatingwebhookconfigurations`).next(),
  'list customresourcedefinitions': () =>
    forwarder.list('/apis/apiextensions.k8s.io/v1/customresourcedefinitions').next(),
  ...Object.fromEntries(
    CONFIG_MAPS.flatMap(([namespace, name]) => [
      [`get configmaps ${name}`, () => forwarder.get(configMap(namespace, name))],
      [
        `patch configmaps ${name}`,
        () => forwarder.patch(`${configMap(namespace, name)}?dryRun=All`, { data: { x: 'y' } }),
      ],
    ]),
  ),
  'create events': () => forwarder.create(`${EVENTS}?dryRun=All`, event('another')),
  'patch events': () => forwarder.patch(`${EVENTS}/one?dryRun=All`, { count: 2 }),
};
/** Other calls that need a permission. The admission plugin CertificateApproval judges every change by /approval. */
const NEEDED_FOR: Record<string, readonly string[]> = {
  'patch certificatesigningrequests/status': [CLIENT_SIGNER, SERVING_SIGNER, USER_SIGNER].map(
    (signer) => `sign signers ${signer}`,
  ),
  [APPROVAL]: [APPROVE],
  [APPROVE]: [APPROVAL],
};

const ANNOTATION = { metadata: { annotations: { 'cakeless.io/refused': 'kubelet-client: …' } } };
const APPROVED = {
  status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Cakeless' }] },
};

const patch = (path: string, body: unknown) => forwarder.patch(`${CSRS}/${path}?dryRun=All`, body);

async function watchOnce(): Promise<void> {
  const stop = new AbortController();
  const [{ resourceVersion = '' } = {}] = await pagesOf(admin);
  const events = forwarder.watch(CSRS, { resourceVersion, signal: stop.signal });
  const name = `csr-${resourceVersion}`;
  const made = createCsr(name, USER_SIGNER, ['client auth']);
  try {
    await events.next();
  } finally {
    stop.abort();
    await made;
  }
}

async function pagesOf(client: KubeClient) {
  const pages = [];
  for await (const page of client.list(CSRS)) pages.push(page);
  return pages;
}

const event = (name: string) => ({
  ...{ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'default' } },
  involvedObject: { kind: 'CertificateSigningRequest', name: 'client' },
  ...{ reason: 'CertificateRefused', type: 'Warning', count: 1 },
});

const createCsr = (name: string, signerName: string, usages: readonly string[]) =>
  admin.create(CSRS, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: Buffer.from(
        csrPem({
          commonName: 'system:node:w-1',
          organizations: ['system:nodes'],
          names: signerName === SERVING_SIGNER ? [{ type: 'DNS', value: 'w-1' }] : [],
        }),
      ).toString('base64'),
      ...{ signerName, usages },
    },
  });

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}
type Role = ApiObject & { readonly rules: readonly Rule[] };

const roles = () =>
  (readObjects(rbacYaml()) as Role[]).filter(
    ({ kind, metadata: { name } }) => /Role$/.test(kind) && name === CSRSIGNING_USER,
  );
/** A rule for each permission. */
const singleRules = (rules: readonly Rule[]) =>
  rules.flatMap((rule) =>
    rule.verbs.flatMap((verb) =>
      (rule.resourceNames ?? [undefined]).map((name) => ({
        words: [verb, rule.resources.join(), name].filter(Boolean).join(' '),
        rule: { ...rule, verbs: [verb], ...(name !== undefined && { resourceNames: [name] }) },
      })),
    ),
  );

/** Without what only a rotation needs, certificates are issued as before. */
const stateWithout = (words: string) => (isForRotations(words) ? 'note' : 'wrong');
const isForRotations = (words: string) => {
  const [verb = '', resource = ''] = words.split(' ');
  return ROTATION_PERMISSIONS.some((one) => one.resource === resource && one.verbs.includes(verb));
};

async function grantAllBut(without: string | undefined): Promise<void> {
  for (const role of roles()) {
    const kept = singleRules(role.rules).filter(({ words }) => words !== without);
    await admin.patch(pathOf(role), { rules: kept.map(({ rule }) => rule) });
  }
}

/** The calls that the API server forbids, and what fails otherwise. */
async function forbidden(): Promise<string[]> {
  const found: string[] = [];
  for (const [words, call] of Object.entries(CALLS))
    try {
      await call();
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 403) throw error;
      found.push(words);
    }
  return found.sort();
}

const checks = () =>
  checkCsrSigning({
    cluster: 'prod',
    folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
    client: () => forwarder,
    exchange: async () => ({ list: async function* () {} }),
  });

const suite = why === undefined ? describe : describe.skip;

suite(`the permissions of the forwarder${why === undefined ? '' : ` (${why})`}`, () => {
  beforeAll(async () => {
    await server.start();
    const { signal } = ended;
    admin = openKubeClient({ kubeconfig: server.kubeconfig() }, { signal });
    await applyObjects(admin, rbacYaml());
    forwarder = openKubeClient({ kubeconfig: server.kubeconfigOf(CSRSIGNING_USER) }, { signal });
    // the API server itself creates the role that lets everyone ask what they may
    await untilTrue('the built-in roles', async () => (await checks())[0]?.state === 'ok');
    await createCsr('client', CLIENT_SIGNER, ['digital signature', 'client auth']);
    await createCsr('serving', SERVING_SIGNER, ['digital signature', 'server auth']);
    await createCsr('user', USER_SIGNER, ['client auth']);
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'w-1' } };
    await admin.create('/api/v1/nodes', node);
    await admin.create(EVENTS, event('one'));
    const info = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster-info' } };
    await admin.create('/api/v1/namespaces/kube-public/configmaps', info);
    certificate = Buffer.from((await TestCa.make('kubernetes')).pem).toString('base64');
  });
  afterAll(async () => {
    ended.abort();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const all = roles().flatMap(({ rules }) => singleRules(rules).map(({ words }) => words));

  it('are what --rbac prints, and enough for each call; --check says so', async () => {
    await grantAllBut(undefined);
    await untilTrue('all is allowed', async () => (await forbidden()).length === 0);
    expect(all.sort()).toEqual(Object.keys(CALLS).sort());
    expect(await checks()).toMatchObject([
      { name: 'API server', state: 'ok' },
      { name: 'permissions', state: 'ok' },
      { name: 'permissions in a rotation', state: 'ok' },
      ...Array.from({ length: 6 }, () => ({})),
    ]);
  });

  it.each(all)('without %s, that call is forbidden; --check names it', async (words) => {
    await grantAllBut(words);
    const expected = [words, ...(NEEDED_FOR[words] ?? [])].sort();
    await untilTrue(`no ${words}`, async () => (await forbidden()).join() === expected.join());
    expect(await checks()).toContainEqual(
      expect.objectContaining({ state: stateWithout(words), what: `missing: ${words}` }),
    );
  });

  it('list no other ConfigMap, and no Secret', async () => {
    await grantAllBut(undefined);
    await untilTrue('all is allowed', async () => (await forbidden()).length === 0);
    for (const path of ['/api/v1/configmaps', '/api/v1/secrets'])
      await expect(forwarder.list(path).next()).rejects.toMatchObject({ status: 403 });
  });

  it('let a kubelet read the ConfigMap that the forwarder keeps, and no other', async () => {
    const { signal } = ended;
    const kubelet = openKubeClient(
      { kubeconfig: server.kubeconfigOf('system:node:w-1', 'system:nodes') },
      { signal },
    );
    await kubelet.get(configMap('kube-public', 'cakeless-trust'));
    const other = kubelet.get(configMap('kube-public', 'cluster-info'));
    await expect(other).rejects.toMatchObject({ status: 403 });
  });

  it.each(['client', 'user'])('do not approve a CSR of a %s', async (name) => {
    await grantAllBut(undefined);
    await untilTrue('all is allowed', async () => (await forbidden()).length === 0);
    await expect(patch(`${name}/approval`, APPROVED)).rejects.toMatchObject({ status: 403 });
  });

  it('the DaemonSet of --manifest is valid', async () => {
    const yaml = manifestYaml({ image: 'registry.example.com/cakeless:1' });
    await applyObjects(admin, yaml, 'dryRun=All');
    const misspelled = yaml.replace('hostNetwork', 'hostNet');
    await expect(applyObjects(admin, misspelled, 'dryRun=All')).rejects.toThrow('hostNet');
  });
});
