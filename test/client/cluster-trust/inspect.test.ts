/** What the forwarder finds in a cluster: who holds which CA, and what it cannot know. */
import { X509Certificate } from 'node:crypto';
import { textOfClusterReport } from '../../../client/cluster-trust/bounded-report.ts';
import {
  CLUSTER_REPORT_LIMITS,
  clusterReportSchema,
} from '../../../lib/contract/cluster-report.ts';
import { ApiServer } from '../csrsigning/api-server.ts';
import { csrPem } from '../csrsigning/certificates.ts';
import {
  addNamespace,
  addPod,
  base64,
  type Cas,
  clusterInfo,
  digest,
  type Look,
  lookAt,
  makeCas,
  type PodOptions,
  ROOT_CA,
} from './cluster.ts';

const CHANGED = '2026-11-24T10:00:00Z';
const BEFORE = '2026-11-24T09:00:00Z';
const AFTER = '2026-11-24T11:00:00Z';
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';
const AUTHENTICATION =
  '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';

let cas: Cas;
let api: ApiServer;
beforeAll(async () => {
  cas = await makeCas();
});
beforeEach(() => {
  api = new ApiServer();
});

const look = (more: Parameters<typeof lookAt>[2] = {}) => lookAt(api, [cas.from, cas.to], more);
const holdersOf = async () =>
  (await look()).holders.map(({ object, ca, sha256 }) => [object, ca, sha256]);

describe('holders', () => {
  const both = () => [digest(cas.from), digest(cas.to)];
  const bundle = () => cas.from.pem + cas.to.pem;
  const secret = (type: string) => ({
    type,
    data: { 'ca.crt': base64(bundle()), token: base64('secret') },
  });
  const webhook = (pem: string) => ({ webhooks: [{ clientConfig: { caBundle: base64(pem) } }] });
  const rows: [sentence: string, add: () => void, expected: () => unknown[]][] = [
    [
      'kube-root-ca.crt of a namespace',
      () => addNamespace(api, 'shop', bundle(), CHANGED),
      () => [[`configmap/shop/${ROOT_CA}`, 'ca', both()]],
    ],
    [
      'the kubeconfig in cluster-info',
      () => api.add(CLUSTER_INFO, { data: { kubeconfig: clusterInfo(bundle()) } }),
      () => [['configmap/kube-public/cluster-info', 'ca', both()]],
    ],
    [
      'a cluster-info that is no kubeconfig holds nothing',
      () => api.add(CLUSTER_INFO, { data: { kubeconfig: 'a: [' } }),
      () => [['configmap/kube-public/cluster-info', 'ca', []]],
    ],
    [
      'both keys of extension-apiserver-authentication',
      () =>
        api.add(AUTHENTICATION, {
          data: { 'client-ca-file': bundle(), 'requestheader-client-ca-file': cas.foreign.pem },
        }),
      () => [
        ['configmap/kube-system/extension-apiserver-authentication', 'ca', both()],
        [
          'configmap/kube-system/extension-apiserver-authentication',
          'front-proxy-ca',
          [digest(cas.foreign)],
        ],
      ],
    ],
    [
      'Secrets of service accounts, and no others',
      () => {
        api.add('/api/v1/namespaces/shop/secrets/t', secret('kubernetes.io/service-account-token'));
        api.add('/api/v1/namespaces/shop/secrets/s', secret('Opaque'));
      },
      () => [['secret/shop/t', 'ca', both()]],
    ],
    [
      'caBundles with a CA of the trust domain, and no others',
      () => {
        api.add(`${API_SERVICES}/v1.own`, { spec: { caBundle: base64(bundle()) } });
        api.add(`${API_SERVICES}/v1.other`, { spec: { caBundle: base64(cas.foreign.pem) } });
        for (const kind of ['validating', 'mutating']) {
          api.add(`${WEBHOOKS}/${kind}webhookconfigurations/own`, webhook(cas.from.pem));
          api.add(`${WEBHOOKS}/${kind}webhookconfigurations/other`, webhook(cas.foreign.pem));
        }
        const conversion = { webhook: { clientConfig: { caBundle: base64(cas.to.pem) } } };
        api.add(`${CRDS}/shops.example.com`, { spec: { conversion } });
        api.add(`${CRDS}/none.example.com`, { spec: { conversion: { strategy: 'None' } } });
      },
      () => [
        ['apiservice/v1.own', undefined, both()],
        ['validatingwebhookconfiguration/own', undefined, [digest(cas.from)]],
        ['mutatingwebhookconfiguration/own', undefined, [digest(cas.from)]],
        ['customresourcedefinition/shops.example.com', undefined, [digest(cas.to)]],
      ],
    ],
    [
      'text around certificates and certificates that cannot be read count as nothing',
      () =>
        addNamespace(
          api,
          'shop',
          `# old\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${cas.to.pem}-----BEGIN`,
          CHANGED,
        ),
      () => [[`configmap/shop/${ROOT_CA}`, 'ca', [digest(cas.to)]]],
    ],
    [
      'of a caBundle with megabytes, what is ours is found',
      () =>
        api.add(
          `${WEBHOOKS}/validatingwebhookconfigurations/huge`,
          webhook(cas.foreign.pem.repeat(400) + cas.from.pem + 'x'.repeat(3_000_000)),
        ),
      () => [['validatingwebhookconfiguration/huge', undefined, [digest(cas.from)]]],
    ],
  ];
  it.each(rows)('%s', async (_, add, expected) => {
    add();
    expect(await holdersOf()).toEqual(expected());
  });

  it('a leaf is not a CA certificate', async () => {
    const leaf = await cas.from.issue(csrPem({ commonName: 'x' }));
    addNamespace(api, 'shop', leaf + cas.to.pem, CHANGED);
    expect((await look()).holders).toMatchObject([{ sha256: [digest(cas.to)] }]);
  });
});

it('namespaces without kube-root-ca.crt are named', async () => {
  addNamespace(api, 'shop', cas.from.pem, CHANGED);
  api.add('/api/v1/namespaces/new');
  expect((await look()).withoutRootCa).toEqual(['new']);
});

it('APIServices that are not Available are named; those of the API server itself are', async () => {
  const available = (status: string) => ({ conditions: [{ type: 'Available', status }] });
  api.add(`${API_SERVICES}/v1.apps`, { spec: {} });
  api.add(`${API_SERVICES}/v1.up`, { spec: { service: {} }, status: available('True') });
  api.add(`${API_SERVICES}/v1.down`, { spec: { service: {} }, status: available('False') });
  api.add(`${API_SERVICES}/v1.new`, { spec: { service: {} } });
  expect((await look()).unavailable).toEqual(['v1.down', 'v1.new']);
});

describe('a pod', () => {
  const rs = {
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web-6d4c', controller: true }],
    labels: { 'pod-template-hash': '6d4c' },
  };
  const rows: [sentence: string, options: PodOptions, isOld: boolean][] = [
    ['that started before the change is old', { startedAt: BEFORE }, true],
    ['that started after it is not', { startedAt: AFTER }, false],
    ['that started with it is', { startedAt: CHANGED }, true],
    [
      'whose container restarted soon after the change is: its volume may have had the old file',
      { podStartedAt: BEFORE, startedAt: '2026-11-24T10:02:00Z' },
      true,
    ],
    [
      'whose container restarted minutes after the change is not',
      { podStartedAt: BEFORE, startedAt: '2026-11-24T10:03:00Z' },
      false,
    ],
    ['that mounts no token is not', { startedAt: BEFORE, volume: { emptyDir: {} } }, false],
    [
      'whose container does not mount the volume is not',
      { startedAt: BEFORE, isMounted: false },
      false,
    ],
    [
      'that mounts kube-root-ca.crt itself is',
      { startedAt: BEFORE, volume: { configMap: { name: ROOT_CA } } },
      true,
    ],
    [
      'that mounts a ClusterTrustBundle of the API server is',
      {
        startedAt: BEFORE,
        volume: {
          projected: {
            sources: [
              { clusterTrustBundle: { signerName: 'kubernetes.io/kube-apiserver-serving' } },
            ],
          },
        },
      },
      true,
    ],
    [
      "that mounts a service account's Secret is",
      { startedAt: BEFORE, volume: { secret: { secretName: 'token' } } },
      true,
    ],
    [
      'that mounts another Secret is not',
      { startedAt: BEFORE, volume: { secret: { secretName: 'other' } } },
      false,
    ],
    [
      'of a manifest of the kubelet is not',
      { startedAt: BEFORE, metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } },
      false,
    ],
    ['that has ended is not', { startedAt: BEFORE, phase: 'Succeeded' }, false],
    ['whose container does not run yet is not', { podStartedAt: BEFORE }, false],
  ];
  it.each(rows)('%s', async (_, options, isOld) => {
    addNamespace(api, 'shop', cas.from.pem + cas.to.pem, CHANGED);
    api.add('/api/v1/namespaces/shop/secrets/token', {
      type: 'kubernetes.io/service-account-token',
    });
    addPod(api, 'shop/web', options);
    expect((await look()).oldPods).toHaveLength(isOld ? 1 : 0);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['of a Deployment', rs, 'Deployment/web'],
    ['of a ReplicaSet', { ...rs, labels: {} }, 'ReplicaSet/web-6d4c'],
    ['without a controller', {}, 'Pod/web'],
  ])('%s is named by what a person restarts', async (_, metadata, owner) => {
    addNamespace(api, 'shop', cas.from.pem, CHANGED);
    addPod(api, 'shop/web', { startedAt: BEFORE, metadata });
    expect((await look()).oldPods).toEqual([
      { namespace: 'shop', pod: 'web', owner, startedAt: '2026-11-24T09:00:00.000Z' },
    ]);
  });

  const reports: [sentence: string, before: () => string, now: () => string, isOld: boolean][] = [
    [
      'that another order came does not make it old',
      () => cas.to.pem + cas.from.pem,
      () => cas.from.pem + cas.to.pem,
      false,
    ],
    [
      'that the old CA has gone does not make it old',
      () => cas.from.pem + cas.to.pem,
      () => cas.to.pem,
      false,
    ],
    [
      'that a new CA has come makes it old',
      () => cas.from.pem,
      () => cas.from.pem + cas.to.pem,
      true,
    ],
  ];
  it.each(reports)('%s', async (_, before, now, isOld) => {
    addNamespace(api, 'shop', before(), '2026-11-24T08:00:00Z');
    const first = await look();
    addNamespace(api, 'shop', now(), CHANGED);
    addPod(api, 'shop/web', { startedAt: BEFORE });
    const report = { cluster: 'prod', at: BEFORE, by: 'cakeless', ...first };
    expect((await look({ before: report })).oldPods).toHaveLength(isOld ? 1 : 0);
  });
});

describe('a node', () => {
  const annotated = (value: string) => ({
    metadata: { annotations: { 'cakeless.io/rotation': value } },
  });
  const said = () => ({
    caFile: [digest(cas.from), digest(cas.to)],
    kubeconfig: [digest(cas.from)],
    restarted: false,
  });
  const rows: [sentence: string, object: () => Record<string, unknown>, expected: () => unknown][] =
    [
      ['that is not Ready', () => ({}), () => ({ ready: false })],
      [
        'that is Ready',
        () => ({ status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
        () => ({ ready: true }),
      ],
      [
        'that says what it has',
        () => annotated(JSON.stringify({ sequence: 3, ...said() })),
        () => ({ ready: false, ...said() }),
      ],
      ['with an annotation that is not JSON', () => annotated('{'), () => ({ ready: false })],
      [
        'with an annotation of other things',
        () => annotated(JSON.stringify({ ...said(), caFile: ['x'] })),
        () => ({ ready: false }),
      ],
      [
        'with an annotation of a megabyte',
        () => annotated(JSON.stringify({ ...said(), more: 'x'.repeat(1_000_000) })),
        () => ({ ready: false }),
      ],
    ];
  it.each(rows)('%s', async (_, object, expected) => {
    api.add('/api/v1/nodes/w-1', object());
    expect((await look()).nodes).toEqual([{ name: 'w-1', ...(expected() as object) }]);
  });

  it('serves what its CA issued, and is probed by name, address and annotation', async () => {
    const leaf = new X509Certificate(await cas.to.issue(csrPem({ commonName: 'system:node:w-1' })));
    api.addNode('w-1', { addresses: ['10.20.0.21'] });
    const addresses = [{ type: 'InternalIP', address: '10.20.0.22' }];
    api.add('/api/v1/nodes/w-2', {
      ...annotated(JSON.stringify(said())),
      status: { addresses },
    });
    api.addNode('w-3', { addresses: ['kubelet.example.com'] });
    const asked: string[] = [];
    const probed = new Map<string, unknown>();
    const kubelets = {
      look: async (address: string) => {
        asked.push(address);
        return address === '10.20.0.21' ? leaf : undefined;
      },
    };
    const probing: Look['probing'] = {
      prove: async ({ name, address, caFile }) => {
        probed.set(name, [address, caFile]);
        return caFile && 'accepted';
      },
    };
    expect((await look({ kubelets, probing })).nodes).toEqual([
      { name: 'w-1', ready: false, servedBy: digest(cas.to) },
      { name: 'w-2', ready: false, ...said(), acceptsNew: 'accepted' },
      { name: 'w-3', ready: false },
    ]);
    expect(asked).toEqual(['10.20.0.21', '10.20.0.22']);
    expect(Object.fromEntries(probed)).toEqual({
      'w-1': ['10.20.0.21', undefined],
      'w-2': ['10.20.0.22', said().caFile],
      'w-3': [undefined, undefined],
    });
  });
});

it.each([
  ['pods', '/api/v1/pods'],
  [ROOT_CA, '/api/v1/configmaps'],
  ['nodes', '/api/v1/nodes'],
  ['configmap/kube-public/cluster-info', CLUSTER_INFO],
])('%s that may not be read are not taken for none', async (what, path) => {
  addNamespace(api, 'shop', cas.from.pem, CHANGED);
  addPod(api, 'shop/web', { startedAt: BEFORE });
  const told: string[] = [];
  const found = await look({ forbidden: [path], told });
  expect([found.truncated, told]).toEqual([[what], [what]]);
  if (what === ROOT_CA) expect(found.withoutRootCa).toEqual([]);
});

it('a list that fails otherwise leads to no report', async () => {
  const { inspect } = await import('../../../client/cluster-trust/inspect.ts');
  const client = api.client((_, path) => {
    if (path === '/api/v1/pods') throw new Error('ECONNRESET');
  });
  const deps = { client, kubelets: { look: async () => undefined }, ours: [], named: [] };
  const nothing = { before: undefined, probing: undefined };
  const looked = inspect({ ...deps, ...nothing, onForbidden: () => undefined });
  await expect(looked).rejects.toThrow('ECONNRESET');
});

describe('a report', () => {
  const written = async () => {
    const report = { cluster: 'prod', at: AFTER, by: 'cakeless 0.1.0', ...(await look()) };
    return clusterReportSchema.parse(JSON.parse(textOfClusterReport(report)));
  };

  it('of more old pods than there is room for has as many as fit, and says so', async () => {
    addNamespace(api, 'shop', cas.from.pem, CHANGED);
    for (let i = 0; i < 1500; i += 1) addPod(api, `shop/web-${i}`, { startedAt: BEFORE });
    const report = await written();
    expect(report.oldPods.length).toBeLessThanOrEqual(CLUSTER_REPORT_LIMITS.items);
    expect(report.oldPods.length).toBeGreaterThan(100);
    expect(report.truncated).toEqual(['oldPods']);
  });

  it('of very many namespaces names those that differ, and has one entry for all others', async () => {
    for (let i = 0; i < 1200; i += 1)
      addNamespace(api, `n-${i}`, i === 123 ? cas.from.pem : cas.from.pem + cas.to.pem, CHANGED);
    const { holders, truncated } = await written();
    expect(holders.map(({ object }) => object)).toEqual([
      `configmap/*/${ROOT_CA}`,
      `configmap/n-123/${ROOT_CA}`,
    ]);
    expect(truncated).toEqual([]);
  });

  it('of thousands of Secrets that a user has created still has the webhooks', async () => {
    const type = 'kubernetes.io/service-account-token';
    for (let i = 0; i < 1500; i += 1)
      api.add(`/api/v1/namespaces/shop/secrets/t-${i}`, { type, data: {} });
    const webhooks = [{ clientConfig: { caBundle: base64(cas.from.pem) } }];
    api.add(`${WEBHOOKS}/validatingwebhookconfigurations/own`, { webhooks });
    const { holders, truncated } = await written();
    expect(holders.map(({ object }) => object)).toContain('validatingwebhookconfiguration/own');
    expect(truncated).toEqual(['holders']);
  });

  it('with endless names is one that readers take', async () => {
    api.add('/api/v1/nodes/x', { metadata: { name: 'x'.repeat(100_000) } });
    expect((await written()).nodes[0]?.name).toHaveLength(CLUSTER_REPORT_LIMITS.text);
  });
});
