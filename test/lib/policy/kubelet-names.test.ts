/** Which names a kubelet's serving certificate may have: what the record allows, and no name of another server. */
import { namesOfCluster } from '../../../lib/cluster/cluster-names.ts';
import { findNode } from '../../../lib/cluster/find-node.ts';
import type { ClusterRecord } from '../../../lib/cluster/record.ts';
import type { TrustDomainNames } from '../../../lib/cluster/trust-domain-names.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import { judgeKubeletNames } from '../../../lib/policy/kubelet-names.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import { clusterRecord, namesOf } from '../../support/csr-builder-cluster.ts';
import { Random } from '../../support/random.ts';

const PROD: Partial<ClusterRecordDocument> = {
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  networking: { serviceSubnet: '10.96.0.0/12,fd00:96::/108', dnsDomain: 'prod.internal' },
  apiServer: { certSANs: ['api-int.prod.example.com', '10.20.0.10', '*.api.prod.example.com'] },
  etcd: { local: { serverCertSANs: ['etcd.prod.example.com'], peerCertSANs: ['10.20.2.1'] } },
  nodes: [
    {
      name: 'cp-1.prod.example.com',
      addresses: ['10.20.0.11', 'fd00:20::11'],
      role: 'control-plane',
      apiServer: { certSANs: ['203.0.113.11', 'cp-1.example.net'] },
      kubelet: { certSANs: ['203.0.113.11'] },
    },
    { name: 'cp-2.prod.example.com', addresses: ['10.20.0.12'], role: 'control-plane' },
    {
      name: 'w-1.prod.example.com',
      addresses: ['10.20.0.21', 'fd00:20::21'],
      role: 'worker',
      kubelet: { certSANs: ['w-1.example.net', '203.0.113.21'] },
    },
    {
      name: 'w-2.prod.example.com',
      addresses: ['10.20.0.22'],
      role: 'worker',
      kubelet: { certSANs: ['w-2.example.net'] },
    },
  ],
  nodeRules: [
    {
      namePattern: 'cp-*.prod.example.com',
      addressRanges: ['10.20.1.0/24'],
      role: 'control-plane',
    },
    {
      namePattern: '*.prod.example.com',
      // as wide as people write them: everything that is forbidden is in them
      addressRanges: ['0.0.0.0/0', '::/0'],
      role: 'worker',
      kubelet: { certSANs: ['*.example.net', '*.com', 'localhost', '*.svc', '*.internal'] },
    },
    { namePattern: 'kubernetes*', addressRanges: ['10.30.0.0/16'], role: 'worker' },
  ],
  csrSigning: { kubeletServing: {} },
};

const record = clusterRecord(PROD);

const OTHER_NODES: ClusterRecordDocument['nodes'] = [
  { name: 'cp-9.other.com', addresses: ['10.40.0.11'], role: 'control-plane' },
  { name: 'w-9.other.com', addresses: ['10.40.0.21'], role: 'worker' },
];

const other = (changes: Partial<ClusterRecordDocument>) =>
  clusterRecord({
    cluster: 'other',
    nodes: OTHER_NODES,
    nodeRules: [
      { namePattern: 'cp-*.other.com', addressRanges: ['10.41.0.0/24'], role: 'control-plane' },
      {
        namePattern: 'w-*.other.com',
        addressRanges: ['10.42.0.0/24'],
        role: 'worker',
        kubelet: { certSANs: ['ec2-*.compute.com'], addressRanges: ['198.51.100.0/24'] },
      },
    ],
    controlPlaneEndpoint: 'api.other.com',
    networking: { serviceSubnet: '172.30.0.0/16' },
    apiServer: { certSANs: ['api-int.other.com'] },
    ...changes,
  });
const SERVING = { csrSigning: { kubeletServing: {} } };

const domainOf = (...records: ClusterRecord[]): TrustDomainNames => ({
  trustDomain: 'prod',
  clusters: records.map(namesOfCluster),
  changedAt: undefined,
});

function judge(
  nodeName: string,
  names: readonly (string | AlternativeName)[],
  domain = domainOf(record),
  of = record,
) {
  const node = findNode(of, nodeName);
  if (!node) throw new Error(`no node ${nodeName}`);
  const san = names.flatMap((name) => (typeof name === 'string' ? namesOf(name) : [name]));
  return judgeKubeletNames(san, node, of, domain);
}

const codes = (...call: Parameters<typeof judge>): ViolationCode[] =>
  judge(...call).map(({ code }) => code);

const W1 = 'w-1.prod.example.com';
const CP1 = 'cp-1.prod.example.com';
const BY_RULE = 'asg-7.prod.example.com';

describe('allows', () => {
  it.each<[what: string, node: string, names: string[]]>([
    ['the name of a listed node', W1, [W1]],
    ['its addresses, of both families', W1, [W1, '10.20.0.21', 'fd00:20::21']],
    ['an address alone', W1, ['10.20.0.21']],
    ['its kubelet.certSANs', W1, [W1, 'w-1.example.net', '203.0.113.21']],
    ['several addresses in the ranges of a rule', BY_RULE, [BY_RULE, '10.50.0.1', '10.50.0.2']],
    ['addresses of both families in the ranges', BY_RULE, [BY_RULE, '10.50.0.1', 'fd00:50::1']],
    ['names that match a pattern of the rule', BY_RULE, [BY_RULE, 'asg-7.example.net']],
    ["a control plane's own addresses, which its API server has too", CP1, [CP1, '10.20.0.11']],
    ['what the same node declares for its API server and its kubelet', CP1, ['203.0.113.11']],
    [
      'any address of its rule for a control plane, which can get the same for its API server',
      'cp-7.prod.example.com',
      ['cp-7.prod.example.com', '10.20.1.7', '10.20.1.8'],
    ],
    ['a node that is called kubernetes-1', 'kubernetes-1', ['kubernetes-1', '10.30.0.1']],
  ])('%s', (_, node, names) => {
    expect(judge(node, names)).toEqual([]);
  });

  it('the address of a single control plane, although it is the endpoint and in certSANs', () => {
    const single = clusterRecord({
      controlPlaneEndpoint: '10.20.0.11:6443',
      apiServer: { certSANs: ['10.20.0.11', 'cp-1'] },
    });
    expect(judge('cp-1', ['cp-1', '10.20.0.11'], domainOf(single), single)).toEqual([]);
  });

  it('a listed worker whose address is in the range of a rule for control planes, which cannot have it', () => {
    const mixed = clusterRecord({
      nodeRules: [
        { namePattern: 'worker-*', addressRanges: ['10.20.0.0/24'], role: 'control-plane' },
      ],
    });
    expect(judge('worker-1', ['worker-1', '10.20.0.21'], domainOf(mixed), mixed)).toEqual([]);
  });
});

describe('rejects what the record does not allow:', () => {
  it.each<[what: string, node: string, names: (string | AlternativeName)[]]>([
    ['a name of nobody', W1, [W1, 'evil.example.org']],
    ['an address of nobody', W1, [W1, '192.0.2.1']],
    ['a name below its own', W1, [`x.${W1}`]],
    ['the name as a prefix', W1, ['w-1']],
    ['a certSAN of a node as a pattern', W1, ['x.w-1.example.net']],
    ['an address as a DNS name', W1, [{ type: 'DNS', value: '10.20.0.21' }]],
  ])('%s', (_, node, names) => {
    expect(codes(node, names)).toContain('san-not-allowed');
  });

  it('no name at all', () => {
    expect(codes(W1, [])).toEqual(['san-missing']);
  });

  it('more names than the cluster allows', () => {
    const few = clusterRecord({ ...PROD, limits: { maxNames: 1 } });
    expect(codes(W1, [W1, '10.20.0.21'], domainOf(few), few)).toEqual(['san-too-many']);
  });

  it('an address that a rule matches as the name of a node, outside its ranges', () => {
    const odd = clusterRecord({
      nodeRules: [{ namePattern: '10.*', addressRanges: ['10.50.0.0/24'], role: 'worker' }],
    });
    expect(codes('10.60.0.1', ['10.60.0.1'], domainOf(odd), odd)).toEqual(['san-not-allowed']);
  });

  it('every name is named, with its reason, and none is dropped', () => {
    const [notAllowed, forbidden] = judge(W1, [W1, 'evil.example.org', '10.96.0.1', 'localhost']);
    expect(notAllowed).toMatchObject({
      code: 'san-not-allowed',
      got: 'DNS:evil.example.org, IP:10.96.0.1, DNS:localhost',
    });
    expect(forbidden).toMatchObject({
      code: 'san-forbidden',
      got: 'IP:10.96.0.1 (networking.serviceSubnet (10.96.0.0/12)), DNS:localhost (a name of the loopback)',
    });
  });
});

const FORBIDDEN: [what: string, name: string | AlternativeName][] = [
  ['localhost', 'localhost'],
  ['localhost with a domain', 'localhost.example.net'],
  ['a name below localhost', 'x.localhost'],
  ['the loopback of IPv6 in /etc/hosts', 'ip6-localhost'],
  ['127.0.0.1', '127.0.0.1'],
  ['another loopback address', '127.8.8.8'],
  ['::1', '::1'],
  ['the unspecified address', '0.0.0.0'],
  ['the unspecified address of IPv6', '::'],
  ['a link-local address', '169.254.169.254'],
  ['a link-local address of IPv6', 'fe80::1'],
  ['a multicast address', '224.0.0.1'],
  ['a multicast address of IPv6', 'ff02::1'],
  ['the broadcast address', '255.255.255.255'],
  ['a service address as an IPv4-mapped address', '::ffff:10.96.0.1'],
  ['any IPv4-mapped address', '::ffff:10.50.0.1'],
  ['an IPv4-compatible address', '::10.96.0.1'],
  ['kubernetes', 'kubernetes'],
  ['kubernetes.default', 'kubernetes.default'],
  ['kubernetes.default.svc', 'kubernetes.default.svc'],
  ['the full name of the service', 'kubernetes.default.svc.prod.internal'],
  ['the full name of the service in another domain', 'kubernetes.default.svc.cluster.local'],
  ['upper case', { type: 'DNS', value: 'KUBERNETES.default' }],
  ['a trailing dot', { type: 'DNS', value: 'kubernetes.' }],
  ['the name of any service', 'metrics-server.kube-system.svc'],
  ['the name of any service with its domain', 'web.default.svc.prod.internal'],
  ['the first service address', '10.96.0.1'],
  ['any service address', '10.111.255.254'],
  ['a service address of the second range', 'fd00:96::a'],
  ['an address as a DNS name', { type: 'DNS', value: '10.96.0.1' }],
  ['an address with leading zeros as a DNS name', { type: 'DNS', value: '010.096.0.1' }],
  ['the endpoint', 'api.prod.example.com'],
  ['the endpoint in upper case', { type: 'DNS', value: 'API.prod.example.com' }],
  ['a certSAN of the API servers', 'api-int.prod.example.com'],
  ['an address in certSANs', '10.20.0.10'],
  ['a name that a wildcard in certSANs covers', 'x.api.prod.example.com'],
  ["a certSAN of one node's API server", 'cp-1.example.net'],
  ["an address in certSANs of one node's API server", '203.0.113.11'],
  ['a certSAN of etcd', 'etcd.prod.example.com'],
  ['an address in certSANs of etcd', '10.20.2.1'],
  ['the name of a control plane', CP1],
  ['an address of a control plane', '10.20.0.12'],
  ['an IPv6 address of a control plane', 'fd00:20::11'],
  ['a name that a rule for control planes matches', 'cp-99.prod.example.com'],
  ['an address that a rule for control planes allows', '10.20.1.99'],
  ['the name of another worker', 'w-2.prod.example.com'],
  ['an address of another worker', '10.20.0.22'],
  ["a certSAN of another worker's kubelet", 'w-2.example.net'],
  ['a wildcard', '*.example.net'],
  ['a wildcard that covers the endpoint', '*.prod.example.com'],
  ['a wildcard in the middle', { type: 'DNS', value: 'a.*.com' }],
];

describe.each([
  ['a listed worker', W1],
  ['a worker that a rule matches', BY_RULE],
])('never allows %s, whatever the record allows it,', (_, node) => {
  // its own addresses are the only exception
  it.each(FORBIDDEN)('%s', (_what, name) => {
    expect(codes(node, [node, name])).toContain('san-forbidden');
  });
});

describe('never allows a control plane', () => {
  const own = ['203.0.113.11', 'cp-1.example.net', CP1, 'fd00:20::11'];
  it.each(FORBIDDEN.filter(([, name]) => typeof name !== 'string' || !own.includes(name)))(
    '%s',
    (_what, name) => {
      expect(codes(CP1, [CP1, name])).toContain('san-forbidden');
    },
  );

  it('the endpoint, even if its own entry declares it', () => {
    const [node] = PROD.nodes ?? [];
    if (!node) throw new Error('no node');
    const sans = { certSANs: ['api.prod.example.com'] };
    const odd = clusterRecord({ ...PROD, nodes: [{ ...node, apiServer: sans, kubelet: sans }] });
    expect(codes(CP1, ['api.prod.example.com'], domainOf(odd), odd)).toEqual(['san-forbidden']);
  });
});

it('an address that two nodes list is that of neither', () => {
  const twice = clusterRecord({
    nodes: ['a', 'b', 'c'].map((name) => ({ name, addresses: ['10.0.0.1'], role: 'worker' })),
  });
  expect(judge('a', ['10.0.0.1'], domainOf(twice), twice)).toMatchObject([
    { code: 'san-forbidden', got: 'IP:10.0.0.1 (node a and node b)' },
  ]);
});

it('a worker that a rule matches does not get a name that a wildcard of the API servers covers', () => {
  const wild = clusterRecord({ ...PROD, apiServer: { certSANs: ['*.prod.example.com'] } });
  expect(codes(BY_RULE, [BY_RULE], domainOf(wild), wild)).toEqual(['san-forbidden']);
  expect(codes(W1, [W1], domainOf(wild), wild)).toEqual([]);
});

describe('of another cluster of the trust domain,', () => {
  const servers: [what: string, name: string][] = [
    ['the endpoint', 'api.other.com'],
    ['a certSAN', 'api-int.other.com'],
    ['a service address', '172.30.0.1'],
    ['the name of a control plane', 'cp-9.other.com'],
    ['an address of a control plane', '10.40.0.11'],
    ['a name that a rule for control planes matches', 'cp-1.other.com'],
    ['an address that a rule for control planes allows', '10.41.0.9'],
  ];
  it.each(servers)('%s is forbidden, whether or not its CSRs are signed', (_, name) => {
    for (const its of [other({}), other(SERVING)])
      expect(codes(BY_RULE, [name], domainOf(record, its))).toEqual(['san-forbidden']);
  });

  const kubelets: [what: string, name: string][] = [
    ['the name of a worker', 'w-9.other.com'],
    ['an address of a worker', '10.40.0.21'],
    ['a name that a rule for workers matches', 'w-1.other.com'],
    ['an address that a rule for workers allows', '10.42.0.5'],
    ["a name that a rule allows a worker's kubelet", 'ec2-1.compute.com'],
    ["an address that a rule allows a worker's kubelet", '198.51.100.1'],
  ];
  it.each(kubelets)('%s overlaps if both clusters have serving certificates', (_, name) => {
    expect(codes(BY_RULE, [name], domainOf(record, other(SERVING)))).toEqual(['names-overlap']);
    expect(codes(BY_RULE, [name], domainOf(record, other({})))).toEqual([]);
  });

  it('roles without serving certificates overlap with nothing', () => {
    const its = other({ csrSigning: { kubeletServing: { roles: ['control-plane'] } } });
    expect(codes(BY_RULE, ['10.40.0.21'], domainOf(record, its))).toEqual([]);
  });

  it('an overlap of other nodes does not matter', () => {
    const domain = domainOf(record, other(SERVING));
    expect(judge(BY_RULE, [BY_RULE, '10.50.0.1'], domain)).toEqual([]);
    expect(judge(W1, [W1, '10.20.0.21'], domain)).toEqual([]);
  });

  it('the violation names the cluster and the place', () => {
    const [violation] = judge(BY_RULE, ['10.42.0.5'], domainOf(record, other(SERVING)));
    expect(violation?.got).toBe('IP:10.42.0.5 (nodeRules[1] (10.42.0.0/24) of cluster other)');
  });
});

it('the record that the request is judged by counts, not an older one of the same cluster', () => {
  const old = clusterRecord({ ...PROD, controlPlaneEndpoint: 'asg-7.prod.example.com' });
  expect(judge(BY_RULE, [BY_RULE], domainOf(old))).toEqual([]);
});

describe('for any request,', () => {
  const its = other(SERVING);
  /** Everything that is declared, what is next to it, and what nobody declares. */
  const pool = [...FORBIDDEN.map(([, name]) => name)].flatMap((name) =>
    typeof name === 'string' ? namesOf(name) : [name],
  );
  for (const { name, addresses, kubelet } of [...(PROD.nodes ?? []), ...OTHER_NODES])
    pool.push(...namesOf(name, ...addresses, ...(kubelet?.certSANs ?? [])));
  pool.push(...namesOf('asg-7.prod.example.com', 'a.example.net', 'x.com', 'fd00:50::1'));
  for (let i = 0; i < 60; i += 1)
    pool.push(...namesOf(`10.${(i * 37) % 256}.${i % 5}.${(i * 11) % 256}`, `n-${i}.example.net`));

  /** What the record says, without the code that is tested: IPv4 as a number, patterns as regular expressions. */
  const asNumber = (text: string) =>
    text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const isWithin = (text: string, cidr: string) => {
    const [start = '', length = ''] = cidr.split('/');
    if (text.includes(':') || start.includes(':'))
      return cidr === '::/0' || (text.startsWith('fd00:96::') && cidr.startsWith('fd00:96::'));
    const size = 2 ** (32 - Number(length));
    return Math.floor(asNumber(text) / size) === Math.floor(asNumber(start) / size);
  };
  const matches = (text: string, pattern: string) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[a-z0-9.-]+')}$`).test(text);

  const sansOf = ({ name, addresses, kubelet }: ClusterRecordDocument['nodes'][number]) => [
    name,
    ...addresses,
    ...(kubelet?.certSANs ?? []),
  ];
  const isByRule = ({ type, value }: AlternativeName) => {
    const rule = PROD.nodeRules?.[1];
    return type === 'IP'
      ? rule?.addressRanges.some((range) => isWithin(value, range))
      : value === BY_RULE || rule?.kubelet?.certSANs?.some((sample) => matches(value, sample));
  };
  const isDeclared = (name: AlternativeName, nodeName: string) => {
    const own = PROD.nodes?.find((node) => node.name === nodeName);
    return own ? sansOf(own).includes(name.value) : isByRule(name);
  };
  const isOthers = ({ type, value }: AlternativeName, nodeName: string) => {
    const others = [...(PROD.nodes ?? []).filter(({ name }) => name !== nodeName), ...OTHER_NODES];
    const ranges = ['10.96.0.0/12', 'fd00:96::/108', '172.30.0.0/16', '127.0.0.0/8'];
    return (
      others.flatMap(sansOf).includes(value) ||
      (type === 'IP' && ranges.some((range) => isWithin(value, range))) ||
      /\*|localhost|^kubernetes(\.|$)|[A-Z]|api|svc/.test(value)
    );
  };

  it('what is accepted is declared for the node, and not for another server', () => {
    const random = new Random(14);
    const domain = domainOf(record, its);
    const wrong: unknown[] = [];
    let accepted = 0;
    for (let i = 0; i < 5_000; i += 1) {
      const node = random.pick([W1, CP1, BY_RULE, 'w-2.prod.example.com']);
      const names = Array.from({ length: 1 + random.below(3) }, () => random.pick(pool));
      if (judge(node, names, domain).length > 0) continue;
      accepted += 1;
      wrong.push(...names.filter((name) => !isDeclared(name, node) || isOthers(name, node)));
    }
    expect(wrong).toEqual([]);
    expect(accepted).toBeGreaterThan(200);
  });
});
