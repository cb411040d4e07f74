/** Which kubelets a forwarder asks whether they accept the new CA, and how many certificates it requests for that. */
import { X509Certificate } from 'node:crypto';
import { KubeletProbes, type ProbedNode } from '../../../client/cluster-trust/kubelet-probes.ts';
import { requestProbe } from '../../../client/cluster-trust/request-probe.ts';
import type { Timers } from '../../../client/kubernetes/timers.ts';
import type { Exchange } from '../../../client/node/exchange/exchange.ts';
import type { ClusterReport } from '../../../lib/contract/cluster-report.ts';
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import type { RotationPhase } from '../../../lib/contract/rotation-phases.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { addVersion } from '../../support/rotated-ca.ts';
import { csrPem } from '../csrsigning/certificates.ts';
import { START } from '../csrsigning/world.ts';
import { type Cas, digest, keyDigest, makeCas } from './cluster.ts';

const MINUTE = 60_000;

let cas: Cas;
let cert = '';
beforeAll(async () => {
  cas = await makeCas();
  const notAfter = new Date(START.getTime() + 60 * MINUTE);
  cert = await cas.to.issue(csrPem({ commonName: 'cakeless:probe' }), { notAfter });
});

interface Given {
  readonly ca?: CaName;
  readonly phase?: RotationPhase;
  readonly ours?: () => Cas['from'][];
  readonly before?: Pick<ClusterReport, 'sequence' | 'nodes'> | undefined;
  readonly node?: () => Partial<ProbedNode>;
  /** @default a certificate is obtained; null: the forwarder has no credentials of a node */
  readonly obtained?: 'fails' | null | undefined;
}

function world({ obtained }: Pick<Given, 'obtained'> = {}) {
  const seen = { asked: [] as string[], requested: 0, failed: 0, nowMs: START.getTime() };
  const obtainProbe = async () => {
    seen.requested += 1;
    if (obtained === 'fails') throw new Error('denied');
    return { cert, key: '' };
  };
  const probes = new KubeletProbes({
    kubelets: {
      probe: async (address) => {
        seen.asked.push(address);
        return 'refused';
      },
    },
    ...(obtained !== null && { obtainProbe }),
    clock: { now: () => new Date(seen.nowMs) },
    tell: {
      failed: () => {
        seen.failed += 1;
      },
      succeeded: () => undefined,
    },
  });
  const prove = ({ ca = 'ca', phase = 'trust', ...given }: Given = {}) => {
    const side = (one: Cas['from'], version: number) => ({
      ...{ version, sha256: digest(one), publicKeySha256: keyDigest(one) },
    });
    const since = START.toISOString();
    const published: PublishedRotation = {
      ...{ trustDomain: 'prod', sequence: 3, at: since, ended: [] },
      rotation: {
        ...{ ca, phase, since, compromised: false },
        ...{ from: side(cas.from, 1), to: side(cas.to, 2) },
      },
    };
    const { ours = () => [cas.from, cas.to], before, node } = given;
    const read = ours().map(({ pem }) => new X509Certificate(pem));
    const probing = probes.begin(published, read, before as ClusterReport | undefined);
    const caFile = [digest(cas.from), digest(cas.to)];
    return probing?.prove({ name: 'w-1', address: '10.20.0.21', caFile, ...node?.() });
  };
  return { seen, prove };
}

const accepted = (sequence: number): Given['before'] => ({
  sequence,
  nodes: [{ name: 'w-1', ready: true, acceptsNew: 'accepted' }],
});

const rows: [sentence: string, given: Given, result: string | undefined, requested: number][] = [
  ['that has the new CA is asked', {}, 'refused', 1],
  [
    'that accepted it since the last change of the rotation is not asked again',
    { before: accepted(3) },
    'accepted',
    0,
  ],
  ['that accepted it before that is asked again', { before: accepted(2) }, 'refused', 1],
  [
    'that has accepted it, and no longer has it, is not proved',
    { before: accepted(3), node: () => ({ caFile: [digest(cas.from)] }) },
    undefined,
    0,
  ],
  ['that reports for itself is not asked', { node: () => ({ caFile: undefined }) }, undefined, 0],
  ['without an address is not asked', { node: () => ({ address: undefined }) }, undefined, 0],
  ['is not asked in issue, when there are no probes', { phase: 'issue' }, undefined, 0],
  ['is not asked in a rotation of etcd-ca', { ca: 'etcd-ca' }, undefined, 0],
  [
    'is not asked for a CA that the node of the forwarder does not have',
    { ours: () => [cas.from] },
    undefined,
    0,
  ],
  ['is not asked without a probe certificate', { obtained: 'fails' }, undefined, 1],
  ['is not asked by a forwarder that runs elsewhere', { obtained: null }, undefined, 0],
];
it.each(rows)('a kubelet %s', async (_, given, result, requested) => {
  const { seen, prove } = world(given);
  expect(await prove(given)).toBe(result);
  expect(seen).toMatchObject({ requested, asked: result === 'refused' ? ['10.20.0.21'] : [] });
});

it.each<[string, Given['obtained'], (readonly [minutes: number, requested: number])[]]>([
  [
    'one certificate serves for all kubelets until shortly before it ends',
    undefined,
    [
      [0, 1],
      [54, 1],
      [55, 2],
    ],
  ],
  [
    'after a failure, the next one is requested half an hour later',
    'fails',
    [
      [0, 1],
      [29, 1],
      [30, 2],
    ],
  ],
])('%s', async (_, obtained, expected) => {
  const { seen, prove } = world({ obtained });
  for (const [minutes, requested] of expected) {
    seen.nowMs = START.getTime() + minutes * MINUTE;
    await Promise.all([prove(), prove()]);
    expect(seen.requested).toBe(requested);
  }
  expect(seen.failed).toBe(obtained === 'fails' ? seen.requested : 0);
});

describe('a probe certificate of a forwarder on cp-1', () => {
  const folders = { kubeconfigDir: '/nonexistent', certDir: '/nonexistent/pki' };
  async function requesting(phase: RotationPhase) {
    const memory = await InMemoryService.open();
    const nodes = [{ name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' }];
    memory.declare(kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'), { nodes });
    const { to, enter } = await addVersion(memory);
    enter(phase);
    const store = memory.exchange;
    const exchange: Exchange = {
      get: (key, most) => store.get(key, most),
      list: (prefix) => store.list(prefix),
      create: async (key, body, type) => {
        const outcome = await store.create(key, body, type);
        await memory.process(key);
        return outcome;
      },
    };
    const { signal } = new AbortController();
    const timers: Timers = {
      start: (_, then) => {
        setImmediate(then);
        return () => undefined;
      },
    };
    const clock = { now: () => memory.now, monotonic: () => 0 };
    const deps = { exchange, folders, clock, timers, say: () => undefined, signal };
    const issuer = new X509Certificate(to.certificate);
    return { issuer, obtain: () => requestProbe({ cluster: 'prod', node: 'cp-1' }, deps)(issuer) };
  }

  it('is of the new CA, and alone', async () => {
    const { issuer, obtain } = await requesting('trust');
    const pair = await obtain();
    const leaf = new X509Certificate(pair.cert);
    expect([leaf.subject, leaf.verify(issuer.publicKey)]).toEqual(['CN=cakeless:probe', true]);
  });

  it('is refused outside the phase, with the reason', async () => {
    const { obtain } = await requesting('issue');
    await expect(obtain()).rejects.toThrow(/probe-ca: its request is rejected: rotation-phase/);
  });
});
