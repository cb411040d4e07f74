/**
 * The signers of Kubernetes' certificates API that are served, as data. What each one accepts is in
 * pkg/apis/certificates/helpers.go of Kubernetes (ValidateKubeletClientCSR, ValidateKubeletServingCSR) and in
 * pkg/controller/certificates/signer/signer.go (isKubeAPIServerClient).
 */

export interface ApiSigner {
  readonly signerName: string;
  readonly certificateName: 'kubelet-client' | 'kubelet-serving' | 'user';
  /** Where the object is, below the request id. */
  readonly path: string;
  /** Each of these sets is accepted, in any order. */
  readonly usages: readonly (readonly string[])[];
  /** When a CSR is forwarded: once it is approved in the cluster, or while it is pending, to be approved because issued. */
  readonly when: 'approved' | 'pending';
}

const SIGNATURE = 'digital signature';
/** Kubelets request it with RSA keys; up to 1.26 with every key (kubernetes#111660). Both are the same request. */
const ENCIPHERMENT = 'key encipherment';
const CLIENT = 'client auth';
const SERVER = 'server auth';

export const SIGNERS = [
  {
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    certificateName: 'kubelet-client',
    path: 'kubelet-client.json',
    usages: [
      [SIGNATURE, CLIENT],
      [ENCIPHERMENT, SIGNATURE, CLIENT],
    ],
    when: 'approved',
  },
  {
    signerName: 'kubernetes.io/kubelet-serving',
    certificateName: 'kubelet-serving',
    path: 'kubelet-serving.json',
    usages: [
      [SIGNATURE, SERVER],
      [ENCIPHERMENT, SIGNATURE, SERVER],
    ],
    when: 'pending',
  },
  {
    signerName: 'kubernetes.io/kube-apiserver-client',
    certificateName: 'user',
    path: 'user.json',
    usages: [
      [SIGNATURE, CLIENT],
      [ENCIPHERMENT, SIGNATURE, CLIENT],
      [ENCIPHERMENT, CLIENT],
      [CLIENT],
    ],
    when: 'approved',
  },
] as const satisfies readonly ApiSigner[];

/** undefined: CSRs of that signer are not served. */
export function signerOf(signerName: string): ApiSigner | undefined {
  return SIGNERS.find((signer) => signer.signerName === signerName);
}

/** @param path below the request id, such as `kubelet-client.json` */
export function signerOfPath(path: string): ApiSigner | undefined {
  return SIGNERS.find((signer) => signer.path === path);
}

/** Usages are a set: in any order, and one that is named twice counts once. */
export function acceptsUsages({ usages }: ApiSigner, requested: readonly string[]): boolean {
  const set = new Set(requested);
  return usages.some((one) => one.length === set.size && one.every((usage) => set.has(usage)));
}
