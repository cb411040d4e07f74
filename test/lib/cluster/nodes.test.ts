import { hostOfEndpoint } from '../../../lib/cluster/endpoint.ts';
import { expectedNames } from '../../../lib/cluster/expected-names.ts';
import { findNode, fitsPattern, type KnownNode } from '../../../lib/cluster/find-node.ts';
import type { ClusterRecord } from '../../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';
import type { SanRule } from '../../../lib/profiles/profiles.ts';
import { clusterRecord } from '../../support/csr-builder-cluster.ts';

it.each([
  ['api.example.com:6443', 'api.example.com'],
  ['api.example.com', 'api.example.com'],
  ['API.example.com:6443', undefined],
  ['10.0.0.1:6443', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['[fd00::1]:6443', 'fd00::1'],
  ['[FD00:0::1]:6443', 'fd00::1'],
  ['[fd00::1]', undefined],
  ['api:06443', 'api'],
  ['010.0.0.1:6443', undefined],
  ['::ffff:10.0.0.1', undefined],
  ['fe80::1%eth0', undefined],
  ['fd00::1', 'fd00::1'],
  ['api:65535', 'api'],
  ['api:65536', undefined],
  ['api:0', undefined],
  ['api:', 'api'],
  ['api:+1', undefined],
  [':6443', undefined],
  ['https://api:6443', undefined],
  ['api:6443/x', undefined],
  ['fd00::1]:6443', undefined],
  ['[fd00::1', undefined],
  ['[api]:6443', 'api'],
  ['a_b:6443', undefined],
  ['*.example.com', undefined],
  ['', undefined],
])('the host of %j is %s, as for kubeadm', (endpoint, host) => {
  expect(hostOfEndpoint(endpoint)).toBe(host);
});

describe('finds a node', () => {
  const controlPlane = { addressRanges: ['10.20.0.0/24'], role: 'control-plane' as const };
  const worker = { addressRanges: ['10.21.0.0/16'], role: 'worker' as const };
  const record = clusterRecord({
    uploaders: ['AWS:CLUSTER'],
    nodes: [{ name: 'cp-1', addresses: ['10.20.0.11'], role: 'worker', uploaders: ['AWS:NODE'] }],
    nodeRules: [
      { namePattern: 'cp-*', ...controlPlane },
      { namePattern: '*.example.com', ...worker },
      { namePattern: 'a-*-z', ...worker },
      { namePattern: 'exactly', ...worker },
    ],
  });

  it.each([
    ['by its entry before any rule', 'cp-1', 'worker', ['AWS:NODE', 'AWS:CLUSTER'], 0],
    ['by the first rule that matches', 'cp-2', 'control-plane', ['AWS:CLUSTER'], 1],
    ['by the first of two matching rules', 'cp-2.example.com', 'control-plane', ['AWS:CLUSTER'], 1],
    ['by a rule with a leading asterisk', 'w.prod.example.com', 'worker', ['AWS:CLUSTER'], 1],
    ['by a rule with an asterisk in the middle', 'a-b-z', 'worker', ['AWS:CLUSTER'], 1],
    ['by a rule without an asterisk', 'exactly', 'worker', ['AWS:CLUSTER'], 1],
  ])('%s', (_, name, role, uploaders, ranges) => {
    const node = findNode(record, name);
    expect(node).toMatchObject({ name, role, uploaders });
    expect(node?.addressRanges).toHaveLength(ranges);
  });

  it.each(['cp-', 'cp', 'xcp-2', '.example.com', 'example.com', 'a-z', 'a--z-', 'exactly1', ''])(
    'but not the name %j',
    (name) => {
      expect(findNode(record, name)).toBeUndefined();
    },
  );
});

describe('a pattern never matches a name with a wildcard:', () => {
  it.each([
    ['*.x', '*.x'],
    ['*.x', 'a*.x'],
    ['*.x', 'a.*.x'],
    ['*', '*'],
    ['w*', 'w*'],
    ['w-1', 'w-*'],
  ])('%s does not match %s', (pattern, name) => {
    expect(fitsPattern(name, pattern)).toBe(false);
  });
});

it("knows what a node's kubelet may have besides its own names", () => {
  const record = clusterRecord({
    nodes: [
      {
        name: 'w-1',
        addresses: ['10.20.0.21'],
        role: 'worker',
        kubelet: { certSANs: ['w-1.example.com', '203.0.113.21'] },
      },
    ],
    nodeRules: [
      {
        namePattern: 'w-*',
        addressRanges: ['10.20.8.0/22'],
        role: 'worker',
        kubelet: { certSANs: ['ec2-*.example.com'], addressRanges: ['3.64.0.0/12'] },
      },
    ],
  });
  const none = { certSANs: [], patterns: [], addressRanges: [] };
  expect(findNode(record, 'w-1')?.kubelet).toEqual({
    ...none,
    certSANs: ['w-1.example.com', '203.0.113.21'],
  });
  expect(findNode(record, 'w-2')?.kubelet).toEqual({
    ...none,
    patterns: ['ec2-*.example.com'],
    addressRanges: [{ octets: Uint8Array.of(3, 64, 0, 0), prefixLength: 12 }],
  });
});

describe('the names of a node', () => {
  const v4 = { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' as const };
  const kubernetes = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const cases: [string, SanRule, Partial<ClusterRecordDocument>, string[], string[]][] = [
    [
      'plain, on the API server',
      'apiserver',
      { nodes: [v4] },
      [
        'DNS:cp-1',
        'DNS:kubernetes.default.svc.cluster.local',
        'IP:10.96.0.1',
        'IP:10.20.0.11',
        ...kubernetes.map((name) => `DNS:${name}`),
      ],
      [],
    ],
    [
      'IPv6, on the API server',
      'apiserver',
      {
        nodes: [{ ...v4, addresses: ['FD00:20::11', 'fd00:21::11'] }],
        networking: { serviceSubnet: 'fd00:30::/112', dnsDomain: 'prod.internal' },
        controlPlaneEndpoint: '[fd00:20::10]:6443',
      },
      [
        'DNS:cp-1',
        'DNS:kubernetes.default.svc.prod.internal',
        'IP:fd00:30::1',
        'IP:fd00:20::11',
        'IP:fd00:20::10',
        ...kubernetes.map((name) => `DNS:${name}`),
      ],
      ['IP:fd00:21::11'],
    ],
    [
      'dual stack, on the API server: only the first service range',
      'apiserver',
      {
        nodes: [{ ...v4, apiServer: { certSANs: ['fd00:20:0::11', '*.cp.example.com'] } }],
        networking: { serviceSubnet: '172.30.0.0/16,fd00:30::/112' },
        apiServer: { certSANs: ['localhost'] },
      },
      [
        'DNS:cp-1',
        'DNS:kubernetes.default.svc.cluster.local',
        'IP:172.30.0.1',
        'IP:10.20.0.11',
        'DNS:localhost',
        'IP:fd00:20::11',
        'DNS:*.cp.example.com',
        ...kubernetes.map((name) => `DNS:${name}`),
      ],
      [],
    ],
    [
      'of etcd',
      'etcd-server',
      {
        nodes: [{ ...v4, addresses: ['10.20.0.11', '10.20.1.11'] }],
        etcd: {
          local: { serverCertSANs: ['etcd.example.com'], peerCertSANs: ['peer.example.com'] },
        },
      },
      ['DNS:cp-1', 'DNS:localhost', 'IP:10.20.0.11', 'IP:127.0.0.1', 'IP:::1'],
      ['DNS:etcd.example.com', 'IP:10.20.1.11'],
    ],
    [
      'of an etcd peer',
      'etcd-peer',
      {
        nodes: [{ ...v4, etcd: { local: { peerCertSANs: ['10.20.2.11'] } } }],
      },
      ['DNS:cp-1', 'DNS:localhost', 'IP:10.20.0.11', 'IP:127.0.0.1', 'IP:::1'],
      ['IP:10.20.2.11'],
    ],
    ['of a client: no names', 'none', { nodes: [v4] }, [], []],
  ];

  it.each(cases)('%s', (_, rule, changes, required, allowed) => {
    const record = clusterRecord(changes);
    const names = expectedNames(rule, record, nodeOf(record, 'cp-1'));
    expect(names.required.map(formatName).sort()).toEqual([...required].sort());
    expect(names.allowed.map(formatName).sort()).toEqual([...allowed].sort());
  });

  it('a node whose name is an address has it as a DNS name, as kubeadm writes it', () => {
    const record = clusterRecord({ nodes: [{ ...v4, name: '10.20.0.11' }] });
    const names = expectedNames('etcd-peer', record, nodeOf(record, '10.20.0.11')).required;
    expect(names.map(formatName)).toEqual(
      expect.arrayContaining(['DNS:10.20.0.11', 'IP:10.20.0.11']),
    );
  });
});

function nodeOf(record: ClusterRecord, name: string): KnownNode {
  const node = findNode(record, name);
  if (!node) throw new Error(`no node ${name}`);
  return node;
}
