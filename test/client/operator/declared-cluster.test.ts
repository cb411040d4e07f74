/** The configuration inside a ConfigMap or an object of Cluster API, and files without a node. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDeclaredCluster } from '../../../client/operator/declared-cluster.ts';
import { recordFromKubeadm } from '../../../client/operator/record-source.ts';

const CLUSTER = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.35.4
apiServer: { certSANs: [a.example.com] }
`;
const indented = CLUSTER.replaceAll(/^/gm, '    ').trimEnd();
const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: { name: kubeadm-config, namespace: kube-system }
data:
  ClusterConfiguration: |
${indented}
`;
const read = (text: string) => readDeclaredCluster(text, 'file.yaml');
const FIELDS = { kubernetesVersion: 'v1.35.4', apiServer: { certSANs: ['a.example.com'] } };

const CONTROL_PLANE = `apiVersion: controlplane.cluster.x-k8s.io/v1beta2
kind: KubeadmControlPlane
metadata: { name: prod }
spec:
  version: v1.35.4
  kubeadmConfigSpec:
    clusterConfiguration:
      apiServer: { certSANs: [a.example.com], extraArgs: [{ name: v, value: "2" }] }
      etcd: { local: { serverCertSANs: [b.example.com], imageTag: x } }
      certificateValidityPeriodDays: 90
    joinConfiguration: { nodeRegistration: { name: "{{ ds.meta_data.local_hostname }}" } }
`;
const CAPI_CLUSTER = `---
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata: { name: prod }
spec:
  controlPlaneEndpoint: { host: api.example.com, port: 6443 }
  clusterNetwork:
    services: { cidrBlocks: [172.30.0.0/16, "fd00::/112"] }
    serviceDomain: prod.internal
`;
const WORKERS = `---
apiVersion: bootstrap.cluster.x-k8s.io/v1beta2
kind: KubeadmConfigTemplate
metadata: { name: workers }
spec: { template: { spec: { joinConfiguration: {} } } }
`;

it('reads what kubectl prints of the ConfigMap kubeadm-config', () => {
  expect(read(CONFIG_MAP).fields).toEqual(FIELDS);
});

it('reads it as JSON, too', () => {
  const json = { apiVersion: 'v1', kind: 'ConfigMap', data: { ClusterConfiguration: CLUSTER } };
  expect(read(JSON.stringify(json, null, 2)).fields).toEqual(FIELDS);
});

it('completes a KubeadmControlPlane from the Cluster, as Cluster API does', () => {
  expect(read(CONTROL_PLANE + CAPI_CLUSTER + WORKERS)).toMatchObject({
    fields: {
      ...FIELDS,
      controlPlaneEndpoint: 'api.example.com:6443',
      networking: { serviceSubnet: '172.30.0.0/16,fd00::/112', dnsDomain: 'prod.internal' },
      etcd: { local: { serverCertSANs: ['b.example.com'] } },
      certificateValidityPeriod: '2160h0m0s',
    },
    node: undefined,
    warnings: [],
  });
});

it.each([
  ['KubeadmConfig', (spec: string) => `spec:\n${spec}`],
  [
    'KubeadmConfigTemplate',
    (spec: string) => `spec:\n  template:\n    spec:\n${spec.replaceAll(/^/gm, '    ')}`,
  ],
])('reads a %s', (kind, place) => {
  const spec = `  clusterConfiguration:\n    kubernetesVersion: v1.28.1\n    controlPlaneEndpoint: a:1`;
  const text = `apiVersion: bootstrap.cluster.x-k8s.io/v1beta1\nkind: ${kind}\n${place(spec)}\n`;
  expect(read(text).fields).toEqual({ kubernetesVersion: 'v1.28.1', controlPlaneEndpoint: 'a:1' });
});

it.each([
  [
    'no configuration',
    'apiVersion: apps/v1\nkind: Deployment\n',
    /contains no kubeadm ClusterConfiguration/,
  ],
  [
    'another ConfigMap',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n',
    /ConfigMap x has no data\.ClusterConfiguration/,
  ],
  [
    'two configurations',
    `${CONTROL_PLANE}---\n${CONFIG_MAP}`,
    /several cluster configurations: KubeadmControlPlane prod, ConfigMap kubeadm-config/,
  ],
  [
    'an error inside',
    CONFIG_MAP.replace('[a.example.com]', 'a'),
    /apiServer\.certSANs: must be a list/,
  ],
])('refuses a file with %s', (_, text, problem) => {
  expect(() => read(text)).toThrow(problem);
});

it('the hint says how to get the configuration of a running cluster', () => {
  const hint = expect.stringContaining(
    'kubectl -n kube-system get configmap kubeadm-config -o yaml',
  );
  expect(() => read('apiVersion: apps/v1\nkind: Deployment\n')).toThrow(
    expect.objectContaining({ hint }),
  );
});

it.each([
  ['no node', CLUSTER, 'NAME=ADDRESS', 'no InitConfiguration with a node'],
  [
    'an address only',
    `${CLUSTER}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: { advertiseAddress: 10.0.0.1 }\n`,
    'NAME=10.0.0.1',
    'without nodeRegistration.name',
  ],
  [
    'a name and an address that kubeadm replaces',
    `${CLUSTER}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: { name: cp-1 }\nlocalAPIEndpoint: { advertiseAddress: 0.0.0.0 }\n`,
    'cp-1=ADDRESS',
    'without localAPIEndpoint.advertiseAddress',
  ],
])('cluster apply of a file with %s says --node', (_, text, option, problem) => {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-declared-'));
  try {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, text);
    const declared = {
      cluster: 'prod',
      trustDomain: 'fleet',
      kubernetesVersion: undefined,
      nodes: [],
    };
    const { build } = recordFromKubeadm(file, declared, () => undefined);
    expect(() => build(undefined)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(problem),
        hint: `name the control-plane nodes with --node ${option}`,
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
