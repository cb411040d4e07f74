/** What the manifest of a static pod says about its component: version, ports, certificate files. */
import { join } from 'node:path';
import * as z from 'zod/mini';
import {
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../../lib/profiles/kubernetes-version.ts';
import { parseYaml, YamlError } from '../../parse-yaml.ts';
import type { Component } from '../disk/components.ts';
import { currentContent } from '../disk/file-change.ts';
import type { NodeFolders } from '../disk/places.ts';

const strings = z.optional(z.array(z.string()));
const securityContext = z.optional(z.nullable(z.object({ runAsUser: z.optional(z.number()) })));
const podSchema = z.object({
  spec: z.object({
    securityContext,
    containers: z.array(
      z.object({
        image: z.optional(z.string()),
        command: strings,
        args: strings,
        securityContext,
      }),
    ),
  }),
});

export interface Manifest {
  readonly file: string;
  readonly version: KubernetesVersion | undefined;
  /** The command and its arguments. */
  readonly words: readonly string[];
  /** `--secure-port=6443` as `secure-port`. */
  readonly flags: ReadonlyMap<string, string>;
  /** Ids of the users that it may run as, apart from its image's (kubeadm's RootlessControlPlane sets one). */
  readonly users: readonly number[];
}

export const manifestsFolder = ({ kubeconfigDir }: NodeFolders) => join(kubeconfigDir, 'manifests');

/** undefined if the component is not a static pod on this node. */
export function readManifest(component: Component, folders: NodeFolders): Manifest | undefined {
  const file = join(manifestsFolder(folders), `${component}.yaml`);
  const text = currentContent(file, false);
  if (text === undefined) return undefined;
  const result = podSchema.safeParse(podIn(text));
  if (!result.success) return { file, version: undefined, words: [], flags: new Map(), users: [] };
  const { spec } = result.data;
  const [container] = spec.containers;
  const words = [...(container?.command ?? []), ...(container?.args ?? [])];
  const flags = words.flatMap((word) => {
    const [, name, value] = /^--([^=]+)=(.*)$/.exec(word) ?? [];
    return name === undefined ? [] : [[name, value ?? ''] as const];
  });
  const tag = container?.image?.split(':').at(-1) ?? '';
  // etcd's image tag is not a Kubernetes version
  const version = component === 'etcd' ? undefined : parseKubernetesVersion(tag);
  const users = [spec, container].flatMap((one) => one?.securityContext?.runAsUser ?? []);
  return { file, version, words, flags: new Map(flags), users };
}

/** Nothing for a file that is not YAML: the kubelet does not run it either. */
function podIn(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    return undefined;
  }
}
