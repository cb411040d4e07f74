/**
 * What would make kubeadm fail, in the order of its checks (cmd/kubeadm/app/cmd/init.go, phases/certs/certs.go,
 * phases/kubeconfig/kubeconfig.go, preflight/checks.go), and what kubeadm does not check but would break the cluster.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { serverUrlOf } from '../../kubeadm/server-url.ts';
import { certificateNamesFor, csrFromConfig } from '../csr/kubeadm-csr.ts';
import { findCaKeys } from '../disk/ca-keys.ts';
import { describeMisuse, isChainFile, isChainMisused } from '../disk/chain-files.ts';
import { fileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { rowsOf, takeInventory } from '../expiry/inventory.ts';
import { namedFile } from './named-file.ts';

export interface PreflightProblem {
  readonly file: string;
  readonly problem: string;
}

/** kubeadm checks the certificates of ca first, then kubeconfigs, then those of the front proxy, then etcd's. */
const ORDER: readonly string[] = [
  'ca',
  'apiserver',
  'apiserver-kubelet-client',
  'admin.conf',
  'super-admin.conf',
  'kubelet.conf',
  'controller-manager.conf',
  'scheduler.conf',
  'front-proxy-ca',
  'front-proxy-client',
  'etcd-ca',
  'apiserver-etcd-client',
  'etcd-server',
  'etcd-peer',
  'etcd-healthcheck-client',
];

export function findPreflightProblems(
  config: KubeadmConfig,
  folders: NodeFolders,
  now: Date,
): PreflightProblem[] {
  const wanted = certificateNamesFor(config);
  const isWanted = (name: string) =>
    wanted.includes(name as CertificateName) ||
    name === 'ca' ||
    (config.role === 'control-plane' && !CERTIFICATE_NAMES.includes(name as CertificateName));
  const inventory = takeInventory({
    ...folders,
    kubeletDir: undefined, // the kubelet has not run yet
    externalEtcd: config.externalEtcd !== undefined,
    nodeName: config.nodeName,
    namesOf: (name) => (wanted.includes(name) ? csrFromConfig(name, config).contents.names : []),
    now,
  });
  const rows = rowsOf(inventory)
    .filter(({ name }) => isWanted(name))
    .sort((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  return [
    ...manifestsInTheWay(config, folders),
    ...caKeys(folders),
    ...rows.flatMap(({ file, state, problems, notAfter }) =>
      [
        ...(state === 'missing' ? ['it is missing'] : problems),
        ...(notAfter && notAfter <= now ? [`it expired at ${notAfter.toISOString()}`] : []),
      ].map((problem) => ({ file, problem })),
    ),
    ...otherServers(config, folders),
    ...externalEtcdFiles(config),
    ...kubeletAuthority(config, folders),
    ...chains(config, folders),
    ...serviceAccountFiles(config, folders),
    ...kubeletsOwn(folders),
  ];
}

/** Existing kubeconfigs stay as they are. kubeadm only warns about another server, and its components then use it. */
function otherServers(config: KubeadmConfig, folders: NodeFolders): PreflightProblem[] {
  return certificateNamesFor(config).flatMap((name) => {
    const place = placeOf(name, { ...folders, kubeletDir: undefined });
    const found = readPlace(place);
    const server = found.state === 'present' ? found.kubeconfig?.server : undefined;
    const wanted = serverUrlOf(name, config);
    if (server === undefined || asUrl(server) === asUrl(wanted)) return [];
    const problem = `its server is ${server}, but the configuration says ${wanted}`;
    return [{ file: fileOf(place), problem }];
  });
}

/** Without differences that mean nothing, such as a trailing slash. */
const asUrl = (text: string) => (URL.canParse(text) ? new URL(text).href : text);

/** A certificate that an earlier kubelet left: the next one would use it, whatever kubelet.conf contains. */
function kubeletsOwn(folders: NodeFolders): PreflightProblem[] {
  const place = placeOf('kubelet.conf', folders);
  const file = place.kind === 'kubeconfig' ? place.kubeletPem : undefined;
  if (file === undefined || !existsSync(file)) return [];
  const found = readPlace(place);
  if (found.state === 'present' && !found.configured) return []; // kubelet.conf itself names it
  const isSame =
    found.state === 'present' &&
    found.configured?.leaf.fingerprint256 === found.leaf.fingerprint256;
  const problem =
    'the kubelet would use it instead of the certificate in kubelet.conf; move it away';
  return isSame ? [] : [{ file, problem }];
}

function manifestsInTheWay(
  config: KubeadmConfig,
  { kubeconfigDir }: NodeFolders,
): PreflightProblem[] {
  if (config.role === 'worker') return [];
  const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];
  return components
    .map((component) => join(kubeconfigDir, 'manifests', `${component}.yaml`))
    .filter((file) => existsSync(file))
    .map((file) => ({
      file,
      problem: 'it exists: this node already has a control plane',
    }));
}

function caKeys(folders: NodeFolders): PreflightProblem[] {
  return findCaKeys(folders).map((file) => ({
    file,
    problem: 'a CA key is on this node: kubeadm would sign with it',
  }));
}

function externalEtcdFiles({ externalEtcd, role }: KubeadmConfig): PreflightProblem[] {
  if (!externalEtcd || role === 'worker') return [];
  const { caFile, certFile, keyFile } = externalEtcd;
  return [caFile, certFile, keyFile]
    .filter((file) => file !== undefined && !existsSync(file))
    .map((file) => ({ file: file ?? '', problem: 'it is missing (etcd.external)' }));
}

/** In the folder that kubeadm mounts; another path can be one of `extraVolumes`. kubeadm does not check it. */
function kubeletAuthority(config: KubeadmConfig, folders: NodeFolders): PreflightProblem[] {
  const { kubeletAuthority: named, role } = config;
  if (role === 'worker' || named === undefined) return [];
  const { certDir } = folders;
  const file = namedFile(named, config, folders);
  if (existsSync(file)) return [];
  if (!resolvedPath(file).startsWith(`${resolvedPath(certDir)}/`)) return [];
  const problem =
    'it is missing, and kube-apiserver does not start without it (apiServer.extraArgs: kubelet-certificate-authority)';
  return [{ file, problem }];
}

/** What the controller manager publishes to pods, and flags that name a chain as something else. */
function chains(config: KubeadmConfig, folders: NodeFolders): PreflightProblem[] {
  const { rootCaFile: published, extraArgs, role, file } = config;
  if (role === 'worker') return [];
  const rootCaFile = published && namedFile(published, config, folders);
  const isLacking =
    rootCaFile !== undefined && isChainFile(rootCaFile, folders) && !existsSync(rootCaFile);
  const missing =
    'it is missing, and kube-controller-manager does not start without it (controllerManager.extraArgs: root-ca-file)';
  return [
    ...(isLacking ? [{ file: rootCaFile, problem: missing }] : []),
    ...extraArgs
      .filter(({ component, name, value }) =>
        isChainMisused(component, name, namedFile(value, config, folders), folders),
      )
      .map(({ name, value }) => ({ file, problem: describeMisuse(name, value) })),
  ];
}

/** kubeadm says "Using existing sa keys" even if they are missing, and the API server then fails. */
function serviceAccountFiles(
  { role, joins }: KubeadmConfig,
  { certDir }: NodeFolders,
): PreflightProblem[] {
  if (role === 'worker') return [];
  return ['sa.key', 'sa.pub']
    .map((name) => join(certDir, name))
    .filter((file) => !existsSync(file))
    .map((file) => ({
      file,
      problem: joins
        ? 'it is missing: pass sa.key of the first control plane with --sa-key-from'
        : 'it is missing',
    }));
}
