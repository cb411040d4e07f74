/**
 * What a kubeadm configuration file says of one node and its cluster, as far as certificates and kubeconfigs depend on
 * it. kubeadm reads an InitConfiguration or a JoinConfiguration and passes over what else is in the file
 * (cmd/kubeadm/app/util/config), so the ClusterConfiguration may stand in the file of a node that joins, too.
 */
import type * as z from 'zod/mini';
import { hostOfEndpoint } from '../../lib/cluster/endpoint.ts';
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import { canonicalIpAddress } from '../../lib/ip-address.ts';
import { isSubdomain, MAX_NODE_NAME_LENGTH } from '../../lib/names.ts';
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../lib/profiles/kubernetes-version.ts';
import type { NodeRole } from '../../lib/profiles/profiles.ts';
import { CommandError } from '../errors.ts';
import {
  type ClusterSettings,
  isKubeletLocal,
  type KeyKinds,
  keyKindsOf,
  nameFieldsOf,
  settingsOf,
} from './cluster-settings.ts';
import { findKind, parseDocument, readDocuments } from './documents.ts';
import {
  type ClusterDocument,
  clusterSchema,
  type InitDocument,
  initSchema,
  type JoinDocument,
  joinSchema,
} from './schema.ts';

export interface NodeConfig extends KeyKinds, ClusterSettings {
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
  /** As written: `api.example.com:6443`; for a node that joins without it, where it looks for the API server. */
  readonly controlPlaneEndpoint: string | undefined;
  /** The fields that subject alternative names come from, as a cluster record has them. */
  readonly nameFields: Record<string, unknown>;
  /** Whether the kubelet of a control plane talks to the API server beside it. */
  readonly kubeletLocalMode: boolean;
  /** discovery.bootstrapToken.caCertHashes: what a node that joins trusts `ca` by. */
  readonly caCertHashes: readonly string[];
}

/** What the command line says in place of the file, or where the file leaves it open. */
export interface NodeConfigOptions {
  readonly node?: string | undefined;
  /** Used if neither the command line nor the file names the node. */
  readonly defaultNode?: string | undefined;
  readonly role?: NodeRole | undefined;
  readonly join?: boolean | undefined;
  readonly advertiseAddress?: string | undefined;
}

interface Source {
  readonly file: string;
  readonly cluster: ClusterDocument;
  readonly init: InitDocument | undefined;
  readonly join: JoinDocument | undefined;
}

/** @throws CommandError that says what is wrong or missing in the file */
export function readNodeConfig(
  yaml: string,
  file: string,
  options: NodeConfigOptions = {},
): NodeConfig {
  const source = readSource(yaml, file);
  const { cluster, join } = source;
  const kind = kindOf(source, options);
  const version = versionOf(source);
  const config: NodeConfig = {
    file,
    ...kind,
    nodeName: nodeNameOf(source, kind.joins, options),
    ...addressOf(source, kind, options.advertiseAddress),
    version,
    clusterName: cluster.clusterName || 'kubernetes',
    controlPlaneEndpoint: endpointOf(source, kind.joins),
    nameFields: nameFieldsOf(cluster),
    ...settingsOf(cluster),
    ...keyKindsOf(cluster, version),
    kubeletLocalMode: isKubeletLocal(cluster, version),
    caCertHashes: join?.discovery?.bootstrapToken?.caCertHashes ?? [],
  };
  clusterRecordOf(config); // its names are checked before anything is made of them
  return config;
}

/** The configuration as a record of a cluster with this one node: what names are worked out from. */
export function clusterRecordOf(config: NodeConfig): ClusterRecord {
  const { file, nodeName: name, advertiseAddress, role, nameFields } = config;
  const { record, problems } = parseClusterRecord({
    cluster: 'cluster',
    trustDomain: 'trust-domain',
    ...nameFields,
    // a worker's certificate holds no address
    nodes: [{ name, addresses: [advertiseAddress ?? '127.0.0.1'], role }],
  });
  if (record) return record;
  throw new CommandError('usage', [`${file}:`, ...problems].join('\n  '));
}

function readSource(yaml: string, file: string): Source {
  const documents = readDocuments(yaml, file);
  const find = <T>(schema: z.ZodMiniType<T>, kind: string): T | undefined => {
    const found = findKind(documents, kind);
    return found === undefined ? undefined : parseDocument(schema, found, file, kind);
  };
  return {
    file,
    cluster: find(clusterSchema, 'ClusterConfiguration') ?? {},
    init: find(initSchema, 'InitConfiguration'),
    join: find(joinSchema, 'JoinConfiguration'),
  };
}

function fail({ file }: Source, problem: string, hint?: string): never {
  throw new CommandError('usage', `${file}: ${problem}`, hint);
}

/** A JoinConfiguration without `controlPlane` makes a worker, as in kubeadm. */
function kindOf(source: Source, options: NodeConfigOptions): Pick<NodeConfig, 'role' | 'joins'> {
  const { init, join } = source;
  if (init && join && options.join === undefined)
    fail(
      source,
      'holds an InitConfiguration and a JoinConfiguration',
      'say which one is meant by --join or --no-join',
    );
  const joins = options.join ?? (join !== undefined && init === undefined);
  const isWorker = joins && join !== undefined && !join.controlPlane;
  const role = options.role ?? (isWorker ? 'worker' : 'control-plane');
  if (!joins && role === 'worker')
    fail(source, 'kubeadm init makes a control plane; a worker joins (--join)');
  return { role, joins };
}

function versionOf(source: Source): KubernetesVersion {
  const { kubernetesVersion = '' } = source.cluster;
  return (
    parseKubernetesVersion(kubernetesVersion) ??
    fail(
      source,
      `ClusterConfiguration.kubernetesVersion is ${kubernetesVersion || 'missing'}`,
      'a release such as v1.37.2 is needed, since certificates differ between releases. A node that joins takes it from the cluster: copy the ClusterConfiguration of the first control plane into the file',
    )
  );
}

function nodeNameOf(
  source: Source,
  joins: boolean,
  { node, defaultNode }: NodeConfigOptions,
): string {
  const { init, join } = source;
  const written =
    (joins ? join : undefined)?.nodeRegistration?.name ?? init?.nodeRegistration?.name;
  const name = (node ?? written ?? defaultNode ?? '').trim().toLowerCase();
  if (name === '')
    fail(source, 'nodeRegistration.name is missing', 'give the name of the node with --node');
  if (isSubdomain(name) && name.length <= MAX_NODE_NAME_LENGTH) return name;
  return fail(
    source,
    `the node's name ${name} is no RFC 1123 subdomain of ${MAX_NODE_NAME_LENGTH} characters at most`,
  );
}

function addressOf(
  source: Source,
  { role, joins }: Pick<NodeConfig, 'role' | 'joins'>,
  given: string | undefined,
): Pick<NodeConfig, 'advertiseAddress' | 'bindPort'> {
  const { init, join } = source;
  const ofJoin = joins ? join?.controlPlane?.localAPIEndpoint : undefined;
  const { bindPort, ...endpoint } = ofJoin ?? init?.localAPIEndpoint ?? {};
  const advertiseAddress = given ?? endpoint.advertiseAddress ?? '';
  if (role === 'worker') return { advertiseAddress: undefined, bindPort: bindPort || 6443 };
  if (advertiseAddress === '')
    fail(
      source,
      `${joins ? 'controlPlane.' : ''}localAPIEndpoint.advertiseAddress is missing`,
      'kubeadm would take the address of the default route; a certificate needs to be told',
    );
  if (canonicalIpAddress(advertiseAddress) === undefined)
    fail(source, `advertiseAddress ${advertiseAddress} is no IP address`);
  return { advertiseAddress, bindPort: bindPort || 6443 };
}

function endpointOf(source: Source, joins: boolean): string | undefined {
  const { cluster, join } = source;
  const discovered = joins ? join?.discovery?.bootstrapToken?.apiServerEndpoint : undefined;
  const endpoint = cluster.controlPlaneEndpoint || discovered || undefined;
  if (endpoint !== undefined && hostOfEndpoint(endpoint) === undefined)
    fail(source, `controlPlaneEndpoint ${endpoint} is no HOST or HOST:PORT`);
  if (joins && endpoint === undefined)
    fail(
      source,
      'there is neither ClusterConfiguration.controlPlaneEndpoint nor discovery.bootstrapToken.apiServerEndpoint',
      'a node that joins has to know where the API server is',
    );
  return endpoint;
}
