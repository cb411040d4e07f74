/**
 * A stand-in for a kubelet with the static pods of one node: it starts the components that have a manifest, stops those
 * whose manifest goes away (SIGTERM, after thirty seconds SIGKILL), and restarts those that exit. It has no containers, no
 * probes and no growing back-off. The command is the manifest's.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ControlPlane } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import { COMPONENT_NAMES, type ComponentName } from './component.ts';

/** A kubelet learns of a change by inotify, and looks again every twenty seconds. */
const LOOK_MS = 100;
/** terminationGracePeriodSeconds by default. */
const GRACE_MS = 30_000;
/** Before a component that exited is restarted. */
const BACK_OFF_MS = 1000;

export interface PodEvent {
  readonly component: ComponentName;
  readonly what: 'stopping' | 'stopped' | 'started' | 'exited';
  readonly at: number;
}

/** By node. */
export type PodsOfNodes = ReadonlyMap<ClusterNode, StaticPods>;

/** Every node has one while the body runs. */
export async function withStaticPods(
  { nodes }: ControlPlane,
  body: (pods: PodsOfNodes) => Promise<void>,
): Promise<void> {
  const pods = new Map(nodes.map((node) => [node, new StaticPods(node)]));
  try {
    await body(pods);
  } finally {
    await Promise.all([...pods.values()].map((pod) => pod.stop()));
  }
}

export class StaticPods {
  readonly events: PodEvent[] = [];
  readonly #node: ClusterNode;
  readonly #loops: Promise<void>[];
  #stopped = false;

  /** Takes over the components that already run on the node. */
  constructor(node: ClusterNode) {
    this.#node = node;
    this.#loops = COMPONENT_NAMES.map((name) => this.#keep(name));
  }

  /** Stops watching the manifests. Components keep running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #keep(name: ComponentName): Promise<void> {
    const file = this.#node.file(`manifests/${name}.yaml`);
    let known = this.#manifest(file);
    while (!this.#stopped) {
      const manifest = this.#manifest(file);
      const component = this.#node.components.get(name);
      if (manifest !== known && component?.running) {
        this.#note(name, 'stopping');
        await component.stop('SIGTERM', GRACE_MS);
        this.#note(name, 'stopped');
      } else if (manifest !== undefined && manifest === known && component?.running === false) {
        this.#note(name, 'exited');
        await sleep(BACK_OFF_MS);
      }
      if (manifest !== undefined && !this.#node.components.get(name)?.running) {
        this.#node.start(name);
        this.#note(name, 'started');
      }
      known = manifest;
      await sleep(LOOK_MS);
    }
  }

  /** undefined while the file is missing. */
  #manifest(file: string): string | undefined {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  #note(component: ComponentName, what: PodEvent['what']): void {
    this.events.push({ component, what, at: Date.now() });
  }
}

const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
