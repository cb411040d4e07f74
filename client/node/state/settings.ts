/** Who this node is and where its files are: options come first, then cakeless.yaml, then kubeadm's defaults. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from '../../errors.ts';
import { KUBEADM_FOLDERS } from '../disk/kubeadm-folders.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';
import { type CakelessYaml, readCakelessYaml } from './cakeless-yaml.ts';
import { CAKELESS_YAML } from './config-files.ts';

/** Options that every command on a node has; see `client/command-line/node-options.ts`. */
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
  readonly config: CakelessYaml;
}

/** What a kubeadm configuration on the command line (`--config`) says; it takes precedence over the node's own file. */
export interface KubeadmDefaults {
  readonly certDir?: string | undefined;
}

/**
 * The one default for folders: `--kubeconfig-dir X` on the command line means certificates in `X/pki`, and no other
 * files of the node, whatever a file says, so that a command on a copy of a node's files never touches the real ones.
 */
export function resolveSettings(options: NodeOptions, kubeadm: KubeadmDefaults = {}): NodeSettings {
  const config = readCakelessYaml(options.nodeConfig);
  const kubeconfigDir = resolve(
    options.kubeconfigDir ?? config.kubeconfigDir ?? KUBEADM_FOLDERS.kubeconfigDir,
  );
  const ofFiles: CakelessYaml =
    options.kubeconfigDir === undefined
      ? { ...config, certDir: kubeadm.certDir ?? config.certDir }
      : {};
  const certDir = resolve(options.certDir ?? ofFiles.certDir ?? join(kubeconfigDir, 'pki'));
  const kubeletDir = kubeletDirFor(kubeconfigDir, options.kubeletDir ?? ofFiles.kubeletDir);
  const folders: NodeFolders = { certDir, kubeconfigDir, kubeletDir };
  return {
    cluster: options.cluster ?? config.cluster,
    node: options.node ?? config.node,
    folders,
    stateDir: stateDirOf(folders),
    also: (options.also ?? ofFiles.also ?? []).map((file) => resolve(file)),
    config,
  };
}

/** Kubeconfigs in another folder are a copy of a node's files, which this machine's kubelet does not use. */
export function kubeletDirFor(kubeconfigDir: string, given: string | undefined) {
  if (given !== undefined) return resolve(given);
  return kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir ? KUBEADM_FOLDERS.kubeletDir : undefined;
}

/** @throws CommandError if the folder of kubeconfigs does not exist */
export function requireNode({ kubeconfigDir }: NodeFolders): void {
  if (existsSync(kubeconfigDir)) return;
  throw new CommandError(
    'usage',
    `${kubeconfigDir} does not exist; this machine does not look like a node`,
  );
}

/** @throws CommandError if cluster or node is not set */
export function whoIsThis({ cluster, node }: Partial<NodeSettings>): {
  cluster: string;
  node: string;
} {
  if (cluster !== undefined && node !== undefined) return { cluster, node };
  const missing = [
    ...(cluster === undefined ? ['--cluster'] : []),
    ...(node === undefined ? ['--node'] : []),
  ];
  throw new CommandError(
    'usage',
    `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
    `set cluster and node with flags or in ${CAKELESS_YAML}`,
  );
}
