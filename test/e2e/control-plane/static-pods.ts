/**
 * What a kubelet does with the manifests of one node: it starts what is there, ends what goes away (SIGTERM, and after
 * half a minute SIGKILL), and starts again what ended by itself. A stand-in: no containers, no probes, no back-off that
 * grows; the command is the manifest's.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ControlPlane } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import { COMPONENT_NAMES, type ComponentName } from './component.ts';

/** A kubelet hears of a change by inotify, and looks again every twenty seconds. */
const LOOK_MS = 100;
/** terminationGracePeriodSeconds, where the manifest has none. */
const GRACE_MS = 30_000;
/** Before what ended by itself is started again. */
const BACK_OFF_MS = 1000;

export interface PodEvent {
  readonly component: ComponentName;
  readonly what: 'ending' | 'ended' | 'started' | 'ended by itself';
  readonly at: number;
}

/** By node. */
export type PodsOfNodes = ReadonlyMap<ClusterNode, StaticPods>;

/** All nodes have one for as long as the body runs. */
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

  /** Takes over what runs on the node already. */
  constructor(node: ClusterNode) {
    this.#node = node;
    this.#loops = COMPONENT_NAMES.map((name) => this.#keep(name));
  }

  /** Looks no more; what runs goes on. */
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
        this.#note(name, 'ending');
        await component.stop('SIGTERM', GRACE_MS);
        this.#note(name, 'ended');
      } else if (manifest !== undefined && manifest === known && component?.running === false) {
        this.#note(name, 'ended by itself');
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

  /** undefined while it is not there. */
  #manifest(file: string): string | undefined {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  #note(component: ComponentName, what: PodEvent['what']): void {
    this.events.push({ component, what, at: Date.now() });
  }
}

const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
