/**
 * Which CSRs the forwarder knows. Of one signer, common name and requester, older CSRs of kubelets are not kept: their
 * keys no longer exist, and a cluster that had no signer for years may have half a million of them.
 */
import { type CsrFacts, isForKubelet } from './csr-facts.ts';
import { TokenBucket } from './token-bucket.ts';

/** CSRs with one signer, common name and requester. */
export interface Family {
  readonly key: string;
  readonly members: Map<string, Tracked>;
  newestMs: number;
  /** New CSRs of one kubelet come each 15 minutes; one that is in a loop makes one each second. */
  readonly starts: TokenBucket;
}

export interface Tracked {
  facts: CsrFacts;
  readonly family: Family;
}

/** Of a kubelet's CSRs: one a minute, three at once. */
const KUBELET_STARTS = 3;
/** Of a person's: 20 a minute, 20 at once. A person, or a test, may create several. */
const OTHER_STARTS = 20;
const newStarts = ({ signer }: CsrFacts) =>
  isForKubelet(signer)
    ? new TokenBucket(KUBELET_STARTS, 60_000)
    : new TokenBucket(OTHER_STARTS, 3_000);

/**
 * By requester too: someone who can create CSRs in the name of a node must not be able to make that node's own CSR an
 * older one.
 */
const familyKey = ({ signer, commonName = '', username }: CsrFacts): string =>
  JSON.stringify([signer.signerName, commonName, username]);

export type Admission<T> =
  | {
      readonly tracked: T;
      /** Older ones, which it replaces. */
      readonly replaced: readonly T[];
      /** To make room. */
      readonly forgotten: readonly T[];
    }
  /** A newer one is known. */
  | 'superseded'
  /** There are too many. The next list brings it again. */
  | 'full';

/** Times have whole seconds. Of more CSRs in one second than may start, the rest can wait for the next second's. */
const isOlder = ({ createdMs }: CsrFacts, { newestMs, members }: Family): boolean =>
  createdMs < newestMs || (createdMs === newestMs && members.size >= KUBELET_STARTS);

export class Tracker<T extends Tracked> {
  readonly #byUid = new Map<string, T>();
  readonly #families = new Map<string, Family>();
  readonly #most: number;
  readonly #mayForget: (tracked: T) => boolean;

  /**
   * @param most about how many are tracked
   * @param mayForget whether another one may have its place: the next list brings it again
   */
  constructor(most: number, mayForget: (tracked: T) => boolean) {
    this.#most = most;
    this.#mayForget = mayForget;
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): T | undefined {
    return this.#byUid.get(uid);
  }

  all(): Iterable<T> {
    return this.#byUid.values();
  }

  isNewest({ facts, family }: T): boolean {
    return facts.createdMs >= family.newestMs;
  }

  /** Adds a CSR that is not tracked yet, and removes the older ones that it replaces, or one to make room. */
  admit(facts: CsrFacts, make: (common: Tracked) => T): Admission<T> {
    const key = familyKey(facts);
    const known = this.#families.get(key);
    const replaces = isForKubelet(facts.signer);
    if (replaces && known && isOlder(facts, known)) return 'superseded';
    const forgotten = this.#makeRoom();
    // what a node requests itself is admitted in any case: a flood in the name of others must not keep it out
    if (this.#byUid.size >= this.#most && forgotten.length === 0 && !facts.isByNode) return 'full';
    const family = known ?? { key, members: new Map(), newestMs: 0, starts: newStarts(facts) };
    const older = replaces && facts.createdMs > family.newestMs ? this.#members(family) : [];
    for (const one of older) this.remove(one);
    this.#families.set(key, family); // removed with its last member
    family.newestMs = facts.createdMs;
    const tracked = make({ facts, family });
    family.members.set(facts.uid, tracked);
    this.#byUid.set(facts.uid, tracked);
    return { tracked, replaced: older, forgotten };
  }

  #makeRoom(): T[] {
    if (this.#byUid.size < this.#most) return [];
    for (const tracked of this.#byUid.values()) {
      if (!this.#mayForget(tracked)) continue;
      this.remove(tracked);
      return [tracked];
    }
    return [];
  }

  #members({ members }: Family): T[] {
    return [...members.keys()].flatMap((uid) => this.#byUid.get(uid) ?? []);
  }

  remove({ facts: { uid }, family }: T): void {
    this.#byUid.delete(uid);
    family.members.delete(uid);
    if (family.members.size === 0) this.#families.delete(family.key);
  }
}
