import { limitsOf } from '../../../lib/budget/limits.ts';
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import { nodeBudgetKey, nodeBudgetSchema } from '../../../lib/contract/day-budget.ts';
import { formatDocument, readDocument } from '../../../lib/store/documents.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const NODE = { name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' };
const document = {
  cluster: 'prod',
  trustDomain: 'prod',
  kubernetesVersion: 'v1.37.2',
  nodes: [NODE],
};

function limits(more: object = {}, node = 'cp-1') {
  const { record, problems } = parseClusterRecord({ ...document, ...more });
  expect(problems).toEqual([]);
  return limitsOf(record, node);
}

it('a node may have each certificate a hundred times a day, and twice as many requests', () => {
  expect(limits().node).toEqual({ certificates: 1300, requests: 2600 });
});

it('a cluster without a record has the same limits', () => {
  expect(limitsOf(undefined, 'cp-1')).toEqual(limits());
});

it.each([
  ['8760h', 1],
  ['48h', 1],
  ['24h', 2],
  ['6h', 6],
  ['1h', 36],
])('certificates that are valid for %s are renewed %i times as often', (period, times) => {
  expect(limits({ certificateValidityPeriod: period }).node.certificates).toBe(1300 * times);
});

describe('kubelets whose certificates Cakeless signs', () => {
  const csrSigning = (clusterSigningDuration: string) =>
    limits({ csrSigning: { clusterSigningDuration, kubeletClient: {} } });

  it('add each of their certificates ten times, as often as they are renewed', () => {
    expect(csrSigning('8760h').node.certificates).toBe(1320);
    expect(csrSigning('24h').node.certificates).toBe(1340);
  });

  // they renew at 70 to 90 % of the validity (client-go certificate_manager.go: nextRotationDeadline)
  it('can live with certificates of ten minutes, and so can a cluster of a hundred of them', () => {
    const { node, cluster } = csrSigning('10m');
    const renewals = (24 * 60) / 7;
    const attempts = 4;
    expect(node.certificates).toBeGreaterThan(1300 + 2 * renewals * attempts);
    expect(node.requests).toBeGreaterThanOrEqual(2 * node.certificates);
    expect(cluster?.certificates).toBeGreaterThan(100 * 2 * renewals * attempts);
  });

  it('share one limit if the record does not know their names', () => {
    const { node, cluster } = limits({}, 'csr');
    expect(node.requests).toBe(2000);
    expect(cluster).toBeUndefined();
  });
});

it('all users of a cluster share a budget, by their own validity', () => {
  expect(limits({}, 'users').node).toEqual({ certificates: 1000, requests: 2000 });
  const users = { maxValidityPeriod: '8h' };
  expect(limits({ users }, 'users').node).toEqual({ certificates: 3000, requests: 6000 });
  expect(limits({ certificateValidityPeriod: '1h' }, 'users').node.certificates).toBe(1000);
});

it('users whose CSRs are forwarded have the limits of users, and draw nothing from the cluster', () => {
  const own = limits({ limits: { userRequestsPerDay: 4 } }, 'users~csr');
  expect(own).toEqual({ node: { certificates: 1000, requests: 4 }, cluster: undefined });
});

it.each(['cp-1', 'users'])(
  'with certificates of a minute, the counter of %s can still be read when everything is used up',
  async (node) => {
    const short = {
      certificateValidityPeriod: '1m',
      users: { maxValidityPeriod: '1m' },
      csrSigning: { clusterSigningDuration: '10m' },
    };
    const { requests, certificates } = limits(short, node).node;
    const ids = (count: number) => Array.from({ length: count }, () => 'x'.repeat(16));
    const counter = {
      requests: ids(requests),
      certificates: ids(certificates),
      drawn: { requests, certificates },
      closedThrough: {},
    };
    const store = new MemoryStore();
    const key = nodeBudgetKey('prod', node, '2026-11-24');
    store.seed(key, formatDocument(counter));
    const read = await readDocument(store, key, nodeBudgetSchema);
    expect(read?.certificates).toHaveLength(certificates);
  },
);

it('the budget of a cluster is enough for all of its nodes', () => {
  expect(limits().cluster).toEqual({ certificates: 20_000, requests: 40_000 });
  const nodes = Array.from({ length: 100 }, (_, i) => ({
    ...NODE,
    name: `cp-${i}`,
    addresses: [`10.0.0.${i + 1}`],
  }));
  const { node, cluster } = limits({ nodes });
  expect(cluster?.certificates).toBeGreaterThanOrEqual(100 * node.certificates);
});

it('the cluster record can set each limit; requests are never fewer than certificates by default', () => {
  const set = {
    nodeRequestsPerDay: 10,
    nodeCertificatesPerDay: 5,
    clusterRequestsPerDay: 100,
    clusterCertificatesPerDay: 50,
    userRequestsPerDay: 4,
    userCertificatesPerDay: 2,
  };
  expect(limits({ limits: set })).toEqual({
    node: { requests: 10, certificates: 5 },
    cluster: { requests: 100, certificates: 50 },
  });
  expect(limits({ limits: set }, 'users').node).toEqual({ requests: 4, certificates: 2 });
  const { node } = limits({ limits: { nodeCertificatesPerDay: 9000 } });
  expect(node.requests).toBeGreaterThanOrEqual(node.certificates);
});

it.each([
  [{ nodeRequestsPerDay: 0 }, 'limits.nodeRequestsPerDay'],
  [{ nodeRequestsPerDay: 10_001 }, 'limits.nodeRequestsPerDay'],
  [{ clusterCertificatesPerDay: 1.5 }, 'limits.clusterCertificatesPerDay'],
  [{ requestsPerDay: 5 }, 'limits'],
])('%j is not accepted', (wrong, field) => {
  const { problems } = parseClusterRecord({ ...document, limits: wrong });
  expect(problems.join()).toContain(field);
});
