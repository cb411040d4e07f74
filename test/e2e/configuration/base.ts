/** The configuration that the mutations change: as text, field by field, so that a value can be any YAML. */
import { minorOf } from '../harness/programs.ts';

/** A path such as `ClusterConfiguration.networking.dnsDomain`, and the YAML of its value, on one line. */
export type Fields = ReadonlyMap<string, string>;

/** The API version that the kubeadm of a release prefers. */
export const apiVersionOf = (release: string): string =>
  minorOf(release) >= 31 ? 'v1beta4' : 'v1beta3';

export function baseFields(release: string): Fields {
  const apiVersion = `kubeadm.k8s.io/${apiVersionOf(release)}`;
  // keys on curves are made faster than RSA keys
  const key: [string, string] =
    minorOf(release) >= 31
      ? ['ClusterConfiguration.encryptionAlgorithm', 'ECDSA-P256']
      : ['ClusterConfiguration.featureGates', '{ PublicKeysECDSA: true }'];
  return new Map([
    ['InitConfiguration.apiVersion', apiVersion],
    ['InitConfiguration.kind', 'InitConfiguration'],
    ['InitConfiguration.localAPIEndpoint.advertiseAddress', '10.20.0.11'],
    ['InitConfiguration.nodeRegistration.name', 'cp-1'],
    ['InitConfiguration.nodeRegistration.criSocket', 'unix:///run/containerd/containerd.sock'],
    ['ClusterConfiguration.apiVersion', apiVersion],
    ['ClusterConfiguration.kind', 'ClusterConfiguration'],
    ['ClusterConfiguration.kubernetesVersion', `v${release}`],
    ['ClusterConfiguration.controlPlaneEndpoint', 'api.example.com:6443'],
    ['ClusterConfiguration.networking.serviceSubnet', '172.30.0.0/16'],
    ['ClusterConfiguration.networking.dnsDomain', 'prod.internal'],
    ['ClusterConfiguration.apiServer.certSANs', '[api-int.example.com, 10.20.0.10]'],
    ['ClusterConfiguration.etcd.local.serverCertSANs', '[etcd-1.example.com]'],
    ['ClusterConfiguration.etcd.local.peerCertSANs', '[10.20.2.11]'],
    key,
  ]);
}

/** The text of a configuration. A value of a field replaces all fields below it. */
export function render(fields: Fields): string {
  const documents = ['InitConfiguration', 'ClusterConfiguration'].map((document) =>
    renderBelow(document, fields, 0),
  );
  return documents.filter((text) => text !== '').join('---\n');
}

function renderBelow(path: string, fields: Fields, depth: number): string {
  const names = [...fields.keys()]
    .filter((field) => field.startsWith(`${path}.`))
    .map((field) => field.slice(path.length + 1).split('.')[0] ?? '');
  return [...new Set(names)]
    .map((name) => {
      const here = `${path}.${name}`;
      const value = fields.get(here);
      const indent = '  '.repeat(depth);
      if (value !== undefined) return `${indent}${name}:${value === '' ? '' : ` ${value}`}\n`;
      return `${indent}${name}:\n${renderBelow(here, fields, depth + 1)}`;
    })
    .join('');
}
