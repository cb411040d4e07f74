import type { JsonForm } from '../names.ts';

/** A released Kubernetes version. kubeadm's rules change between minor and, once, between patch releases. */
export interface KubernetesVersion {
  readonly minor: number;
  readonly patch: number;
}

/** Builds carry suffixes (`v1.35.4+vendor`, `v1.37.0-rc.1`); they follow the rules of their release. */
const VERSION = /^v?1\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})(?:[-+][0-9A-Za-z.+-]+)?$/;

export const VERSION_FORM: JsonForm = { pattern: VERSION };

/** The oldest version whose rules the profile table knows. */
export const OLDEST_KUBERNETES_VERSION = '1.19.0';

/** Reads `v1.37.2` or `1.37.2`; undefined for anything else, such as `stable-1` or a missing patch number. */
export function parseKubernetesVersion(text: string): KubernetesVersion | undefined {
  const match = VERSION.exec(text);
  return match ? { minor: Number(match[1]), patch: Number(match[2]) } : undefined;
}

/** Negative, zero or positive, as for `Array.sort`. */
export function compareKubernetesVersions(a: KubernetesVersion, b: KubernetesVersion): number {
  return a.minor - b.minor || a.patch - b.patch;
}
