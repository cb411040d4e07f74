import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import { formatIpAddress } from '../../../lib/ip-address.ts';
import { clusterRecord, recordDocument } from '../../support/csr-builder-cluster.ts';

const node = { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' };
const rule = { namePattern: 'cp-*', addressRanges: ['10.20.0.0/24'], role: 'control-plane' };

it.each<[wrong: string, changes: object, field: string]>([
  ['a cluster in upper case', { cluster: 'Prod' }, 'cluster'],
  ['a trust domain with a slash', { trustDomain: 'a/b' }, 'trustDomain'],
  ['no version', { kubernetesVersion: undefined }, 'kubernetesVersion'],
  ['a version by name', { kubernetesVersion: 'stable-1' }, 'kubernetesVersion'],
  ['a version that is too old', { kubernetesVersion: 'v1.18.20' }, 'kubernetesVersion'],
  [
    'an endpoint with a scheme',
    { controlPlaneEndpoint: 'https://api:6443' },
    'controlPlaneEndpoint',
  ],
  ['an endpoint with an invalid port', { controlPlaneEndpoint: 'api:0' }, 'controlPlaneEndpoint'],
  ['an empty endpoint', { controlPlaneEndpoint: '' }, 'controlPlaneEndpoint'],
  ['an IPv4-mapped endpoint', { controlPlaneEndpoint: '::ffff:10.0.0.1' }, 'controlPlaneEndpoint'],
  [
    'a service range that is not a CIDR range',
    { networking: { serviceSubnet: '10.96.0.0' } },
    'networking.serviceSubnet',
  ],
  [
    'three service ranges',
    { networking: { serviceSubnet: '10.0.0.0/8,10.0.0.0/8,10.0.0.0/8' } },
    'networking.serviceSubnet',
  ],
  [
    'an empty second range',
    { networking: { serviceSubnet: '10.0.0.0/8,' } },
    'networking.serviceSubnet',
  ],
  [
    'a DNS domain with a trailing dot',
    { networking: { dnsDomain: 'cluster.local.' } },
    'networking.dnsDomain',
  ],
  [
    'a name with an underscore',
    { apiServer: { certSANs: ['ok', 'a_b'] } },
    'apiServer.certSANs[1]',
  ],
  [
    'a wildcard in the middle',
    { etcd: { local: { peerCertSANs: ['a.*.b'] } } },
    'etcd.local.peerCertSANs[0]',
  ],
  [
    'an IPv4-mapped address',
    { etcd: { local: { serverCertSANs: ['::ffff:10.0.0.1'] } } },
    'etcd.local.serverCertSANs[0]',
  ],
  [
    'an address with leading zeros, which programs read in different ways',
    { apiServer: { certSANs: ['010.0.0.1'] } },
    'apiServer.certSANs[0]',
  ],
  [
    'an endpoint with leading zeros',
    { controlPlaneEndpoint: '010.0.0.1:6443' },
    'controlPlaneEndpoint',
  ],
  ['a validity in days', { certificateValidityPeriod: '365d' }, 'certificateValidityPeriod'],
  ['a validity of zero', { certificateValidityPeriod: '0h' }, 'certificateValidityPeriod'],
  ['no list of nodes', { nodes: undefined }, 'nodes'],
  ['an empty list of nodes', { nodes: [] }, 'nodes'],
  ['a node twice', { nodes: [node, node] }, 'nodes'],
  ['a node without addresses', { nodes: [{ ...node, addresses: [] }] }, 'nodes[0].addresses'],
  [
    'a node with a name for an address',
    { nodes: [{ ...node, addresses: ['cp-1'] }] },
    'nodes[0].addresses[0]',
  ],
  ['a node name of 53 characters', { nodes: [{ ...node, name: 'n'.repeat(53) }] }, 'nodes[0].name'],
  ['an unknown role', { nodes: [{ ...node, role: 'master' }] }, 'nodes[0].role'],
  [
    'a pattern with two asterisks',
    { nodeRules: [{ ...rule, namePattern: '*-*' }] },
    'nodeRules[0].namePattern',
  ],
  [
    'a pattern that is a regular expression',
    { nodeRules: [{ ...rule, namePattern: 'cp-[0-9]' }] },
    'nodeRules[0].namePattern',
  ],
  [
    'an address range that is not a CIDR range',
    { nodeRules: [{ ...rule, addressRanges: ['10.0.0.1'] }] },
    'nodeRules[0].addressRanges[0]',
  ],
  ['an empty uploader', { uploaders: [''] }, 'uploaders[0]'],
  ['a name that kubeadm does not have', { approvalRequired: ['kubelet'] }, 'approvalRequired[0]'],
  ['a limit of zero', { limits: { maxNames: 0 } }, 'limits.maxNames'],
  ['half a limit', { limits: { maxNames: 1.5 } }, 'limits.maxNames'],
  ['an unknown kind of key', { allowedKeys: ['ECDSA-P521'] }, 'allowedKeys[0]'],
  ['an unknown field', { certSANs: [] }, 'the document'],
  ['an unknown signer', { csrSigning: { legacyUnknown: {} } }, 'csrSigning'],
  [
    'a signer without a role',
    { csrSigning: { kubeletClient: { roles: [] } } },
    'csrSigning.kubeletClient.roles',
  ],
  [
    'a signing duration below ten minutes, for which no kubelet can ask',
    { csrSigning: { clusterSigningDuration: '599s' } },
    'csrSigning.clusterSigningDuration',
  ],
  [
    'an option for users, whose rule is users',
    { csrSigning: { kubeAPIServerClient: { organizations: ['a'] } } },
    'csrSigning.kubeAPIServerClient',
  ],
  ...['*.prod.example.com', '*', 'W-1', 'w-1.', '010.0.0.1', '::ffff:10.0.0.1', '10.0.0.0/8'].map(
    (name): [string, object, string] => [
      `the kubelet name ${name}`,
      { nodes: [{ ...node, kubelet: { certSANs: [name] } }] },
      'nodes[0].kubelet.certSANs[0]',
    ],
  ),
  ...[
    '*',
    'w-*',
    '*-*.example.com',
    '10.0.0.1',
    '10.0.*.1',
    'fd00::1',
    'W-*.example.com',
    '*.',
  ].map((pattern): [string, object, string] => [
    `the kubelet name pattern ${pattern}`,
    { nodeRules: [{ ...rule, kubelet: { certSANs: [pattern] } }] },
    'nodeRules[0].kubelet.certSANs[0]',
  ]),
  [
    'kubelet addresses that are not a CIDR range',
    { nodeRules: [{ ...rule, kubelet: { addressRanges: ['3.64.0.1'] } }] },
    'nodeRules[0].kubelet.addressRanges[0]',
  ],
  [
    'kubelet address ranges of a listed node',
    { nodes: [{ ...node, kubelet: { addressRanges: ['3.64.0.0/12'] } }] },
    'nodes[0].kubelet',
  ],
  ['an unknown nested field', { networking: { podSubnet: '10.0.0.0/8' } }, 'networking'],
])('names the field of %s', (_, changes, field) => {
  const { record, problems } = parseClusterRecord({ ...recordDocument, ...changes });
  expect(record).toBeUndefined();
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual([field]);
});

it.each([undefined, null, 'prod', 7, []])('%j is not a cluster record', (value) => {
  expect(parseClusterRecord(value).problems).not.toEqual([]);
});

it('names all invalid fields at once', () => {
  const wrong = { ...recordDocument, cluster: '', nodes: [{ ...node, role: 'x', name: 'X' }] };
  const { problems } = parseClusterRecord(wrong);
  expect(problems.map((problem) => problem.split(': ')[0]).sort()).toEqual([
    'cluster',
    'nodes[0].name',
    'nodes[0].role',
  ]);
});

it("uses kubeadm's defaults", () => {
  const record = clusterRecord();
  expect(formatIpAddress(record.serviceRange.octets)).toBe('10.96.0.0');
  expect(record).toMatchObject({
    dnsDomain: 'cluster.local',
    validitySeconds: 31_536_000,
    controlPlaneHost: undefined,
    extraNames: { apiserver: [], etcdServer: [], etcdPeer: [] },
    uploaders: [],
    approvalRequired: [],
    maxNames: undefined,
    allowedKeys: undefined,
  });
});

it('uses the first of two service ranges', () => {
  const networking = { serviceSubnet: 'fd00:30::/112, 172.30.0.0/16' };
  expect(formatIpAddress(clusterRecord({ networking }).serviceRange.octets)).toBe('fd00:30::');
});

it('knows both service ranges', () => {
  const networking = { serviceSubnet: 'fd00:30::/112, 172.30.0.0/16' };
  expect(
    clusterRecord({ networking }).serviceRanges.map(({ octets }) => formatIpAddress(octets)),
  ).toEqual(['fd00:30::', '172.30.0.0']);
});

it.each<[what: string, csrSigning: object | undefined, rule: object | undefined]>([
  ['no csrSigning signs no CSR', undefined, undefined],
  [
    'an empty csrSigning allows no signer, and has the validity of other certificates',
    {},
    {
      uploaders: [],
      maxValiditySeconds: 7200,
      kubeletClient: undefined,
      kubeletServing: undefined,
    },
  ],
  [
    'signers are for both roles unless some are named, and ca does not sign serving certificates',
    { kubeletClient: {}, kubeletServing: { roles: ['worker'] }, kubeAPIServerClient: {} },
    {
      kubeletClient: { roles: ['control-plane', 'worker'] },
      kubeletServing: { roles: ['worker'], signByCA: false },
      kubeAPIServerClient: {},
    },
  ],
  [
    'the words of kube-controller-manager',
    {
      uploaders: ['AWS:AROA:*'],
      clusterSigningDuration: '24h0m0s',
      kubeletServing: { dangerouslySignByCA: true },
    },
    {
      uploaders: ['AWS:AROA:*'],
      maxValiditySeconds: 86_400,
      kubeletServing: { roles: ['control-plane', 'worker'], signByCA: true },
    },
  ],
])('csrSigning: %s', (_, csrSigning, rule) => {
  const record = clusterRecord({
    certificateValidityPeriod: '2h',
    ...(csrSigning && { csrSigning }),
  });
  if (rule) expect(record.csrSigning).toMatchObject(rule);
  else expect(record.csrSigning).toBeUndefined();
});
