/** Building a cluster record from a kubeadm configuration and the record that exists. */
import { buildRecord, checkRecordDocument } from '../../../client/operator/cluster-record.ts';
import { readDeclaredCluster } from '../../../client/operator/declared-cluster.ts';
import { clusterRecordSchema } from '../../../lib/contract/cluster-record.ts';

const CONFIG = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
controlPlaneEndpoint: api.example.com
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
nodeRegistration: { name: cp-1 }
localAPIEndpoint: { advertiseAddress: 10.0.0.1 }
`;
const config = readDeclaredCluster(CONFIG, 'config.yaml');
const build = (known?: object) =>
  buildRecord('prod', 'fleet', config, [], known && clusterRecordSchema.parse(known));

/** A value for every field of a record; a new field needs one here, so that it is not dropped by accident. */
const OWN: Record<string, unknown> = {
  uploaders: ['AWS:AROA:*'],
  approvalRequired: ['apiserver'],
  requiredApprovals: 2,
  limits: { maxNames: 10 },
  allowedKeys: ['RSA-2048'],
  nodeRules: [{ namePattern: 'w-*', role: 'worker', addressRanges: ['10.0.0.0/8'] }],
  users: { organizations: ['team-a'], approvalRequired: false },
  csrSigning: { clusterSigningDuration: '720h', kubeletServing: { roles: ['worker'] } },
};
const DECLARED = [
  ...['kubernetesVersion', 'controlPlaneEndpoint', 'networking', 'apiServer', 'etcd'],
  'certificateValidityPeriod',
];

it.each(Object.keys(clusterRecordSchema.shape).filter((field) => !DECLARED.includes(field)))(
  'keeps %s, which a kubeadm configuration does not have',
  (field) => {
    if (['$schema', 'cluster', 'trustDomain', 'nodes'].includes(field)) return;
    expect(Object.keys(OWN)).toContain(field);
    const own = { [field]: OWN[field] };
    expect(build({ ...build(), ...own })).toEqual({ ...build(), ...own });
  },
);

it('replaces the fields that a kubeadm configuration has, and drops those that the file leaves out', () => {
  const known = { ...build(), kubernetesVersion: 'v1.36.0', certificateValidityPeriod: '720h' };
  expect(build(known)).toEqual(build());
});

it('keeps nodes that are not given, the order of nodes, and the extra fields of those that are given', () => {
  const nodes = [
    { name: 'cp-1', addresses: ['10.9.9.9'], role: 'control-plane', uploaders: ['AWS:AROA:*'] },
    { name: 'w-1', addresses: ['10.0.0.2'], role: 'worker' },
  ];
  expect(build({ ...build(), nodes }).nodes).toEqual([
    { ...nodes[0], addresses: ['10.0.0.1'] },
    nodes[1],
  ]);
});

it('rejects an invalid record and names every invalid field', () => {
  const wrong = { ...build(), kubernetesVersion: 'stable-1', nodes: [{ name: 'X' }] };
  expect(() => checkRecordDocument(wrong, 'record.json: not a cluster record')).toThrow(
    /^record\.json: not a cluster record: kubernetesVersion: .*; nodes\[0\]/,
  );
});
