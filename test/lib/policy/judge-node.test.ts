import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import type { CsrReading } from '../../../lib/csr/read-request.ts';
import type { Judgement } from '../../../lib/policy/issuance-plan.ts';
import { judgeNodeRequest } from '../../../lib/policy/judge-node.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import { DEFAULT_RULE } from '../../../lib/trust-domain-rules.ts';
import {
  apiserverCsr,
  type CsrFields,
  checkedRequest,
  clusterRecord,
  kubeletCsr,
} from '../../support/csr-builder-cluster.ts';

interface Case {
  readonly name: CertificateName;
  readonly csr: CsrFields | undefined;
  readonly node?: string;
  readonly record?: Partial<ClusterRecordDocument>;
  readonly uploader?: string;
}

function judge({ name, csr, node = 'cp-1', record, uploader }: Case): Judgement {
  const path = `${name}.csr`;
  const key = `requests/prod/${node}/r1/${path}`;
  const address = { key, cluster: 'prod', node, requestId: 'r1', path };
  const request = csr && checkedRequest(csr);
  const reading: CsrReading = request
    ? { request, seen: request, violations: [] }
    : { seen: {}, violations: [] };
  return judgeNodeRequest(reading, {
    address,
    certificateName: name,
    record: clusterRecord(record),
    uploader,
    maxValiditySeconds: DEFAULT_RULE.maxValiditySeconds,
  });
}

const kubelet = { name: 'kubelet.conf', csr: kubeletCsr } as const;
const apiserver = { name: 'apiserver', csr: apiserverCsr } as const;
const csrsigning = {
  name: 'cakeless-csrsigning.conf',
  csr: { cn: 'cakeless:csrsigning' },
} as const;
const signing: Partial<ClusterRecordDocument> = { csrSigning: { kubeletClient: {} } };
const admin = (o: string) =>
  ({ name: 'admin.conf', csr: { cn: 'kubernetes-admin', o: [o] } }) as const;
const superAdmin = {
  name: 'super-admin.conf',
  csr: { cn: 'kubernetes-super-admin', o: ['system:masters'] },
} as const;
const kubeletClient = (o: string[]) =>
  ({
    name: 'apiserver-kubelet-client',
    csr: { cn: 'kube-apiserver-kubelet-client', o },
  }) as const;
const ruled: Partial<ClusterRecordDocument> = {
  nodes: [],
  nodeRules: [{ namePattern: 'cp-*', addressRanges: ['10.20.0.0/24'], role: 'control-plane' }],
};
const withMore = (...names: string[]) => ({
  ...apiserver,
  csr: { ...apiserverCsr, names: [...(apiserverCsr.names ?? []), ...names] },
});
const uploaders = ['AWS:AROAEXAMPLE:i-0abc', 'AWS:AROAOTHER:*'];

const refusals: [sentence: string, about: Case, codes: ViolationCode[]][] = [
  ['a good kubelet request is accepted', kubelet, []],
  ['a good apiserver request is accepted', apiserver, []],
  ['another address of the node is accepted', withMore('10.20.1.11'), []],
  ['an address of another node is refused', withMore('10.20.0.21'), ['san-not-allowed']],
  [
    'an undeclared node is refused',
    { ...kubelet, node: 'cp-9' },
    ['node-unknown', 'subject-common-name'],
  ],
  [
    'a worker has no apiserver',
    { ...apiserver, node: 'worker-1' },
    ['certificate-name-role', 'san-missing', 'san-not-allowed'],
  ],
  [
    'a worker has no admin.conf',
    { ...admin('kubeadm:cluster-admins'), node: 'worker-1' },
    ['certificate-name-role'],
  ],
  [
    'the forwarder of a cluster with csrSigning is accepted',
    { ...csrsigning, record: signing },
    [],
  ],
  ['a forwarder without csrSigning is refused', csrsigning, ['csr-signing-not-allowed']],
  [
    'a worker has no forwarder',
    { ...csrsigning, record: signing, node: 'worker-1' },
    ['certificate-name-role'],
  ],
  [
    'a forwarder with an organization is refused',
    { ...csrsigning, record: signing, csr: { cn: 'cakeless:csrsigning', o: ['system:nodes'] } },
    ['subject-organization'],
  ],
  [
    'super-admin.conf does not exist in 1.28',
    { ...superAdmin, record: { kubernetesVersion: 'v1.28.0' } },
    ['certificate-name-version'],
  ],
  [
    'system:masters in admin.conf is refused in 1.29',
    { ...admin('system:masters'), record: { kubernetesVersion: 'v1.29.0' } },
    ['subject-organization'],
  ],
  [
    'cluster-admins in admin.conf are refused in 1.28',
    { ...admin('kubeadm:cluster-admins'), record: { kubernetesVersion: 'v1.28.0' } },
    ['subject-organization'],
  ],
  [
    'the older organization is accepted during an upgrade',
    kubeletClient(['kubeadm:cluster-admins']),
    [],
  ],
  [
    'two organizations where either is accepted are refused',
    kubeletClient(['kubeadm:cluster-admins', 'x']),
    ['subject-organization'],
  ],
  [
    'system:masters for the kubelet client is refused in 1.29',
    kubeletClient(['system:masters']),
    ['subject-organization'],
  ],
  [
    'a name on a client certificate is refused, even one of the node',
    { ...kubelet, csr: { ...kubeletCsr, names: ['cp-1'] } },
    ['san-not-allowed'],
  ],
  [
    'an address of the rule on a client certificate is refused',
    { ...kubelet, record: ruled, csr: { ...kubeletCsr, names: ['10.20.0.11'] } },
    ['san-not-allowed'],
  ],
  ['a node that matches a rule has its own address', { ...apiserver, record: ruled }, []],
  [
    'a node that matches a rule and has no address is refused',
    {
      ...apiserver,
      record: ruled,
      csr: { ...apiserverCsr, names: (apiserverCsr.names ?? []).slice(0, -1) },
    },
    ['san-missing'],
  ],
  [
    'a node that matches a rule and has an address out of range is refused',
    { ...withMore('10.21.0.1'), record: ruled },
    ['san-not-allowed'],
  ],
  [
    'a missing endpoint is refused',
    { ...apiserver, record: { controlPlaneEndpoint: 'api.example.com:6443' } },
    ['san-missing'],
  ],
  [
    'names over the limit of the record are refused',
    { ...apiserver, record: { limits: { maxNames: 6 } } },
    ['san-too-many'],
  ],
  [
    'names at the limit of the record are accepted',
    { ...apiserver, record: { limits: { maxNames: 7 } } },
    [],
  ],
  [
    'a key of another kind is refused',
    { ...kubelet, record: { allowedKeys: ['RSA-2048'] } },
    ['key-not-allowed'],
  ],
  [
    'a key of an allowed kind is accepted',
    { ...kubelet, record: { allowedKeys: ['RSA-2048', 'ECDSA-P256'] } },
    [],
  ],
  [
    'a listed uploader is accepted',
    { ...kubelet, record: { uploaders }, uploader: 'AWS:AROAEXAMPLE:i-0abc' },
    [],
  ],
  [
    'an uploader that matches a prefix is accepted',
    { ...kubelet, record: { uploaders }, uploader: 'AWS:AROAOTHER:i-1' },
    [],
  ],
  [
    'a longer uploader is refused',
    { ...kubelet, record: { uploaders }, uploader: 'AWS:AROAEXAMPLE:i-0abcd' },
    ['uploader-not-allowed'],
  ],
  [
    'an uploader in another case is refused',
    { ...kubelet, record: { uploaders }, uploader: 'aws:AROAEXAMPLE:i-0abc' },
    ['uploader-not-allowed'],
  ],
  [
    'an upload without its event is refused if uploaders are listed',
    { ...kubelet, record: { uploaders: ['*'] } },
    ['uploader-not-allowed'],
  ],
  ['an upload without its event is accepted if no uploaders are listed', kubelet, []],
  [
    'all violations are reported at once',
    {
      name: 'apiserver',
      node: 'worker-1',
      uploader: 'AWS:SOMEONE',
      record: { uploaders, allowedKeys: ['RSA-2048'], limits: { maxNames: 1 } },
      csr: {
        cn: 'kubernetes-admin',
        o: ['system:masters'],
        names: ['evil.example.com', '10.0.0.1'],
      },
    },
    [
      'certificate-name-role',
      'key-not-allowed',
      'san-missing',
      'san-not-allowed',
      'san-too-many',
      'subject-common-name',
      'subject-organization',
      'uploader-not-allowed',
    ],
  ],
  [
    'a CSR that cannot be read is judged by its context',
    { name: 'admin.conf', csr: undefined, node: 'worker-1' },
    ['certificate-name-role'],
  ],
];

it.each(refusals)('%s', (_, about, codes) => {
  const { violations, plan } = judge(about);
  expect([...new Set(violations.map(({ code }) => code))].sort()).toEqual([...codes].sort());
  expect(plan !== undefined).toBe(codes.length === 0);
  for (const { field, got, allowed, fix } of violations)
    expect([field, got, allowed, fix].every((text) => text.length > 0)).toBe(true);
});

it.each<[string, Case, string | undefined]>([
  ['kubelet.conf needs no approval', kubelet, undefined],
  ['super-admin.conf needs approval', superAdmin, 'O=system:masters'],
  [
    'admin.conf of 1.28 needs approval',
    { ...admin('system:masters'), record: { kubernetesVersion: 'v1.28.0' } },
    'O=system:masters',
  ],
  ['admin.conf of 1.29 needs no approval', admin('kubeadm:cluster-admins'), undefined],
  [
    'apiserver-kubelet-client of 1.28 needs approval',
    { ...kubeletClient(['system:masters']), record: { kubernetesVersion: 'v1.28.0' } },
    'O=system:masters',
  ],
  [
    "system:masters of etcd's CA needs no approval",
    {
      name: 'apiserver-etcd-client',
      csr: { cn: 'kube-apiserver-etcd-client', o: ['system:masters'] },
      record: { kubernetesVersion: 'v1.28.0' },
    },
    undefined,
  ],
  [
    'a name that the record lists needs approval',
    { ...kubelet, record: { approvalRequired: ['kubelet.conf'] } },
    'approvalRequired',
  ],
])('%s', (_, about, reason) => {
  const { plan } = judge(about);
  expect(plan).toBeDefined();
  if (reason === undefined) expect(plan?.approvalReason).toBeUndefined();
  else expect(plan?.approvalReason).toContain(reason);
});

it('a plan lists sorted DNS names, then addresses in the order of the CSR', () => {
  const { plan } = judge(apiserver);
  const names = apiserverCsr.names ?? [];
  const isAddress = (name: string) => /^[0-9.]+$/.test(name);
  expect(plan?.names.map(({ value }) => value)).toEqual([
    ...names.filter((name) => !isAddress(name)),
    ...names.filter(isAddress),
  ]);
});
