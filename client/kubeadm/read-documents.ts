/**
 * Reads a kubeadm configuration file as kubeadm does (cmd/kubeadm/app/util/config): what kubeadm refuses is an error that
 * names the field, what it accepts has the same values, and what it warns of is a warning.
 */
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../lib/profiles/kubernetes-version.ts';
import { CommandError } from '../errors.ts';
import {
  API_TYPES,
  type ClusterDocument,
  type InitDocument,
  type JoinDocument,
  KUBEADM_KINDS,
  type KubeadmKind,
} from './api-types.ts';
import { apiVersionProblem, isApiVersion, KUBEADM_GROUP, MIGRATE_HINT } from './api-version.ts';
import { checkCluster, checkInit, checkJoin } from './check-documents.ts';
import type { Remarks } from './check-values.ts';
import { hintFor } from './field-hints.ts';
import { type DecodeFindings, decode } from './go-types.ts';
import { type ConfigDocument, splitDocuments } from './split-documents.ts';

export interface KubeadmDocuments {
  readonly cluster: ClusterDocument | undefined;
  readonly init: InitDocument | undefined;
  readonly join: JoinDocument | undefined;
  /** What kubeadm ignores, or what other programs may read in another way. */
  readonly warnings: readonly string[];
}

/**
 * @param release of the cluster, if it is not the one in the file
 * @throws CommandError that names what kubeadm would refuse
 */
export function readKubeadmDocuments(
  text: string,
  file: string,
  release?: KubernetesVersion,
): KubeadmDocuments {
  return readDocuments(splitDocuments(text, file), file, release);
}

/** As `readKubeadmDocuments`, for documents that are split already. */
export function readDocuments(
  documents: readonly ConfigDocument[],
  file: string,
  release?: KubernetesVersion,
): KubeadmDocuments {
  refuseRepeatedKinds(documents, file);
  const inFile = documents.find(({ kind }) => kind === 'ClusterConfiguration')?.value;
  const written = inFile?.get('kubernetesVersion');
  const version =
    release ?? (typeof written === 'string' ? parseKubernetesVersion(written) : undefined);
  const warnings: string[] = [];
  const own = documents.filter((document) => isRead(document, file, version, warnings));
  const read = <T>(kind: KubeadmKind, check: (document: T, remarks: Remarks) => T) =>
    own
      .filter((document) => document.kind === kind)
      .map((document) => readOne(document, kind, file, warnings, check))[0];
  return {
    cluster: read<ClusterDocument>('ClusterConfiguration', (document, remarks) =>
      checkCluster(document, version, remarks),
    ),
    init: read<InitDocument>('InitConfiguration', checkInit),
    join: read<JoinDocument>('JoinConfiguration', checkJoin),
    warnings,
  };
}

function refuseRepeatedKinds(documents: readonly ConfigDocument[], file: string): void {
  const kinds = documents.map(({ kind }) => kind);
  const twice = kinds.find((kind, i) => kinds.indexOf(kind) !== i);
  if (twice !== undefined)
    throw new CommandError('usage', `${file}: contains ${twice} twice, which kubeadm refuses`);
}

/** Kinds that `kubeadm reset` and `kubeadm upgrade` read. */
const OTHER_KINDS = ['ResetConfiguration', 'UpgradeConfiguration'];
/** Configurations of components, which kubeadm passes on. */
const COMPONENT_GROUPS = ['kubelet.config.k8s.io', 'kubeproxy.config.k8s.io'];

function isRead(
  { group, version, kind }: ConfigDocument,
  file: string,
  release: KubernetesVersion | undefined,
  warnings: string[],
): boolean {
  const name = [group, version].filter((part) => part !== '').join('/');
  if (group === '')
    throw new CommandError(
      'usage',
      `${file}: contains ${kind} (${name}), and kubeadm refuses a file with documents of this API group`,
    );
  const isKind = (KUBEADM_KINDS as readonly string[]).includes(kind);
  if (group === KUBEADM_GROUP) {
    const problem = apiVersionProblem(version, release);
    if (problem !== undefined)
      throw new CommandError('usage', `${file}: ${kind}: ${problem}`, MIGRATE_HINT);
    if (!isKind && !OTHER_KINDS.includes(kind))
      warnings.push(`${kind} (${name}) is ignored by kubeadm`);
    return isKind;
  }
  if (isKind && kind !== 'JoinConfiguration')
    throw new CommandError('usage', `${file}: ${kind}: ${name} is not an API version of kubeadm`);
  if (!COMPONENT_GROUPS.includes(group)) warnings.push(`${kind} (${name}) is ignored by kubeadm`);
  return false;
}

function readOne<T>(
  { version, value, repeatedKeys }: ConfigDocument,
  kind: KubeadmKind,
  file: string,
  warnings: string[],
  check: (document: T, remarks: Remarks) => T,
): T {
  if (!isApiVersion(version)) throw new Error(`${version} was accepted`);
  const found: DecodeFindings = { problems: [], unknownFields: [] };
  const document = decode({ struct: API_TYPES[version][kind] }, value, found) as T;
  failIfAny(found.problems, kind, file);
  const remarks: Remarks = { problems: [], warnings: [] };
  const checked = check(document, remarks);
  failIfAny(remarks.problems, kind, file);
  warnings.push(
    ...repeatedKeys.map(
      (key) => `${kind}: ${key} is set twice; the last one counts, as in kubeadm`,
    ),
    ...found.unknownFields.map(
      (path) =>
        `${kind}: ${path} is not a field of ${KUBEADM_GROUP}/${version}, so kubeadm ignores it${hintFor(path, kind, version)}`,
    ),
    ...remarks.warnings.map((warning) => `${kind}: ${warning}`),
  );
  return checked;
}

function failIfAny(problems: readonly string[], kind: string, file: string): void {
  if (problems.length === 0) return;
  const named = problems.map((problem) => `${kind}: ${problem}`);
  throw new CommandError('usage', `${file}: ${named.join('; ')}`);
}
