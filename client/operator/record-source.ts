/** Where `cakeless cluster apply` takes a record from: a record file, or a kubeadm configuration. */
import { parseKubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import { CommandError } from '../errors.ts';
import { parseGivenYaml } from '../parse-yaml.ts';
import { unreadableRecord } from '../read-record.ts';
import { readGivenText } from '../read-text.ts';
import type { RecordChange } from './apply-record.ts';
import { buildRecord, checkRecordDocument, type NodeDocument } from './cluster-record.ts';
import { type DeclaredCluster, readDeclaredCluster } from './declared-cluster.ts';

export type RecordSource = Pick<RecordChange, 'build' | 'conflictHint'>;

/** @throws CommandError if the file cannot be read; `build` throws if it is not a cluster record */
export function recordFromFile(cluster: string, file: string): RecordSource {
  const text = readGivenText(file);
  // JSON's own parser has the better messages
  const format = /^\s*\{/.test(text) ? 'json' : 'yaml';
  const document = format === 'json' ? parseJson(text, file) : parseGivenYaml(text, file);
  return {
    build: () => ({
      document,
      record: checkRecordDocument(document, `${file}: not a cluster record`),
    }),
    conflictHint: `run cakeless cluster show ${cluster} -o ${format}, add the change to ${file}, and run the same command again`,
  };
}

export interface KubeadmSource {
  readonly cluster: string;
  readonly trustDomain: string;
  /** Overrides the version in the file. */
  readonly kubernetesVersion: string | undefined;
  readonly nodes: readonly NodeDocument[];
}

const KUBEADM_HINT =
  'certificate names depend on these fields; kubernetesVersion is a full version, and --kubernetes-version v1.37.2 overrides the one in the file';

/** @throws CommandError if the file is not a kubeadm configuration; `build` throws if the record would be invalid */
export function recordFromKubeadm(
  file: string,
  source: KubeadmSource,
  warn: (line: string) => void,
): RecordSource {
  const { cluster, trustDomain, kubernetesVersion, nodes } = source;
  const release =
    kubernetesVersion === undefined ? undefined : parseKubernetesVersion(kubernetesVersion);
  const config = readDeclaredCluster(readGivenText(file), file, release);
  for (const warning of config.warnings) warn(`warning: ${file}: ${warning}`);
  return {
    build: (before) => {
      // It has fields that no kubeadm configuration has; without them, the new record could allow more.
      if (before?.problem !== undefined) throw unreadableRecord(cluster, before.problem);
      const built = buildRecord(cluster, trustDomain, config, nodes, before?.record);
      if (built.nodes.length === 0 && !before?.record?.nodeRules?.length)
        failWithoutNode(file, config);
      const document = kubernetesVersion === undefined ? built : { ...built, kubernetesVersion };
      const heading = `${file}: does not result in a valid cluster record`;
      return { document, record: checkRecordDocument(document, heading, KUBEADM_HINT) };
    },
    conflictHint: 'run the same command again; it starts from the changed record',
  };
}

function failWithoutNode(file: string, { written: { name, address } }: DeclaredCluster): never {
  const missing =
    name === undefined && address === undefined
      ? 'no InitConfiguration with a node'
      : `an InitConfiguration without ${name === undefined ? 'nodeRegistration.name' : 'localAPIEndpoint.advertiseAddress'}`;
  throw new CommandError(
    'usage',
    `${file}: has ${missing}, and the record of a cluster needs at least one node`,
    `name the control-plane nodes with --node ${name ?? 'NAME'}=${address ?? 'ADDRESS'}`,
  );
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(
      'usage',
      `${file}: not JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}
