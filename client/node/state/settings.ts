/** Who this node is and where its files lie: from options first, then from its configuration file. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from '../../errors.ts';
import { KUBEADM_FOLDERS, type NodeFolders, stateDirOf } from '../disk/places.ts';
import { type NodeConfig, readNodeConfig } from './cakeless-yaml.ts';

/** Options that every command on a node has; see `client/commands/node-options.ts`. */
export interface NodeOptions {
  cluster?: string;
  node?: string;
  certDir?: string;
  kubeconfigDir?: string;
  kubeletDir?: string;
  nodeConfig?: string;
  also?: string[];
}

export interface NodeSettings {
  readonly cluster: string | undefined;
  readonly node: string | undefined;
  readonly folders: NodeFolders;
  readonly stateDir: string;
  readonly also: readonly string[];
  readonly config: NodeConfig;
}

/** What a kubeadm configuration on the command line (`--config`) says; it takes precedence over the node's own file. */
export interface KubeadmDefaults {
  readonly certDir?: string | undefined;
}

/**
 * The one default for folders: `--kubeconfig-dir X` on the command line means certificates in `X/pki`, whatever a file
 * says, so that a command on a copy of a node's files never touches the real ones.
 */
export function resolveSettings(options: NodeOptions, kubeadm: KubeadmDefaults = {}): NodeSettings {
  const config = readNodeConfig(options.nodeConfig);
  const kubeconfigDir = resolve(
    options.kubeconfigDir ?? config.kubeconfigDir ?? KUBEADM_FOLDERS.kubeconfigDir,
  );
  const ofFiles =
    options.kubeconfigDir === undefined ? (kubeadm.certDir ?? config.certDir) : undefined;
  const certDir = resolve(options.certDir ?? ofFiles ?? join(kubeconfigDir, 'pki'));
  const kubeletDir = kubeletDirFor(kubeconfigDir, options.kubeletDir ?? config.kubeletDir);
  const folders = {
    ...{ certDir, kubeconfigDir },
    ...(kubeletDir !== undefined && { kubeletDir }),
  };
  return {
    cluster: options.cluster ?? config.cluster,
    node: options.node ?? config.node,
    folders,
    stateDir: stateDirOf(folders),
    also: (options.also ?? config.also ?? []).map((file) => resolve(file)),
    config,
  };
}

/** With kubeconfigs elsewhere it is a copy of a node's files, and this machine's kubelet has nothing to do with it. */
export function kubeletDirFor(kubeconfigDir: string, given: string | undefined) {
  if (given !== undefined) return resolve(given);
  return kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir ? KUBEADM_FOLDERS.kubeletDir : undefined;
}

/** @throws CommandError where there is no folder of kubeconfigs */
export function requireNode({ kubeconfigDir }: NodeFolders): void {
  if (existsSync(kubeconfigDir)) return;
  throw new CommandError('usage', `${kubeconfigDir} is not there: is this a node?`);
}

/** @throws CommandError if cluster or node is said nowhere */
export function whoIsThis({ cluster, node }: Partial<NodeSettings>): {
  cluster: string;
  node: string;
} {
  if (cluster !== undefined && node !== undefined) return { cluster, node };
  const missing = cluster === undefined ? '--cluster' : '--node';
  throw new CommandError(
    'usage',
    `which ${missing.slice(2)} is this? ${missing} is missing`,
    'both may stand in /etc/kubernetes/cakeless.yaml (cluster: …, node: …)',
  );
}
