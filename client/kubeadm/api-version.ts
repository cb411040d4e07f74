/** Which versions of its API a release of kubeadm reads (cmd/kubeadm/app/util/config/common.go, validateSupportedVersion). */
import type { KubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import type { ApiVersion } from './api-types.ts';

export const KUBEADM_GROUP = 'kubeadm.k8s.io';

/** The first and the last minor release of kubeadm that reads it. */
const READ_BY: Readonly<Record<ApiVersion, readonly [number, number]>> = {
  v1beta1: [13, 21],
  v1beta2: [15, 26],
  v1beta3: [22, 36],
  v1beta4: [31, Number.POSITIVE_INFINITY],
};

/** Versions that no kubeadm of a supported release reads, or only with a flag for experiments. */
const OLD = ['v1alpha1', 'v1alpha2', 'v1alpha3'];

/**
 * Why kubeadm does not read a configuration of this version for a cluster of this release; undefined if it does. A
 * release is set up with kubeadm of the same minor version, or of the next.
 */
export function apiVersionProblem(
  apiVersion: string,
  release: KubernetesVersion | undefined,
): string | undefined {
  const name = `${KUBEADM_GROUP}/${apiVersion}`;
  if (OLD.includes(apiVersion)) return `${name} is an old API version, which kubeadm refuses`;
  if (!isApiVersion(apiVersion))
    return `${name} is not an API version that kubeadm reads: ${Object.keys(READ_BY).join(', ')}`;
  const [first, last] = READ_BY[apiVersion];
  if (release === undefined) return undefined;
  if (release.minor > last)
    return `${name} is an old API version, which kubeadm reads up to 1.${last} and refuses for a cluster of 1.${release.minor}`;
  return release.minor + 1 < first
    ? `kubeadm reads ${name} from 1.${first}, and refuses it for a cluster of 1.${release.minor}`
    : undefined;
}

export const isApiVersion = (text: string): text is ApiVersion => Object.hasOwn(READ_BY, text);

export const MIGRATE_HINT =
  'convert it with kubeadm config migrate --old-config OLD --new-config NEW, with the kubeadm of a release that reads it';
