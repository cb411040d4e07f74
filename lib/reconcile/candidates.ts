/** What a run may queue: a limited number of requests of each node, the oldest, and of all nodes together. */
import type { OpenRequest } from './walk-requests.ts';

/** The cluster of a request's key; the empty text if the key names no cluster. */
export function clusterOf(key: string): string {
  return key.split('/')[1] ?? '';
}

/** The cluster and the node of a request's key. */
export function nodeOf(key: string): string {
  return key.split('/').slice(1, 3).join('/');
}

/** A node has twelve certificates: this leaves room for four request ids. */
const MOST_OF_NODE = 50;
/** Twenty times what a run queues; some megabytes. */
const MOST = 20_000;

/** Keeps the oldest requests of each node, each once. What is not kept is found by a later run. */
export class Candidates {
  readonly #byNode = new Map<string, OpenRequest[]>();
  #kept = 0;
  /** How many were not kept. */
  left = 0;

  add(request: OpenRequest): void {
    const node = nodeOf(request.key);
    const known = this.#byNode.get(node) ?? [];
    if (known.some(({ key }) => key === request.key)) return;
    if (known.length === 0 && this.#kept >= MOST) {
      this.left += 1;
      return;
    }
    this.#byNode.set(node, known);
    known.push(request);
    this.#kept += 1;
    if (known.length <= MOST_OF_NODE) return;
    const newest = known.reduce((a, b) => (a.since > b.since ? a : b));
    known.splice(known.indexOf(newest), 1);
    this.#kept -= 1;
    this.left += 1;
  }

  all(): OpenRequest[] {
    return [...this.#byNode.values()].flat();
  }
}
