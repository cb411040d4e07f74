/**
 * What a kubeadm configuration file says of one node and its cluster, as far as certificates and kubeconfigs depend on
 * it. kubeadm reads an InitConfiguration or a JoinConfiguration and passes over what else is in the file
 * (cmd/kubeadm/app/util/config), so the ClusterConfiguration may stand in the file of a node that joins, too.
 */
import * as z from 'zod/mini';
import { hostOfEndpoint } from '../../lib/cluster/endpoint.ts';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import type { KeyKind } from '../../lib/door/public-key.ts';
import { canonicalIpAddress } from '../../lib/ip-address.ts';
import { isSubdomain, MAX_NODE_NAME_LENGTH } from '../../lib/names.ts';
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../lib/profiles/kubernetes-version.ts';
import type { NodeRole } from '../../lib/profiles/profiles.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { findKind, parseDocument, readDocuments } from './documents.ts';

const text = z.optional(z.string());
const strings = z.optional(z.array(z.string()));
const endpoint = z.optional(
  z.object({ advertiseAddress: text, bindPort: z.optional(z.number().check(z.int())) }),
);
const nodeRegistration = z.optional(z.object({ name: text }));

const clusterSchema = z.object({
  apiVersion: text,
  kubernetesVersion: text,
  clusterName: text,
  certificatesDir: text,
  controlPlaneEndpoint: text,
  networking: z.optional(z.object({ serviceSubnet: text, dnsDomain: text })),
  apiServer: z.optional(z.object({ certSANs: strings })),
  etcd: z.optional(
    z.object({
      local: z.optional(z.object({ serverCertSANs: strings, peerCertSANs: strings })),
      external: z.optional(z.object({ caFile: text, certFile: text, keyFile: text })),
    }),
  ),
  encryptionAlgorithm: z.optional(
    z.enum(['RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256', 'ECDSA-P384']),
  ),
  featureGates: z.optional(z.record(z.string(), z.boolean())),
});
const initSchema = z.object({ nodeRegistration, localAPIEndpoint: endpoint });
const joinSchema = z.object({
  nodeRegistration,
  controlPlane: z.optional(z.nullable(z.object({ localAPIEndpoint: endpoint }))),
  discovery: z.optional(
    z.object({
      bootstrapToken: z.optional(z.object({ apiServerEndpoint: text, caCertHashes: strings })),
    }),
  ),
});

/** The files of an etcd that kubeadm does not run. */
export interface ExternalEtcd {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

export interface NodeConfig {
  /** Where it was read, for messages. */
  readonly file: string;
  readonly role: NodeRole;
  /** Whether the node joins a cluster that runs; else `kubeadm init` makes the cluster on it. */
  readonly joins: boolean;
  readonly nodeName: string;
  /** localAPIEndpoint.advertiseAddress; only control planes have one. */
  readonly advertiseAddress: string | undefined;
  readonly bindPort: number;
  readonly version: KubernetesVersion;
  readonly clusterName: string;
  /** certificatesDir, if it says so. */
  readonly certDir: string | undefined;
  /** As written: `api.example.com:6443`; for a worker without it, discovery.bootstrapToken.apiServerEndpoint. */
  readonly controlPlaneEndpoint: string | undefined;
  /** The fields that subject alternative names come from, as a cluster record has them. */
  readonly nameFields: Record<string, unknown>;
  readonly keyKind: KeyKind;
  readonly kubeconfigKeyKind: KeyKind;
  /** Whether the kubelet of a control plane talks to the API server beside it. */
  readonly kubeletLocalMode: boolean;
  readonly externalEtcd: ExternalEtcd | undefined;
  /** discovery.bootstrapToken.caCertHashes: what a node that joins trusts `ca` by. */
  readonly caCertHashes: readonly string[];
}

/** What the command line says in place of the file, or where the file leaves it open. */
export interface NodeConfigOptions {
  readonly node?: string | undefined;
  readonly role?: NodeRole | undefined;
  readonly join?: boolean | undefined;
}

/** @throws CommandError that says what is wrong or missing in the file */
export function readNodeConfig(
  yaml: string,
  file: string,
  options: NodeConfigOptions = {},
): NodeConfig {
  const documents = readDocuments(yaml, file);
  const find = <T>(schema: z.ZodMiniType<T>, kind: string): T | undefined => {
    const found = findKind(documents, kind);
    return found === undefined ? undefined : parseDocument(schema, found, file, kind);
  };
  const cluster = find(clusterSchema, 'ClusterConfiguration') ?? {};
  const init = find(initSchema, 'InitConfiguration');
  const join = find(joinSchema, 'JoinConfiguration');
  const fail = (problem: string, hint?: string): never => {
    throw new CommandError(EXIT.usage, `${file}: ${problem}`, hint);
  };
  if (init && join && options.join === undefined)
    fail(
      'holds an InitConfiguration and a JoinConfiguration',
      'say which one is meant by --join or --no-join',
    );
  const joins = options.join ?? (join !== undefined && init === undefined);
  const role = options.role ?? (joins && !join?.controlPlane && !init ? 'worker' : 'control-plane');
  if (!joins && role === 'worker')
    fail('kubeadm init makes a control plane; a worker joins (--join)');
  const local =
    (joins ? join?.controlPlane?.localAPIEndpoint : undefined) ?? init?.localAPIEndpoint ?? {};
  const nodeName = (
    options.node ??
    (joins ? join : undefined)?.nodeRegistration?.name ??
    init?.nodeRegistration?.name ??
    ''
  )
    .trim()
    .toLowerCase();
  if (nodeName === '') fail('nodeRegistration.name is missing', 'give the name with --node');
  if (!isSubdomain(nodeName) || nodeName.length > MAX_NODE_NAME_LENGTH)
    fail(
      `the node's name ${nodeName} is no RFC 1123 subdomain of ${MAX_NODE_NAME_LENGTH} characters`,
    );
  const advertiseAddress = local.advertiseAddress || undefined;
  if (role === 'control-plane' && advertiseAddress === undefined)
    fail(
      `${joins ? 'controlPlane.' : ''}localAPIEndpoint.advertiseAddress is missing`,
      'kubeadm would take the address of the default route; a certificate needs to be told',
    );
  if (advertiseAddress !== undefined && canonicalIpAddress(advertiseAddress) === undefined)
    fail(`advertiseAddress ${advertiseAddress} is no IP address`);
  const version = parseKubernetesVersion(cluster.kubernetesVersion ?? '');
  if (!version) {
    return fail(
      `ClusterConfiguration.kubernetesVersion is ${cluster.kubernetesVersion ?? 'missing'}`,
      'a release such as v1.37.2 is needed, since certificates differ between releases. A node that joins takes it from the cluster: copy the ClusterConfiguration of the first control plane into the file',
    );
  }
  const discovery = join?.discovery?.bootstrapToken;
  const controlPlaneEndpoint =
    cluster.controlPlaneEndpoint || (joins ? discovery?.apiServerEndpoint : undefined) || undefined;
  if (controlPlaneEndpoint !== undefined && hostOfEndpoint(controlPlaneEndpoint) === undefined)
    fail(`controlPlaneEndpoint ${controlPlaneEndpoint} is no HOST or HOST:PORT`);
  if (joins && controlPlaneEndpoint === undefined)
    fail(
      'there is neither ClusterConfiguration.controlPlaneEndpoint nor discovery.bootstrapToken.apiServerEndpoint',
      'a node that joins has to know where the API server is',
    );
  const nameFields = withoutUndefined({
    kubernetesVersion: cluster.kubernetesVersion,
    controlPlaneEndpoint: cluster.controlPlaneEndpoint || undefined,
    networking: cluster.networking && withoutUndefined(cluster.networking),
    apiServer: cluster.apiServer && withoutUndefined(cluster.apiServer),
    etcd: cluster.etcd?.local && { local: withoutUndefined(cluster.etcd.local) },
  });
  const config: NodeConfig = {
    file,
    role,
    joins,
    nodeName,
    advertiseAddress,
    bindPort: local.bindPort || 6443,
    version,
    clusterName: cluster.clusterName || 'kubernetes',
    certDir: cluster.certificatesDir || undefined,
    controlPlaneEndpoint,
    nameFields,
    ...keyKindsOf(cluster, version),
    kubeletLocalMode: isKubeletLocal(cluster, version),
    externalEtcd: externalEtcdOf(cluster),
    caCertHashes: discovery?.caCertHashes ?? [],
  };
  clusterRecordOf(config);
  return config;
}

/** What a ClusterConfiguration alone says of a node's folders. @throws CommandError if the text is no configuration */
export function readClusterSettings(
  yaml: string,
  file: string,
): { certDir: string | undefined; externalEtcd: ExternalEtcd | undefined } {
  const found = findKind(readDocuments(yaml, file), 'ClusterConfiguration') ?? {};
  const cluster = parseDocument(clusterSchema, found, file, 'ClusterConfiguration');
  return { certDir: cluster.certificatesDir || undefined, externalEtcd: externalEtcdOf(cluster) };
}

function externalEtcdOf({ etcd }: z.infer<typeof clusterSchema>): ExternalEtcd | undefined {
  if (!etcd?.external) return undefined;
  const { caFile, certFile, keyFile } = etcd.external;
  return {
    caFile: caFile || undefined,
    certFile: certFile || undefined,
    keyFile: keyFile || undefined,
  };
}

/** The configuration as a record of a cluster with this one node: what names are worked out from. */
export function clusterRecordOf(config: NodeConfig) {
  const { record, problems } = parseClusterRecord({
    cluster: 'cluster',
    trustDomain: 'trust-domain',
    ...config.nameFields,
    nodes: [
      {
        name: config.nodeName,
        addresses: [config.advertiseAddress ?? '127.0.0.1'],
        role: config.role,
      },
    ],
  });
  if (record) return record;
  throw new CommandError(EXIT.usage, [`${config.file}:`, ...problems].join('\n  '));
}

/**
 * encryptionAlgorithm (v1beta4), and before it the feature gate PublicKeysECDSA, which left the keys in kubeconfigs RSA
 * up to 1.30 (kubeadm#3072).
 */
function keyKindsOf(
  { encryptionAlgorithm, featureGates }: z.infer<typeof clusterSchema>,
  version: KubernetesVersion,
): Pick<NodeConfig, 'keyKind' | 'kubeconfigKeyKind'> {
  const gate = featureGates?.PublicKeysECDSA === true;
  const keyKind = encryptionAlgorithm ?? (gate ? 'ECDSA-P256' : 'RSA-2048');
  return { keyKind, kubeconfigKeyKind: gate && version.minor < 31 ? 'RSA-2048' : keyKind };
}

/** kubeadm writes empty strings for what is not set (`kubeadm config view`). */
function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== ''),
  );
}

/** The feature gate ControlPlaneKubeletLocalMode: off in 1.31 and 1.32, on from 1.33, for good from 1.35. */
function isKubeletLocal(
  { featureGates }: z.infer<typeof clusterSchema>,
  { minor }: KubernetesVersion,
): boolean {
  if (minor < 31 || minor >= 35) return minor >= 35;
  return featureGates?.ControlPlaneKubeletLocalMode ?? minor >= 33;
}
