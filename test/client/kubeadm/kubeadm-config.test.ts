/** Reading a kubeadm configuration for one node, and the errors for an incomplete or invalid one. */
import { readKubeadmConfig } from '../../../client/kubeadm/kubeadm-config.ts';
import { serverUrlOf } from '../../../client/kubeadm/server-url.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';

const cluster = (more = '', version = 'v1.37.2') =>
  `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\n${more}\n---\n`;
const init = (address = '10.0.0.1', more = '') =>
  `apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: { name: CP-1 }\nlocalAPIEndpoint: { advertiseAddress: "${address}"${more} }\n---\n`;
const join = (more: string) =>
  `apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\nnodeRegistration: { name: w-1 }\n${more}\n---\n`;
const discovery = 'discovery: { bootstrapToken: { apiServerEndpoint: "api:6443" } }';
const endpoint = 'controlPlaneEndpoint: api.example.com';

const refused: [string, string, RegExp][] = [
  ['a missing version', init() + cluster('', 'stable-1'), /kubernetesVersion is stable-1/],
  ['a missing ClusterConfiguration', init(), /kubernetesVersion is missing/],
  ['a missing node name', cluster(), /nodeRegistration.name is missing/],
  ['a missing address', cluster() + init(''), /advertiseAddress is missing/],
  ['an invalid address', cluster() + init('cp-1'), /is not an IP address/],
  [
    'an InitConfiguration next to a JoinConfiguration',
    cluster() + init() + join(discovery),
    /InitConfiguration and a JoinConfiguration/,
  ],
  [
    'a worker without the address of the API server',
    cluster() + join(''),
    /neither .*controlPlaneEndpoint/,
  ],
  [
    'an endpoint with a scheme',
    cluster('controlPlaneEndpoint: https://api') + init(),
    /is not HOST or/,
  ],
  [
    'an algorithm that kubeadm does not support',
    cluster('encryptionAlgorithm: Ed25519') + init(),
    /encryptionAlgorithm/,
  ],
  ['an invalid certSAN', cluster('apiServer: { certSANs: ["a b"] }') + init(), /certSANs/],
  ['a file that is not YAML', 'kind: [', /config.yaml: not YAML: [^\n]+ at line 2, column 1$/],
];

it.each(refused)('rejects %s and names the file and the field', (_, yaml, problem) => {
  expect(() => readKubeadmConfig(yaml, 'config.yaml')).toThrow(problem);
});

it.each([
  [
    'a list',
    'v1beta4',
    '[{ name: a, value: b }, { name: NAME, value: x }, { name: NAME, value: z }]',
    'z',
  ],
  ['a map', 'v1beta3', '{ a: b, NAME: z }', 'z'],
  ['a list without it', 'v1beta4', '[{ name: a, value: b }]', undefined],
  ['an empty value', 'v1beta4', '[{ name: NAME, value: "" }]', undefined],
])('the CA file for kubelets is read from extraArgs that are %s', (_, version, args, file) => {
  const named = args.replaceAll('NAME', 'kubelet-certificate-authority');
  const yaml = cluster(`apiServer: { extraArgs: ${named} }`, 'v1.31.0') + init();
  const { kubeletAuthority } = readKubeadmConfig(yaml.replaceAll('v1beta4', version), 'f');
  expect(kubeletAuthority).toBe(file);
});

it('a JoinConfiguration describes a worker, or with controlPlane a control plane', () => {
  const read = (more: string) => readKubeadmConfig(cluster(endpoint) + join(more), 'f');
  expect(read(discovery)).toMatchObject({ joins: true, role: 'worker', nodeName: 'w-1' });
  const local =
    'controlPlane: { localAPIEndpoint: { advertiseAddress: 10.0.0.2, bindPort: 7443 } }';
  expect(read(`${discovery}\n${local}`)).toMatchObject({
    joins: true,
    role: 'control-plane',
    advertiseAddress: '10.0.0.2',
    bindPort: 7443,
  });
});

it('options choose between init and join and override the node name', () => {
  const both = cluster(endpoint) + init() + join(discovery);
  expect(readKubeadmConfig(both, 'f', { join: false })).toMatchObject({
    nodeName: 'cp-1',
    joins: false,
  });
  expect(readKubeadmConfig(both, 'f', { join: true })).toMatchObject({
    nodeName: 'w-1',
    role: 'worker',
  });
  expect(readKubeadmConfig(both, 'f', { join: true, node: 'w-9' }).nodeName).toBe('w-9');
});

const urls: [string, string, CertificateName, string][] = [
  [
    'a cluster without an endpoint: the node itself',
    cluster() + init(),
    'admin.conf',
    'https://10.0.0.1:6443',
  ],
  [
    'an endpoint without a port: bindPort',
    cluster(endpoint) + init('10.0.0.1', ', bindPort: 7443'),
    'admin.conf',
    'https://api.example.com:7443',
  ],
  [
    'an endpoint with a port: that port',
    cluster(`${endpoint}:443`) + init(),
    'super-admin.conf',
    'https://api.example.com:443',
  ],
  [
    'an IPv6 endpoint',
    cluster('controlPlaneEndpoint: "[fd00::a]:443"') + init('fd00::1'),
    'admin.conf',
    'https://[fd00::a]:443',
  ],
  [
    'an IPv6 node',
    cluster(endpoint) + init('fd00:0::1'),
    'scheduler.conf',
    'https://[fd00::1]:6443',
  ],
  [
    'control-plane components: the node itself',
    cluster(endpoint) + init(),
    'controller-manager.conf',
    'https://10.0.0.1:6443',
  ],
  [
    'the kubelet up to 1.32: the endpoint',
    cluster(endpoint, 'v1.32.0') + init(),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'the kubelet from 1.33: the node itself',
    cluster(endpoint, 'v1.33.0') + init(),
    'kubelet.conf',
    'https://10.0.0.1:6443',
  ],
  [
    'the kubelet with the feature gate off: the endpoint',
    cluster(`${endpoint}\nfeatureGates: { ControlPlaneKubeletLocalMode: false }`, 'v1.34.0') +
      init(),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'the kubelet of a worker: the endpoint',
    cluster(endpoint) + join(discovery),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'a worker without an endpoint: the discovery address',
    cluster() + join(discovery),
    'kubelet.conf',
    'https://api:6443',
  ],
];

it.each(urls)('server URL of %s', (_, yaml, name, url) => {
  expect(serverUrlOf(name, readKubeadmConfig(yaml, 'f'))).toBe(url);
});
