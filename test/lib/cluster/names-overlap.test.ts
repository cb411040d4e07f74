/** Clusters of a trust domain whose records give the same names to kubelets of one, and servers of the other. */
import { namesOfCluster } from '../../../lib/cluster/cluster-names.ts';
import { describeOverlaps, patternsOverlap } from '../../../lib/cluster/names-overlap.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import { clusterRecord } from '../../support/csr-builder-cluster.ts';

type Changes = Partial<ClusterRecordDocument>;

const SERVING: Changes = { csrSigning: { kubeletServing: {} } };
const node = (name: string, address: string, role: 'control-plane' | 'worker' = 'worker') => ({
  nodes: [{ name, addresses: [address], role }],
});
const rule = (
  namePattern: string,
  range: string,
  role: 'control-plane' | 'worker' = 'worker',
): Changes => ({ nodes: [], nodeRules: [{ namePattern, addressRanges: [range], role }] });

const names = (cluster: string, changes: Changes) =>
  namesOfCluster(clusterRecord({ cluster, ...changes }));

const A = { ...node('a-1', '10.1.0.1'), ...SERVING };

it.each<[what: string, a: Changes, b: Changes, overlaps: string[]]>([
  ['nothing in common', A, { ...node('b-1', '10.2.0.1'), ...SERVING }, []],
  [
    'the same service range, which is forbidden to the kubelets of both',
    A,
    { ...node('b-1', '10.2.0.1', 'control-plane'), ...SERVING },
    [],
  ],
  [
    'the name and the address of a worker, and serving certificates in both',
    A,
    { ...node('a-1', '10.1.0.1'), ...SERVING },
    ['a-1: node a-1 with node a-1 of cluster b', '10.1.0.1: node a-1 with node a-1 of cluster b'],
  ],
  ['the same, but serving certificates in one only', A, node('a-1', '10.1.0.1'), []],
  ['the same, but no serving certificates', node('a-1', '10.1.0.1'), node('a-1', '10.1.0.1'), []],
  [
    'the address of a worker and of a control plane without serving certificates',
    A,
    node('b-1', '10.1.0.1', 'control-plane'),
    ['10.1.0.1: node a-1 with node b-1 of cluster b'],
  ],
  [
    'the same, from the other side',
    node('b-1', '10.1.0.1', 'control-plane'),
    A,
    ['10.1.0.1: node b-1 with node a-1 of cluster b'],
  ],
  [
    'an address of a worker that is the endpoint of the other',
    A,
    { ...node('b-1', '10.2.0.1', 'control-plane'), controlPlaneEndpoint: '10.1.0.1:6443' },
    ['10.1.0.1: node a-1 with controlPlaneEndpoint of cluster b'],
  ],
  [
    'an address of a worker in the service range of the other',
    A,
    { ...node('b-1', '10.2.0.1'), networking: { serviceSubnet: '10.1.0.0/16' } },
    ['10.1.0.1: node a-1 with networking.serviceSubnet (10.1.0.0/16) of cluster b'],
  ],
  [
    'a range of workers that contains a control plane',
    { ...rule('a-*', '10.1.0.0/16'), ...SERVING },
    node('b-1', '10.1.7.7', 'control-plane'),
    ['10.1.7.7: nodeRules[0] (10.1.0.0/16) with node b-1 of cluster b'],
  ],
  [
    'a range of workers within a range of control planes',
    { ...rule('a-*', '10.1.8.0/24'), ...SERVING },
    rule('b-*', '10.1.0.0/16', 'control-plane'),
    ['nodeRules[0] (10.1.8.0/24) with nodeRules[0] (10.1.0.0/16) of cluster b'],
  ],
  [
    'ranges and patterns of workers',
    { ...rule('ip-10-*.compute.internal', '10.0.0.0/15'), ...SERVING },
    { ...rule('ip-*.compute.internal', '10.1.0.0/16'), ...SERVING },
    [
      'nodeRules[0] (ip-10-*.compute.internal) with nodeRules[0] (ip-*.compute.internal) of cluster b',
      'nodeRules[0] (10.0.0.0/15) with nodeRules[0] (10.1.0.0/16) of cluster b',
    ],
  ],
  [
    'only roles that have no serving certificates',
    { ...A, csrSigning: { kubeletServing: { roles: ['control-plane'] } } },
    { ...node('b-1', '10.1.0.1'), ...SERVING },
    [],
  ],
  [
    'an IPv4-mapped range',
    { ...rule('a-*', '::ffff:10.1.0.0/112'), ...SERVING },
    node('b-1', '10.1.0.9', 'control-plane'),
    ['10.1.0.9: nodeRules[0] (::ffff:a01:0/112) with node b-1 of cluster b'],
  ],
])('with %s', (_, a, b, overlaps) => {
  expect(describeOverlaps(names('a', a), names('b', b))).toEqual(overlaps);
});

it.each([
  ['a-*', 'a-*', true],
  ['a-*', 'ab-*', false],
  ['a*', 'ab-*', true],
  ['*.x', '*.y', false],
  ['*.x', '*.a.x', true],
  ['a-*.x', 'a-b-*.c.x', true],
  ['a-*.x', 'b-*.x', false],
  ['*', 'a-*.x', true],
  ['a*', '*b', true],
])('the patterns %s and %s have names in common: %s', (one, other, overlap) => {
  expect(patternsOverlap(one, other)).toBe(overlap);
  expect(patternsOverlap(other, one)).toBe(overlap);
});
