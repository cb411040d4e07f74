/** What a kubeadm configuration says of a node, and what is said when it does not say enough. */
import { readNodeConfig } from '../../../client/kubeadm/node-config.ts';
import { serverUrlOf } from '../../../client/kubeadm/server-url.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';

const cluster = (more = '', version = 'v1.37.2') =>
  `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\n${more}\n---\n`;
const init = (address = '10.0.0.1', more = '') =>
  `kind: InitConfiguration\nnodeRegistration: { name: CP-1 }\nlocalAPIEndpoint: { advertiseAddress: "${address}"${more} }\n---\n`;
const join = (more: string) =>
  `kind: JoinConfiguration\nnodeRegistration: { name: w-1 }\n${more}\n---\n`;
const discovery = 'discovery: { bootstrapToken: { apiServerEndpoint: "api:6443" } }';
const endpoint = 'controlPlaneEndpoint: api.example.com';

const refused: [string, string, RegExp][] = [
  ['no version', init() + cluster('', 'stable-1'), /kubernetesVersion is stable-1/],
  ['no cluster configuration', init(), /kubernetesVersion is missing/],
  ['no node name', cluster(), /nodeRegistration.name is missing/],
  ['no address', cluster() + init(''), /advertiseAddress is missing/],
  ['an address that is none', cluster() + init('cp-1'), /is no IP address/],
  ['both kinds', cluster() + init() + join(discovery), /InitConfiguration and a JoinConfiguration/],
  ['a worker that knows no API server', cluster() + join(''), /neither .*controlPlaneEndpoint/],
  [
    'an endpoint with a scheme',
    cluster('controlPlaneEndpoint: https://api') + init(),
    /no HOST or/,
  ],
  [
    'an algorithm that kubeadm lacks',
    cluster('encryptionAlgorithm: Ed25519') + init(),
    /encryptionAlgorithm/,
  ],
  ['an extra name that is none', cluster('apiServer: { certSANs: ["a b"] }') + init(), /certSANs/],
  ['no YAML', 'kind: [', /config.yaml: [^\n]+ at line 1, column 8$/],
];

it.each(refused)('%s is refused, with the file and the field', (_, yaml, problem) => {
  expect(() => readNodeConfig(yaml, 'config.yaml')).toThrow(problem);
});

it('a JoinConfiguration makes a worker, with controlPlane a control plane', () => {
  const read = (more: string) => readNodeConfig(cluster(endpoint) + join(more), 'f');
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

it('the command line says what the file leaves open', () => {
  const both = cluster(endpoint) + init() + join(discovery);
  expect(readNodeConfig(both, 'f', { join: false })).toMatchObject({
    nodeName: 'cp-1',
    joins: false,
  });
  expect(readNodeConfig(both, 'f', { join: true })).toMatchObject({
    nodeName: 'w-1',
    role: 'worker',
  });
  expect(readNodeConfig(both, 'f', { join: true, node: 'w-9' }).nodeName).toBe('w-9');
});

const urls: [string, string, CertificateName, string][] = [
  ['no endpoint: the node itself', cluster() + init(), 'admin.conf', 'https://10.0.0.1:6443'],
  [
    'the endpoint with bindPort',
    cluster(endpoint) + init('10.0.0.1', ', bindPort: 7443'),
    'admin.conf',
    'https://api.example.com:7443',
  ],
  [
    "the endpoint's own port",
    cluster(`${endpoint}:443`) + init(),
    'super-admin.conf',
    'https://api.example.com:443',
  ],
  [
    'IPv6',
    cluster('controlPlaneEndpoint: "[fd00::a]:443"') + init('fd00::1'),
    'admin.conf',
    'https://[fd00::a]:443',
  ],
  [
    'IPv6 of the node',
    cluster(endpoint) + init('fd00:0::1'),
    'scheduler.conf',
    'https://[fd00::1]:6443',
  ],
  [
    'components: the node itself',
    cluster(endpoint) + init(),
    'controller-manager.conf',
    'https://10.0.0.1:6443',
  ],
  [
    'kubelet up to 1.32: the endpoint',
    cluster(endpoint, 'v1.32.0') + init(),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'kubelet from 1.33: the node itself',
    cluster(endpoint, 'v1.33.0') + init(),
    'kubelet.conf',
    'https://10.0.0.1:6443',
  ],
  [
    'kubelet by feature gate',
    cluster(`${endpoint}\nfeatureGates: { ControlPlaneKubeletLocalMode: false }`, 'v1.34.0') +
      init(),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'kubelet of a worker: the endpoint',
    cluster(endpoint) + join(discovery),
    'kubelet.conf',
    'https://api.example.com:6443',
  ],
  [
    'a worker without endpoint: discovery',
    cluster() + join(discovery),
    'kubelet.conf',
    'https://api:6443',
  ],
];

it.each(urls)('server of %s', (_, yaml, name, url) => {
  expect(serverUrlOf(name, readNodeConfig(yaml, 'f'))).toBe(url);
});
