/**
 * The fields of a kubeadm configuration file that certificates and kubeconfigs of one node depend on. kubeadm reads an
 * InitConfiguration or a JoinConfiguration and ignores other kinds in the file (cmd/kubeadm/app/util/config), so the
 * file of a joining node can also contain the ClusterConfiguration.
 */
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../lib/profiles/kubernetes-version.ts';
import type { NodeRole } from '../../lib/profiles/profiles.ts';
import { CommandError } from '../errors.ts';
import type { ClusterDocument, InitDocument, JoinDocument } from './api-types.ts';
import {
  checkAddress,
  checkRegisteredName,
  isChosenByKubeadm,
  type Remarks,
} from './check-values.ts';
import {
  type ClusterSettings,
  isKubeletLocal,
  type KeyKinds,
  keyKindsOf,
  settingsOf,
} from './cluster-settings.ts';
import { readKubeadmDocuments } from './read-documents.ts';
import { recordFieldsOf } from './record-fields.ts';

export interface KubeadmConfig extends KeyKinds, ClusterSettings {
  /** The path of the file, for messages. */
  readonly file: string;
  readonly role: NodeRole;
  /** Whether the node joins an existing cluster; otherwise `kubeadm init` creates the cluster on it. */
  readonly joins: boolean;
  readonly nodeName: string;
  /** localAPIEndpoint.advertiseAddress; only control planes have one. */
  readonly advertiseAddress: string | undefined;
  readonly bindPort: number;
  readonly version: KubernetesVersion;
  readonly clusterName: string;
  /** As written, such as `api.example.com:6443`; a node that joins without it uses its discovery endpoint. */
  readonly controlPlaneEndpoint: string | undefined;
  /** The fields of a cluster record, which decide subject alternative names. */
  readonly recordFields: Record<string, unknown>;
  /** Whether the kubelet of a control plane uses the API server on its own node. */
  readonly kubeletLocalMode: boolean;
  /** discovery.bootstrapToken.caCertHashes: the pins by which a joining node trusts `ca`. */
  readonly caCertHashes: readonly string[];
  /** What kubeadm ignores in the file, or what other programs may read in another way. */
  readonly warnings: readonly string[];
}

/** Command-line options that override the file or complete it. */
export interface KubeadmConfigOptions {
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
  readonly warnings: string[];
}

/** @throws CommandError that names what is invalid or missing in the file */
export function readKubeadmConfig(
  yaml: string,
  file: string,
  options: KubeadmConfigOptions = {},
): KubeadmConfig {
  const source = readSource(yaml, file);
  const { cluster, join } = source;
  const kind = kindOf(source, options);
  const version = versionOf(source);
  const config: KubeadmConfig = {
    file,
    ...kind,
    nodeName: nodeNameOf(source, kind.joins, options),
    ...addressOf(source, kind, options.advertiseAddress),
    version,
    clusterName: cluster.clusterName || 'kubernetes',
    controlPlaneEndpoint: endpointOf(source, kind.joins),
    recordFields: recordFieldsOf(cluster),
    ...settingsOf(cluster),
    ...keyKindsOf(cluster, version),
    kubeletLocalMode: isKubeletLocal(cluster, version),
    caCertHashes: join?.discovery?.bootstrapToken?.caCertHashes ?? [],
    warnings: source.warnings,
  };
  clusterRecordOf(config); // rejects invalid names before anything depends on them
  return config;
}

/** The configuration as the record of a cluster with only this node, from which the names are derived. */
export function clusterRecordOf(config: KubeadmConfig): ClusterRecord {
  const { file, nodeName: name, advertiseAddress, role, recordFields } = config;
  const { record, problems } = parseClusterRecord({
    cluster: 'cluster',
    trustDomain: 'trust-domain',
    ...recordFields,
    // any address will do: a worker's certificate contains none
    nodes: [{ name, addresses: [advertiseAddress ?? '127.0.0.1'], role }],
  });
  if (record) return record;
  throw new CommandError('usage', [`${file}:`, ...problems]);
}

function readSource(yaml: string, file: string): Source {
  const { cluster = {}, init, join, warnings } = readKubeadmDocuments(yaml, file);
  return { file, cluster, init, join, warnings: [...warnings] };
}

function fail({ file }: Source, problem: string, hint?: string): never {
  throw new CommandError('usage', `${file}: ${problem}`, hint);
}

/** A JoinConfiguration without `controlPlane` is for a worker, as in kubeadm. */
function kindOf(
  source: Source,
  options: KubeadmConfigOptions,
): Pick<KubeadmConfig, 'role' | 'joins'> {
  const { init, join } = source;
  if (init && join && options.join === undefined)
    fail(
      source,
      'contains both an InitConfiguration and a JoinConfiguration',
      'choose one with --join or --no-join',
    );
  const joins = options.join ?? (join !== undefined && init === undefined);
  const isWorker = joins && join !== undefined && !join.controlPlane;
  const role = options.role ?? (isWorker ? 'worker' : 'control-plane');
  if (!joins && role === 'worker')
    fail(source, 'a worker cannot be set up with kubeadm init', 'use --join');
  return { role, joins };
}

function versionOf(source: Source): KubernetesVersion {
  const { kubernetesVersion = '' } = source.cluster;
  return (
    parseKubernetesVersion(kubernetesVersion) ??
    fail(
      source,
      `ClusterConfiguration.kubernetesVersion is ${kubernetesVersion || 'missing'}`,
      'set it to a release such as v1.37.2, because certificates differ between releases; for a joining node, copy the ClusterConfiguration of the first control plane into the file',
    )
  );
}

function nodeNameOf(
  source: Source,
  joins: boolean,
  { node, defaultNode }: KubeadmConfigOptions,
): string {
  const { init, join } = source;
  const written =
    (joins ? join : undefined)?.nodeRegistration?.name ?? init?.nodeRegistration?.name;
  const given = (node ?? written ?? defaultNode ?? '').trim();
  if (given === '')
    fail(source, 'nodeRegistration.name is missing', 'set it, or give the node name with --node');
  return checkedBy(source, (remarks) =>
    checkRegisteredName(given, 'nodeRegistration.name', remarks),
  );
}

/** For values that may come from the command line. */
function checkedBy<T>(source: Source, check: (remarks: Remarks) => T): T {
  const problems: string[] = [];
  const value = check({ problems, warnings: source.warnings });
  const [problem] = problems;
  return problem === undefined ? value : fail(source, problem);
}

function addressOf(
  source: Source,
  { role, joins }: Pick<KubeadmConfig, 'role' | 'joins'>,
  given: string | undefined,
): Pick<KubeadmConfig, 'advertiseAddress' | 'bindPort'> {
  const { init, join } = source;
  const ofJoin = joins ? join?.controlPlane?.localAPIEndpoint : undefined;
  const { bindPort, ...endpoint } = ofJoin ?? init?.localAPIEndpoint ?? {};
  const written = given ?? endpoint.advertiseAddress ?? '';
  if (role === 'worker') return { advertiseAddress: undefined, bindPort: bindPort || 6443 };
  const path = `${joins ? 'controlPlane.' : ''}localAPIEndpoint.advertiseAddress`;
  if (written === '' || isChosenByKubeadm(written))
    fail(
      source,
      `${path} is ${written || 'missing'}`,
      'set it in the file: unlike kubeadm, Cakeless does not choose an address of the machine',
    );
  const advertiseAddress = checkedBy(source, (remarks) => checkAddress(written, path, remarks));
  return { advertiseAddress, bindPort: bindPort || 6443 };
}

function endpointOf(source: Source, joins: boolean): string | undefined {
  const { cluster, join } = source;
  const discovered = joins ? join?.discovery?.bootstrapToken?.apiServerEndpoint : undefined;
  const endpoint = cluster.controlPlaneEndpoint || discovered || undefined;
  if (joins && endpoint === undefined)
    fail(
      source,
      'neither ClusterConfiguration.controlPlaneEndpoint nor discovery.bootstrapToken.apiServerEndpoint is set',
      'set one of them: a joining node needs the address of the API server',
    );
  return endpoint;
}
