/** Reads the fields of a cluster record from a kubeadm configuration file. Both use kubeadm's field names. */
import type { KubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import { CommandError } from '../errors.ts';
import type { InitDocument } from '../kubeadm/api-types.ts';
import { isChosenByKubeadm } from '../kubeadm/check-values.ts';
import { readDocuments } from '../kubeadm/read-documents.ts';
import { recordFieldsOf } from '../kubeadm/record-fields.ts';
import { splitDocuments } from '../kubeadm/split-documents.ts';
import { unwrapDocuments } from './wrapped-configuration.ts';

export interface DeclaredCluster {
  /** Named and nested as in a cluster record, and checked as part of one. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The node that the file's InitConfiguration is for, if it gives name and address. */
  readonly node: { readonly name: string; readonly address: string } | undefined;
  /** What the InitConfiguration says about its node. */
  readonly written: { readonly name: string | undefined; readonly address: string | undefined };
  readonly warnings: readonly string[];
}

/**
 * @param release of the cluster, if it is not the one in the file
 * @throws CommandError if the text has no ClusterConfiguration, or one that kubeadm would refuse
 */
export function readDeclaredCluster(
  text: string,
  file: string,
  release?: KubernetesVersion,
): DeclaredCluster {
  const documents = unwrapDocuments(splitDocuments(text, file), file, release);
  const { cluster, init, warnings } = readDocuments(documents, file, release);
  if (!cluster)
    throw new CommandError(
      'usage',
      `${file}: contains no kubeadm ClusterConfiguration`,
      'get that of a running cluster with kubectl -n kube-system get configmap kubeadm-config -o yaml',
    );
  const written = nodeIn(init);
  const { name, address } = written;
  const node = name !== undefined && address !== undefined ? { name, address } : undefined;
  return { fields: recordFieldsOf(cluster), node, written, warnings };
}

function nodeIn(init: InitDocument | undefined): DeclaredCluster['written'] {
  const address = init?.localAPIEndpoint?.advertiseAddress;
  return {
    name: init?.nodeRegistration?.name,
    address: address !== undefined && isChosenByKubeadm(address) ? undefined : address,
  };
}
