/**
 * kubeadm configurations inside other objects: the ConfigMap kubeadm-config of a running cluster, and the objects of
 * Cluster API, which completes them from its Cluster object as its bootstrap provider does.
 */
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../lib/profiles/kubernetes-version.ts';
import { CommandError } from '../errors.ts';
import { KUBEADM_GROUP } from '../kubeadm/api-version.ts';
import type { GoMap, GoValue } from '../kubeadm/go-yaml/go-yaml.ts';
import { type ConfigDocument, splitDocuments } from '../kubeadm/split-documents.ts';

/** Where the objects of Cluster API have a KubeadmConfigSpec. */
const CONFIG_SPECS: Readonly<Record<string, readonly string[]>> = {
  KubeadmControlPlane: ['spec', 'kubeadmConfigSpec'],
  KubeadmControlPlaneTemplate: ['spec', 'template', 'spec', 'kubeadmConfigSpec'],
  KubeadmConfig: ['spec'],
  KubeadmConfigTemplate: ['spec', 'template', 'spec'],
};

/**
 * The documents as kubeadm knows them; documents that are not inside another object stay as they are.
 * @param release of the cluster, if it is not the one in the file
 */
export function unwrapDocuments(
  documents: readonly ConfigDocument[],
  file: string,
  release?: KubernetesVersion,
): readonly ConfigDocument[] {
  if (documents.some(({ kind }) => kind === 'ClusterConfiguration')) return documents;
  const found = documents.flatMap((document) => {
    const inside = isConfigMap(document)
      ? fromConfigMap(document, file)
      : fromClusterApi(document, documents, release);
    return inside ? [{ name: nameOf(document), inside }] : [];
  });
  if (found.length > 1)
    throw new CommandError(
      'usage',
      `${file}: contains several cluster configurations: ${found.map(({ name }) => name).join(', ')}`,
      'leave only that of the cluster in the file',
    );
  return found[0]?.inside ?? documents;
}

const isConfigMap = ({ group, kind }: ConfigDocument) => group === '' && kind === 'ConfigMap';

function nameOf({ kind, value }: ConfigDocument): string {
  const name = at(value, 'metadata', 'name');
  return typeof name === 'string' ? `${kind} ${name}` : kind;
}

/** `kubectl -n kube-system get configmap kubeadm-config -o yaml` */
function fromConfigMap(document: ConfigDocument, file: string): ConfigDocument[] {
  const text = at(document.value, 'data', 'ClusterConfiguration');
  if (typeof text === 'string') return splitDocuments(text, `${file}: ${nameOf(document)}`);
  throw new CommandError('usage', `${file}: ${nameOf(document)} has no data.ClusterConfiguration`);
}

function fromClusterApi(
  document: ConfigDocument,
  all: readonly ConfigDocument[],
  release: KubernetesVersion | undefined,
): ConfigDocument[] | undefined {
  const { group, kind, value } = document;
  const path = Object.hasOwn(CONFIG_SPECS, kind) ? CONFIG_SPECS[kind] : undefined;
  if (path === undefined || !group.endsWith('.cluster.x-k8s.io')) return undefined;
  const configuration = at(value, ...path, 'clusterConfiguration');
  const isControlPlane = kind.startsWith('KubeadmControlPlane');
  if (!isMap(configuration) && !isControlPlane) return undefined; // of workers
  const cluster = all.find((d) => d.group === 'cluster.x-k8s.io' && d.kind === 'Cluster')?.value;
  const fields = fieldsOf(isMap(configuration) ? configuration : new Map(), cluster, value);
  return [
    {
      group: KUBEADM_GROUP,
      version: apiVersionFor(release ?? versionIn(fields.kubernetesVersion)),
      kind: 'ClusterConfiguration',
      value: new Map(
        Object.entries(fields).flatMap(([key, field]) =>
          field === undefined ? [] : [[key, field] as const],
        ),
      ),
      repeatedKeys: document.repeatedKeys,
    },
  ];
}

const versionIn = (value: GoValue | undefined) =>
  typeof value === 'string' ? parseKubernetesVersion(value) : undefined;

/** Cluster API writes the version that the kubeadm of the release prefers. */
function apiVersionFor(release: KubernetesVersion | undefined): string {
  if (!release || release.minor >= 31) return 'v1beta4';
  return release.minor >= 22 ? 'v1beta3' : 'v1beta2';
}

/** Only what certificates depend on: the rest differs between the versions of Cluster API. */
function fieldsOf(
  own: GoMap,
  cluster: GoMap | undefined,
  owner: GoMap,
): Record<string, GoValue | undefined> {
  const days = own.get('certificateValidityPeriodDays');
  const local = at(own, 'etcd', 'local');
  return {
    kubernetesVersion: own.get('kubernetesVersion') ?? at(owner, 'spec', 'version'),
    controlPlaneEndpoint: own.get('controlPlaneEndpoint') || endpointOf(cluster),
    networking: own.get('networking') ?? networkingOf(cluster),
    apiServer: part(own.get('apiServer'), ['certSANs']),
    etcd: isMap(local)
      ? new Map([['local', part(local, ['serverCertSANs', 'peerCertSANs'])]] as const)
      : undefined,
    certificateValidityPeriod: typeof days === 'number' ? `${days * 24}h0m0s` : undefined,
  };
}

function endpointOf(cluster: GoMap | undefined): GoValue | undefined {
  const [host, port] = ['host', 'port'].map((key) =>
    at(cluster, 'spec', 'controlPlaneEndpoint', key),
  );
  if (typeof host !== 'string' || host === '') return undefined;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return typeof port === 'number' && port > 0 ? `${bracketed}:${port}` : host;
}

function networkingOf(cluster: GoMap | undefined): GoValue | undefined {
  const network = at(cluster, 'spec', 'clusterNetwork');
  const blocks = at(network, 'services', 'cidrBlocks');
  const domain = at(network, 'serviceDomain');
  return new Map<string, GoValue>([
    ...(Array.isArray(blocks) ? ([['serviceSubnet', blocks.join(',')]] as const) : []),
    ...(domain === undefined ? [] : ([['dnsDomain', domain]] as const)),
  ]);
}

function part(value: GoValue | undefined, keys: readonly string[]): GoValue {
  if (!isMap(value)) return value ?? null;
  return new Map([...value].filter(([key]) => keys.includes(key)));
}

const isMap = (value: GoValue | undefined): value is GoMap => value instanceof Map;

function at(value: GoValue | undefined, ...path: string[]): GoValue | undefined {
  return path.reduce<GoValue | undefined>(
    (inner, key) => (isMap(inner) ? inner.get(key) : undefined),
    value,
  );
}
