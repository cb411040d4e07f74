/** What a run may queue: a limited number of requests of each node, the oldest and some others, and of all nodes together. */
import { createHash } from 'node:crypto';
import type { OpenRequest } from './walk-requests.ts';

/** The cluster of a request's key; the empty text if the key names no cluster. */
export function clusterOf(key: string): string {
  return key.split('/')[1] ?? '';
}

/** The cluster and the node of a request's key. */
export function nodeOf(key: string): string {
  return key.split('/').slice(1, 3).join('/');
}

/** A node has twelve certificates: this leaves room for two request ids. */
const OLDEST_OF_NODE = 25;
/**
 * Others of the node, different ones in each run: the oldest may never be finished, for example because nobody approves
 * them, and all users of a cluster are one node here.
 */
const OTHERS_OF_NODE = 25;
/** Twenty times what a run queues; some megabytes. */
const MOST = 20_000;

interface Kept {
  /** The oldest first. */
  readonly oldest: OpenRequest[];
  readonly others: { readonly request: OpenRequest; readonly rank: string }[];
}

/** Keeps the oldest requests of each node, each once. What is not kept is found by a later run. */
export class Candidates {
  readonly #run: string;
  readonly #byNode = new Map<string, Kept>();
  #kept = 0;
  /** How many were not kept. */
  left = 0;

  /** @param run differs between runs: each keeps others of a node that has too many */
  constructor(run = '') {
    this.#run = run;
  }

  add(request: OpenRequest): void {
    const node = nodeOf(request.key);
    const { oldest, others } = this.#byNode.get(node) ?? { oldest: [], others: [] };
    if ([...oldest, ...others.map((one) => one.request)].some(({ key }) => key === request.key))
      return;
    if (oldest.length === 0 && this.#kept >= MOST) {
      this.left += 1;
      return;
    }
    this.#byNode.set(node, { oldest, others });
    this.#kept += 1;
    const at = oldest.findIndex(({ since }) => since > request.since);
    oldest.splice(at < 0 ? oldest.length : at, 0, request);
    const next = oldest.length > OLDEST_OF_NODE ? oldest.pop() : undefined;
    if (next) this.#addToOthers(others, next);
  }

  #addToOthers(others: Kept['others'], request: OpenRequest): void {
    others.push({ request, rank: rankOf(this.#run, request.key) });
    if (others.length <= OTHERS_OF_NODE) return;
    const last = others.reduce((a, b) => (a.rank > b.rank ? a : b));
    others.splice(others.indexOf(last), 1);
    this.#kept -= 1;
    this.left += 1;
  }

  all(): OpenRequest[] {
    return [...this.#byNode.values()].flatMap(({ oldest, others }) => [
      ...oldest,
      ...others.map(({ request }) => request),
    ]);
  }
}

const rankOf = (run: string, key: string) =>
  createHash('sha256').update(`${run}\n${key}`).digest('hex');
