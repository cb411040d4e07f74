/** What a ClusterConfiguration decides, whichever node reads it. */
import { KEY_KINDS, type KeyKind } from '../../lib/csr/public-key.ts';
import type { KubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import type { ClusterDocument } from './api-types.ts';
import { readKubeadmDocuments } from './read-documents.ts';

/** The files of an etcd that kubeadm does not run. */
export interface ExternalEtcd {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

export interface ClusterSettings {
  /** certificatesDir, if it is set. */
  readonly certDir: string | undefined;
  readonly externalEtcd: ExternalEtcd | undefined;
  /** The CA file with which API servers verify kubelets, if `apiServer.extraArgs` names one. */
  readonly kubeletAuthority: string | undefined;
  /** What the controller manager publishes to pods, if `controllerManager.extraArgs` names a file. */
  readonly rootCaFile: string | undefined;
  /** All of `extraArgs`. */
  readonly extraArgs: readonly ExtraArgument[];
}

export interface ExtraArgument {
  /** Named as its manifest. */
  readonly component: string;
  readonly name: string;
  readonly value: string;
}

/** @throws CommandError if the text is not a kubeadm configuration */
export function readClusterSettings(
  text: string,
  file: string,
): ClusterSettings & { readonly warnings: readonly string[] } {
  const { cluster = {}, warnings } = readKubeadmDocuments(text, file);
  return { ...settingsOf(cluster), warnings };
}

export function settingsOf({
  certificatesDir,
  etcd,
  apiServer,
  controllerManager,
  scheduler,
}: ClusterDocument): ClusterSettings {
  const { caFile, certFile, keyFile } = etcd?.external ?? {};
  return {
    certDir: certificatesDir || undefined,
    externalEtcd: etcd?.external && {
      caFile: caFile || undefined,
      certFile: certFile || undefined,
      keyFile: keyFile || undefined,
    },
    kubeletAuthority:
      argumentIn(apiServer?.extraArgs, 'kubelet-certificate-authority') || undefined,
    rootCaFile: argumentIn(controllerManager?.extraArgs, 'root-ca-file') || undefined,
    extraArgs: [
      ...argumentsOf('kube-apiserver', apiServer?.extraArgs),
      ...argumentsOf('kube-controller-manager', controllerManager?.extraArgs),
      ...argumentsOf('kube-scheduler', scheduler?.extraArgs),
      ...argumentsOf('etcd', etcd?.local?.extraArgs),
    ],
  };
}

type Arguments = NonNullable<ClusterDocument['apiServer']>['extraArgs'];

function argumentsOf(component: string, args: Arguments): ExtraArgument[] {
  const pairs = Array.isArray(args)
    ? args.map(({ name, value }): [string, string] => [name ?? '', value ?? ''])
    : Object.entries((args ?? {}) as Readonly<Record<string, string>>);
  return pairs.map(([name, value]) => ({ component, name, value }));
}

/** A map up to v1beta3; since v1beta4 a list, of which the component uses the last entry of a name. */
function argumentIn(args: Arguments, name: string): string | undefined {
  if (Array.isArray(args)) return args.findLast((argument) => argument.name === name)?.value;
  return (args as Readonly<Record<string, string>> | undefined)?.[name];
}

export interface KeyKinds {
  readonly keyKind: KeyKind;
  readonly kubeconfigKeyKind: KeyKind;
}

/**
 * The feature gate PublicKeysECDSA, on or off, takes precedence over encryptionAlgorithm (v1beta4) as long as kubeadm has
 * it (cmd/kubeadm/app/apis/kubeadm/types.go, EncryptionAlgorithmType). Up to 1.30 it did not apply to keys in kubeconfigs,
 * which stayed RSA (kubeadm#3072).
 */
export function keyKindsOf(
  { encryptionAlgorithm, featureGates }: ClusterDocument,
  { minor }: KubernetesVersion,
): KeyKinds {
  const gate = featureGates?.PublicKeysECDSA;
  const byField = KEY_KINDS.find((kind) => kind === encryptionAlgorithm) ?? 'RSA-2048';
  const byGate = gate ? 'ECDSA-P256' : 'RSA-2048';
  const keyKind = gate === undefined ? byField : byGate;
  return { keyKind, kubeconfigKeyKind: gate && minor < 31 ? 'RSA-2048' : keyKind };
}

/** The feature gate ControlPlaneKubeletLocalMode: off by default in 1.31 and 1.32, on from 1.33, locked on from 1.35. */
export function isKubeletLocal(
  { featureGates }: ClusterDocument,
  { minor }: KubernetesVersion,
): boolean {
  if (minor < 31 || minor >= 35) return minor >= 35;
  return featureGates?.ControlPlaneKubeletLocalMode ?? minor >= 33;
}
