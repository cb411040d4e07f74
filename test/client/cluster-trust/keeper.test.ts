/** What the forwarder changes in a cluster during a rotation, whatever the bucket says, and what it never changes. */
import { X509Certificate } from 'node:crypto';
import { trustIn } from '../../../client/cluster-trust/config-map.ts';
import { ClusterTrustKeeper, type Part } from '../../../client/cluster-trust/keeper.ts';
import type { ObtainProbe } from '../../../client/cluster-trust/kubelet-probes.ts';
import type { OurCas } from '../../../client/cluster-trust/our-cas.ts';
import { type KubeClient, KubeError } from '../../../client/kubernetes/kube-client.ts';
import { parseYaml } from '../../../client/parse-yaml.ts';
import { clusterReportKey, clusterReportSchema } from '../../../lib/contract/cluster-report.ts';
import {
  type PublishedRotation,
  publishedRotationKey,
} from '../../../lib/contract/published-rotation.ts';
import type { RotationPhase } from '../../../lib/contract/rotation-phases.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { ApiServer } from '../csrsigning/api-server.ts';
import { csrPem, type TestCa } from '../csrsigning/certificates.ts';
import { START, settle, VirtualTime } from '../csrsigning/world.ts';
import { addNamespace, type Cas, clusterInfo, digest, keyDigest, makeCas } from './cluster.ts';

const KUBE_PUBLIC = '/api/v1/namespaces/kube-public/configmaps';
const CLUSTER_INFO = `${KUBE_PUBLIC}/cluster-info`;
const TRUST = `${KUBE_PUBLIC}/cakeless-trust`;
const AUTHENTICATION =
  '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';

let cas: Cas;
let frontProxy: TestCa;
beforeAll(async () => {
  cas = await makeCas();
  frontProxy = cas.foreign;
});

let api: ApiServer;
let bucket: MemoryStore;
let time: VirtualTime;
beforeEach(() => {
  [api, bucket, time] = [new ApiServer(), new MemoryStore(), new VirtualTime()];
  bucket.now = () => time.clock.now();
  api.add(TRUST);
});

const version = (number: number, ca: TestCa) => ({
  version: number,
  sha256: digest(ca),
  publicKeySha256: keyDigest(ca),
});

interface Publication {
  readonly phase?: RotationPhase | 'stable';
  readonly ca?: CaName;
  readonly sequence?: number;
  readonly from?: TestCa;
  readonly to?: TestCa;
  /** The bundle of `ca`. */
  readonly bundle?: string;
}

/** As create-ca publishes a rotation of `ca`, or as someone does who can write the bucket. */
async function publish(publication: Publication = {}): Promise<PublishedRotation> {
  const { phase = 'trust', ca = 'ca', sequence = 1, from = cas.from, to = cas.to } = publication;
  const { bundle = phase === 'retire' || phase === 'stable' ? to.pem : from.pem + to.pem } =
    publication;
  const at = START.toISOString();
  const versions = { from: version(1, from), to: version(2, to) };
  const rotation: PublishedRotation = {
    ...{ trustDomain: 'prod', sequence, at },
    ...(phase !== 'stable' && {
      rotation: { ca, phase, since: at, compromised: false, ...versions },
    }),
    ended: phase === 'stable' ? [{ ca, ...versions.from }] : [],
  };
  await bucket.put(publishedRotationKey('prod'), JSON.stringify(rotation));
  await bucket.put(bundleKey('prod', 'ca'), bundle);
  return rotation;
}

interface Told {
  readonly changed: string[];
  readonly failed: [Part, string][];
  readonly forbidden: string[][];
  reports: number;
}

interface ForwarderOptions {
  readonly client?: KubeClient;
  readonly ours?: readonly TestCa[];
  readonly frontProxy?: readonly TestCa[];
  readonly obtainProbe?: ObtainProbe;
}

function forwarder(options: ForwarderOptions = {}): { keeper: ClusterTrustKeeper; told: Told } {
  const told: Told = { changed: [], failed: [], forbidden: [], reports: 0 };
  const read = (list: readonly TestCa[]) => list.map(({ pem }) => new X509Certificate(pem));
  const ours: OurCas = new Map([
    ['ca', read(options.ours ?? [cas.from, cas.to])],
    ['front-proxy-ca', read(options.frontProxy ?? [frontProxy])],
  ]);
  const keeper = new ClusterTrustKeeper({
    cluster: 'prod',
    client: options.client ?? api.client(),
    exchange: bucket,
    trustDomain: async () => 'prod',
    ourCas: () => ours,
    kubelets: { look: async () => undefined, probe: async () => 'accepted' },
    ...(options.obtainProbe && { obtainProbe: options.obtainProbe }),
    clock: time.clock,
    timers: time.timers,
    tell: {
      changed: (what) => void told.changed.push(what),
      failed: (part, error) => void told.failed.push([part, String(error)]),
      succeeded: () => undefined,
      forbidden: (what) => void told.forbidden.push([...what]),
      reported: () => {
        told.reports += 1;
      },
    },
  });
  return { keeper, told };
}

async function turn(options: ForwarderOptions = {}): Promise<Told> {
  const { keeper, told } = forwarder(options);
  await keeper.turn();
  return told;
}

const dataOf = (path: string) => api.objects.get(path)?.data as Record<string, string> | undefined;

describe('cluster-info', () => {
  const add = (pem: string) => api.add(CLUSTER_INFO, { data: { kubeconfig: clusterInfo(pem) } });
  const now = () => {
    const kubeconfig = parseYaml(dataOf(CLUSTER_INFO)?.kubeconfig ?? '') as {
      clusters: [{ cluster: { 'certificate-authority-data': string; server: string } }];
    };
    const { server, ...cluster } = kubeconfig.clusters[0].cluster;
    expect(server).toBe('https://10.20.0.10:6443');
    return Buffer.from(cluster['certificate-authority-data'], 'base64').toString();
  };
  type Pems = () => string;
  const from: Pems = () => cas.from.pem;
  const to: Pems = () => cas.to.pem;
  const both: Pems = () => from() + to();
  const foreign: Pems = () => cas.foreign.pem;
  type Given = { had: Pems; ours: () => TestCa[]; published: () => Publication; has: Pems };
  const OURS = { from: () => [cas.from], to: () => [cas.to], both: () => [cas.from, cas.to] };
  const rows: [sentence: string, given: Given][] = [
    [
      'gets the new CA in trust, in the order that is published',
      { had: from, ours: OURS.both, published: () => ({}), has: both },
    ],
    [
      'does not get it before the node of the forwarder has it',
      { had: from, ours: OURS.from, published: () => ({}), has: from },
    ],
    [
      'never gets a CA that only the bucket names',
      {
        had: from,
        ours: OURS.from,
        published: () => ({ to: cas.foreign, bundle: from() + foreign() }),
        has: from,
      },
    ],
    [
      'never gets one beside those of the node, either',
      {
        had: from,
        ours: OURS.both,
        published: () => ({ bundle: foreign() + both() }),
        has: both,
      },
    ],
    [
      'takes the order of issue',
      {
        had: both,
        ours: OURS.both,
        published: () => ({ phase: 'issue', bundle: to() + from() }),
        has: () => to() + from(),
      },
    ],
    [
      'loses no CA of the node before retire, whatever the bucket publishes',
      {
        had: both,
        ours: OURS.both,
        published: () => ({ phase: 'issue', bundle: to() }),
        has: () => to() + from(),
      },
    ],
    [
      'loses the old CA in retire',
      { had: both, ours: OURS.to, published: () => ({ phase: 'retire' }), has: to },
    ],
    [
      'loses it after a rotation that the forwarder has not seen',
      { had: from, ours: OURS.to, published: () => ({ phase: 'stable' }), has: to },
    ],
    [
      'keeps it if the bucket publishes nothing that the node trusts',
      {
        had: from,
        ours: OURS.from,
        published: () => ({ phase: 'retire', bundle: foreign() }),
        has: from,
      },
    ],
    [
      'keeps what someone has added',
      {
        had: () => from() + foreign(),
        ours: OURS.both,
        published: () => ({}),
        has: () => both() + foreign(),
      },
    ],
    [
      'with the CA of something else is left alone',
      { had: foreign, ours: OURS.both, published: () => ({}), has: foreign },
    ],
    [
      'is left alone in a rotation of another CA',
      { had: from, ours: OURS.both, published: () => ({ ca: 'etcd-ca' }), has: from },
    ],
    [
      'with certificates that cannot be read is left alone',
      { had: () => 'x', ours: OURS.both, published: () => ({}), has: () => 'x' },
    ],
  ];
  it.each(rows)('%s', async (_, { had, ours, published, has }) => {
    add(had());
    await publish(published());
    const told = await turn({ ours: ours() });
    expect([now(), told.failed]).toEqual([has(), []]);
    const writes = () =>
      api.calls.filter(({ call, path }) => call === 'patch' && path === CLUSTER_INFO);
    const { length } = writes();
    expect(length).toBe(had() === has() ? 0 : 1);
    await turn({ ours: ours() });
    expect(writes()).toHaveLength(length);
  });

  it.each(['a: [', 'clusters: []', 'x'.repeat(300_000)])(
    'that is no kubeconfig is left alone',
    async (kubeconfig) => {
      api.add(CLUSTER_INFO, { data: { kubeconfig } });
      await publish();
      expect((await turn()).failed).toEqual([]);
      expect(dataOf(CLUSTER_INFO)?.kubeconfig).toBe(kubeconfig);
    },
  );

  it('that another forwarder changes at the same moment is left to it', async () => {
    add(from());
    await publish();
    let isFirst = true;
    const client = api.client((point, path) => {
      if (point !== 'before patch' || path !== CLUSTER_INFO || !isFirst) return;
      isFirst = false;
      add(both());
    });
    const told = await turn({ client });
    expect([now(), told.failed]).toEqual([both(), []]);
  });
});

describe('extension-apiserver-authentication', () => {
  const ALL = { 'client-ca-file': '', 'requestheader-client-ca-file': '' };
  type Given = {
    had: () => Partial<typeof ALL>;
    published: () => Publication;
    ours?: () => TestCa[];
    frontProxy?: () => TestCa[];
    has: () => Partial<typeof ALL>;
  };
  const both = () => cas.from.pem + cas.to.pem;
  const clients = (pem: string) => ({
    'client-ca-file': pem,
    'requestheader-client-ca-file': frontProxy.pem,
  });
  const rows: [sentence: string, given: Given][] = [
    [
      'loses the old CA in retire',
      {
        had: () => clients(both()),
        published: () => ({ phase: 'retire' }),
        ours: () => [cas.to],
        has: () => clients(cas.to.pem),
      },
    ],
    [
      'loses the old front-proxy-ca, too',
      {
        had: () => ({ 'requestheader-client-ca-file': both() }),
        published: () => ({ phase: 'retire', ca: 'front-proxy-ca' }),
        ours: () => [frontProxy],
        frontProxy: () => [cas.to],
        has: () => ({ 'requestheader-client-ca-file': cas.to.pem }),
      },
    ],
    [
      'keeps it while the node of the forwarder has it',
      {
        had: () => clients(both()),
        published: () => ({ phase: 'retire' }),
        has: () => clients(both()),
      },
    ],
    [
      'keeps it while the node has it for anything else',
      {
        had: () => clients(both()),
        published: () => ({ phase: 'retire' }),
        ours: () => [cas.to],
        frontProxy: () => [cas.from],
        has: () => clients(both()),
      },
    ],
    [
      'keeps it in issue',
      {
        had: () => clients(both()),
        published: () => ({ phase: 'issue' }),
        ours: () => [cas.to],
        has: () => clients(both()),
      },
    ],
    [
      'loses nothing for a new CA that the node does not have',
      {
        had: () => clients(cas.from.pem + frontProxy.pem),
        published: () => ({ phase: 'retire', to: frontProxy }),
        ours: () => [cas.to],
        has: () => clients(cas.from.pem + frontProxy.pem),
      },
    ],
    [
      'is never left without a CA',
      {
        had: () => clients(cas.from.pem),
        published: () => ({ phase: 'retire' }),
        ours: () => [cas.to],
        has: () => clients(cas.from.pem),
      },
    ],
    [
      'is left alone in a rotation of etcd-ca',
      {
        had: () => clients(both()),
        published: () => ({ phase: 'retire', ca: 'etcd-ca' }),
        ours: () => [cas.to],
        has: () => clients(both()),
      },
    ],
  ];
  it.each(rows)('%s', async (_, given) => {
    api.add(AUTHENTICATION, { data: given.had() });
    await publish(given.published());
    const { ours, frontProxy: proxies } = given;
    const options = { ...(ours && { ours: ours() }), ...(proxies && { frontProxy: proxies() }) };
    expect((await turn(options)).failed).toEqual([]);
    expect(dataOf(AUTHENTICATION)).toEqual(given.has());
  });
});

describe('the ConfigMap for nodes', () => {
  const map = () => api.objects.get(TRUST) ?? { metadata: {} };

  it('has what the bucket publishes, and is written only when that changes', async () => {
    const rotation = await publish();
    await bucket.put(bundleKey('prod', 'kubelet-ca'), cas.foreign.pem);
    await turn();
    expect(trustIn(map())).toEqual({ ca: cas.from.pem + cas.to.pem, rotation });
    expect(dataOf(TRUST)?.['kubelet-ca.crt']).toBe(cas.foreign.pem);
    const before = map().metadata;
    expect((await turn()).changed).toEqual([]);
    expect(map().metadata).toEqual(before);
    const next = await publish({ phase: 'issue', sequence: 2 });
    bucket.objects.delete(bundleKey('prod', 'kubelet-ca'));
    await turn();
    expect(trustIn(map())?.rotation).toEqual(next);
    expect(dataOf(TRUST)).not.toHaveProperty('kubelet-ca.crt');
  });

  it('does not go back to an older rotation', async () => {
    const newest = await publish({ sequence: 5 });
    await turn();
    await publish({ sequence: 4, phase: 'retire' });
    expect((await turn()).failed).toEqual([
      ['config-map', expect.stringMatching(/change 4.*already has change 5/)],
    ]);
    expect(trustIn(map())?.rotation).toEqual(newest);
  });

  it('that has the rotation of another trust domain is replaced', async () => {
    const rotation = await publish({ sequence: 5 });
    const data = { 'rotation.json': JSON.stringify({ ...rotation, trustDomain: 'other' }) };
    api.add(TRUST, { data: { ...data, 'ca.crt': cas.from.pem } });
    const own = await publish({ sequence: 4 });
    expect((await turn()).failed).toEqual([]);
    expect(trustIn(map())?.rotation).toEqual(own);
  });

  it('that does not exist is said, with what to do', async () => {
    api.objects.delete(TRUST);
    await publish();
    expect((await turn()).failed).toEqual([
      ['config-map', expect.stringMatching(/does not exist.*--rbac/)],
    ]);
  });

  it('is empty before the first rotation, and no other ConfigMap is read', async () => {
    expect((await turn()).failed).toEqual([]);
    expect(trustIn(map())).toBeUndefined();
    expect(api.calls.filter(({ call, path }) => call === 'patch' || path === TRUST)).toEqual([]);
  });

  it.each<[string, Record<string, string> | undefined]>([
    ['without data', undefined],
    ['without a rotation', { 'ca.crt': 'x' }],
    ['with a rotation of a megabyte', { 'ca.crt': 'x', 'rotation.json': ' '.repeat(1_000_000) }],
    ['with a rotation that is not JSON', { 'ca.crt': 'x', 'rotation.json': '{' }],
    ['with another document', { 'ca.crt': 'x', 'rotation.json': '{}' }],
  ])('%s has no rotation for a node', (_, data) => {
    expect(trustIn({ ...(data && { data }) })).toBeUndefined();
  });
});

describe('what the bucket has', () => {
  const rows: [sentence: string, put: () => Promise<unknown>, problem: RegExp][] = [
    ['a rotation that is not JSON', () => bucket.put(publishedRotationKey('prod'), '{'), /JSON/],
    [
      'a rotation that is endless',
      () => bucket.put(publishedRotationKey('prod'), ' '.repeat(100_000)),
      /rotation\.json: it is larger than 65536 bytes/,
    ],
    [
      'a rotation of another trust domain',
      async () => {
        const rotation = await publish();
        const other = JSON.stringify({ ...rotation, trustDomain: 'other' });
        await bucket.put(publishedRotationKey('prod'), other);
      },
      /it is of trust domain other/,
    ],
    [
      'a rotation that contradicts itself',
      () => publish({ to: cas.from }),
      /it rotates ca from a key to the same key/,
    ],
    [
      'a bundle that is not canonical',
      () => publish({ bundle: `# x\n${cas.from.pem}` }),
      /canonical/,
    ],
  ];
  it.each(rows)(
    '%s changes nothing, and a report without the rotation is not written',
    async (_, put, problem) => {
      api.add(CLUSTER_INFO, { data: { kubeconfig: clusterInfo(cas.from.pem) } });
      await put();
      expect((await turn()).failed).toEqual([['rotation', expect.stringMatching(problem)]]);
      expect(api.calls.filter(({ call }) => call === 'patch')).toEqual([]);
      expect(bucket.objects.has(clusterReportKey('prod'))).toBe(false);
    },
  );
});

describe('the report', () => {
  const MINUTE = 60_000;
  const written = () => {
    const body = bucket.objects.get(clusterReportKey('prod'))?.body;
    return body && clusterReportSchema.parse(JSON.parse(Buffer.from(body).toString()));
  };
  const rows: [
    sentence: string,
    publication: Publication | undefined,
    minutes: number,
    again: boolean,
  ][] = [
    ['is left for an hour', undefined, 50, false],
    ['is written again after an hour', undefined, 60, true],
    ['is left for three minutes during a rotation', { phase: 'issue' }, 2, false],
    ['is written again after three minutes of a rotation', { phase: 'issue' }, 3, true],
    ['is left for an hour after a rotation', { phase: 'stable' }, 50, false],
  ];
  it.each(rows)('%s', async (_, publication, minutes, again) => {
    if (publication) await publish(publication);
    expect((await turn()).reports).toBe(1);
    expect(written()).toMatchObject({ cluster: 'prod', ...(publication && { sequence: 1 }) });
    time.next(minutes * MINUTE);
    expect((await turn()).reports).toBe(again ? 1 : 0);
  });

  it('is written at once if the rotation has changed since', async () => {
    await publish();
    await turn();
    await publish({ phase: 'issue', sequence: 2 });
    expect((await turn()).reports).toBe(1);
    expect(written()?.sequence).toBe(2);
  });

  it('says which kubelets of nodes without AWS accept the new CA, and is written without that, too', async () => {
    const both = [digest(cas.from), digest(cas.to)];
    const said = JSON.stringify({ caFile: both, kubeconfig: both, restarted: true });
    api.add('/api/v1/nodes/w-1', {
      metadata: { annotations: { 'cakeless.io/rotation': said } },
      status: { addresses: [{ type: 'InternalIP', address: '10.20.0.21' }] },
    });
    await publish();
    const fails = await turn({ obtainProbe: () => Promise.reject(new Error('denied')) });
    expect([fails.reports, fails.failed]).toEqual([1, [['probe', 'Error: denied']]]);
    expect(written()?.nodes).toEqual([expect.not.objectContaining({ acceptsNew: 'accepted' })]);
    time.next(4 * MINUTE);
    const cert = await cas.to.issue(csrPem({ commonName: 'cakeless:probe' }));
    expect((await turn({ obtainProbe: async () => ({ cert, key: '' }) })).failed).toEqual([]);
    expect(written()?.nodes).toEqual([expect.objectContaining({ acceptsNew: 'accepted' })]);
  });

  it('of three forwarders is written by one', async () => {
    addNamespace(api, 'shop', cas.from.pem, START.toISOString());
    const three = [forwarder(), forwarder(), forwarder()];
    await Promise.all(three.map(({ keeper }) => keeper.turn()));
    expect(three.map(({ told }) => told.reports).sort()).toEqual([0, 0, 1]);
    expect(three.flatMap(({ told }) => told.failed)).toEqual([]);
  });

  it.each(['{', '{}', 'x'.repeat(600_000)])('that cannot be read is replaced', async (text) => {
    await bucket.put(clusterReportKey('prod'), text);
    expect((await turn()).reports).toBe(1);
    expect(written()?.cluster).toBe('prod');
  });
});

it('in a cluster with the permissions of an earlier release, all that is forbidden is said at once', async () => {
  await publish();
  const client = api.client((point, path) => {
    if (point.startsWith('before')) throw new KubeError(403, 'Forbidden', `${path} is forbidden`);
  });
  const told = await turn({ client });
  expect(told.failed).toEqual([]);
  expect(told.forbidden).toEqual([
    expect.arrayContaining(['configmap/kube-public/cakeless-trust', 'pods', 'nodes']),
  ]);
  expect(told.reports).toBe(1);
});

it.each<[string, Publication, (readonly [minutes: number, looks: number])[]]>([
  [
    'ten minutes',
    { phase: 'stable' },
    [
      [0.9, 0],
      [1, 1],
      [10.9, 1],
      [11, 2],
    ],
  ],
  [
    'minute of one',
    { phase: 'trust' },
    [
      [0.9, 0],
      [1, 1],
      [1.9, 1],
      [2, 2],
    ],
  ],
])(
  'a rotation is looked for a minute after the start, and every %s',
  async (_, publication, expected) => {
    await publish(publication);
    const { keeper } = forwarder();
    const stop = new AbortController();
    const run = keeper.run(stop.signal);
    const looks = () =>
      bucket.calls.filter(({ key }) => key === publishedRotationKey('prod')).length - 1; // the put
    for (const [minutes, count] of expected) {
      time.next(minutes * 60_000);
      for (let i = 0; i < 50; i += 1) await settle();
      expect(looks()).toBe(count);
    }
    stop.abort();
    await run;
  },
);
