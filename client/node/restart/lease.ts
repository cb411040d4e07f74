/**
 * The restart lease of a cluster, `leases/<cluster>.json` in the exchange bucket: one node of a cluster restarts
 * components at a time. It expires, so a node that dies while it holds the lease delays the others by minutes only.
 */
import { randomBytes } from 'node:crypto';
import { type LeaseDocument, leaseKey, leaseSchema } from '../../../lib/contract/restart-lease.ts';
import { Fault } from '../../../lib/fault.ts';
import { printable } from '../../../lib/printable.ts';
import { JSON_TYPE } from '../../../lib/store/documents.ts';
import type { BucketObject, ObjectStore } from '../../../lib/store/object-store.ts';
import type { Clock } from '../../clock.ts';
import { CommandError } from '../../errors.ts';
import type { Terminal } from '../../terminal.ts';
import { describeWaiting } from '../../wording/waiting.ts';

/** A lease is about a hundred bytes long. A larger object is not a lease, and is not read. */
export const MAX_LEASE_BYTES = 4096;

/** With a count of the writes of this id: identical bytes have the same ETag, and `If-Match` would miss a write. */
type WrittenLease = LeaseDocument & { readonly writes: number };

/** The holder writes the lease before each component and every minute of a wait, so no wait outlasts it. */
const LEASE_SECONDS = 10 * 60;
const RENEW_EVERY_MS = 60_000;
/**
 * A lease that cannot be renewed is given up this long before it expires, because S3 dates a write before it responds.
 */
const MARGIN_SECONDS = 60;
/** No lease is valid longer than this after its last write, whatever its document says or if it cannot be read. */
export const MAX_LEASE_SECONDS = 15 * 60;
const POLL_MS = 5000;
const ANNOUNCE_EVERY_MS = 60_000;

export interface LeaseDeps {
  readonly store: Pick<ObjectStore, 'get' | 'create' | 'replace'>;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

export interface LeaseOptions {
  readonly cluster: string;
  /** The node that takes the lease. */
  readonly node: string;
  /** How long to wait while another node holds it. */
  readonly waitSeconds: number;
}

export interface HeldLease {
  /**
   * Renews the lease. If S3 does not respond, it returns as long as the last write is still valid.
   * @throws Error if another node has taken the lease, or may have
   */
  extend(): Promise<void>;
  /** Gives the lease to the next node. Never throws. */
  release(): Promise<void>;
}

/**
 * Returns undefined if other nodes held the lease for the whole wait.
 * @throws CommandError if this node may not take it
 */
export async function takeLease(
  deps: LeaseDeps,
  { cluster, node, waitSeconds }: LeaseOptions,
): Promise<HeldLease | undefined> {
  const { clock, terminal } = deps;
  const lease = new Lease(deps, leaseKey(cluster), node);
  if (await takeIfAllowed(lease, cluster, undefined)) return lease;
  const started = clock.monotonic();
  let announced: { readonly holder: string; readonly at: number } | undefined;
  for (;;) {
    const current = await lease.read();
    const holder = current && holderBesides(node, current);
    if (holder === undefined && (await takeIfAllowed(lease, cluster, current))) return lease;
    const now = clock.monotonic();
    const leftMs = started + waitSeconds * 1000 - now;
    if (leftMs <= 0) return undefined;
    const other = holder ?? 'another node';
    if (announced?.holder !== other || now - announced.at >= ANNOUNCE_EVERY_MS) {
      const what = `${other} to finish restarting its components`;
      terminal.progress(describeWaiting(what, leftMs / 1000));
      announced = { holder: other, at: now };
    }
    await clock.sleep(Math.min(POLL_MS, leftMs));
  }
}

/** Only control planes may write the lease, because only they have static pods. */
async function takeIfAllowed(
  lease: Lease,
  cluster: string,
  current: BucketObject | undefined,
): Promise<boolean> {
  try {
    return await lease.take(current);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'not-allowed') throw error;
    throw new CommandError(
      'denied',
      `this node may not take the restart lease of cluster ${cluster}, which only control planes may: ${error.message}`,
      'if this node is a control plane, ask the operators to declare it as one',
    );
  }
}

/** The other node that holds the lease now. A lease of this node is from an interrupted run, and free. */
function holderBesides(node: string, current: BucketObject): string | undefined {
  const document = parse(current);
  if (document === undefined)
    return current.ageMs < MAX_LEASE_SECONDS * 1000 ? 'an unknown node' : undefined;
  const { holder, seconds } = document;
  if (holder === null || holder === node) return undefined;
  const validMs = Math.min(seconds, MAX_LEASE_SECONDS) * 1000;
  return current.ageMs < validMs ? printable(holder.slice(0, MAX_SHOWN)) : undefined;
}

/** The longest node name (RFC 1123 subdomain). */
const MAX_SHOWN = 253;

/** undefined for an object that is too large for a lease, or that its writer made unreadable: its body is empty then. */
function parse({ body }: BucketObject): LeaseDocument | undefined {
  try {
    return leaseSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch {
    return undefined;
  }
}

class Lease implements HeldLease {
  readonly #store: LeaseDeps['store'];
  readonly #key: string;
  readonly #node: string;
  readonly #clock: Clock;
  readonly #terminal: Terminal;
  readonly #id = randomBytes(8).toString('hex');
  #writes = 0;
  /** By this machine's monotonic clock, taken before the last successful write was sent. */
  #writtenAt: number;
  /** Calls run one after another: two concurrent writes would take the lease from each other. */
  #last: Promise<void> = Promise.resolve();

  constructor({ store, clock, terminal }: LeaseDeps, key: string, node: string) {
    this.#store = store;
    this.#key = key;
    this.#node = node;
    this.#clock = clock;
    this.#terminal = terminal;
    this.#writtenAt = clock.monotonic();
  }

  read(): Promise<BucketObject | undefined> {
    return this.#store.get(this.#key, MAX_LEASE_BYTES);
  }

  /** Takes the lease if it is still as it was read. @param current undefined if there was no lease to read */
  async take(current: BucketObject | undefined): Promise<boolean> {
    const now = this.#clock.monotonic();
    const taken = await (current ? this.#replace(current, this.#node) : this.#create());
    if (taken) this.#writtenAt = now;
    return taken;
  }

  extend(): Promise<void> {
    return this.#inTurn(() => this.#extend());
  }

  release(): Promise<void> {
    return this.#inTurn(() => this.#release());
  }

  async #extend(): Promise<void> {
    try {
      const current = await this.#own();
      if (!current || !(await this.take(current))) throw new LeaseLost();
    } catch (error) {
      const heldSeconds = (this.#clock.monotonic() - this.#writtenAt) / 1000;
      const leftSeconds = LEASE_SECONDS - MARGIN_SECONDS - heldSeconds;
      if (error instanceof LeaseLost || leftSeconds <= 0) throw error;
      this.#terminal.progress(
        `could not renew the restart lease, which is valid for another ${Math.round(leftSeconds)}s: ${messageOf(error)}`,
      );
    }
  }

  async #release(): Promise<void> {
    try {
      const current = await this.#own();
      if (current) await this.#replace(current, null);
    } catch (error) {
      const minutes = LEASE_SECONDS / 60;
      this.#terminal.progress(
        `could not release the restart lease, which expires within ${minutes}m: ${messageOf(error)}`,
      );
    }
  }

  /** The lease, if it is still the one that this run took. */
  async #own(): Promise<BucketObject | undefined> {
    const current = await this.read();
    return current && parse(current)?.id === this.#id ? current : undefined;
  }

  async #create(): Promise<boolean> {
    const text = this.#document(this.#node);
    return (await this.#store.create(this.#key, text, JSON_TYPE)) === 'created';
  }

  /**
   * `changed` may be the response to a retry that met its own earlier write, so the current contents of the object
   * decide.
   */
  async #replace({ eTag }: BucketObject, holder: string | null): Promise<boolean> {
    const text = this.#document(holder);
    if ((await this.#store.replace(this.#key, text, JSON_TYPE, eTag)) === 'replaced') return true;
    const current = await this.read();
    return current !== undefined && Buffer.from(current.body).toString('utf8') === text;
  }

  #document(holder: string | null): string {
    this.#writes += 1;
    const document: WrittenLease = {
      schema: 1,
      holder,
      id: this.#id,
      seconds: LEASE_SECONDS,
      writes: this.#writes,
    };
    return `${JSON.stringify(document)}\n`;
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const next = this.#last.then(action);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

class LeaseLost extends Error {
  override name = 'LeaseLost';
  constructor() {
    super('the restart lease went to another node');
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Returns a function to call again and again during a wait, which renews the lease every minute. It does not wait for
 * the renewal: a component whose manifest is out of its folder must not wait.
 */
export function keepAlive(lease: HeldLease | undefined, clock: Clock): () => void {
  let last = clock.monotonic();
  return () => {
    if (!lease || clock.monotonic() - last < RENEW_EVERY_MS) return;
    last = clock.monotonic();
    // The next component's own call of extend() reports the error.
    lease.extend().catch(() => undefined);
  };
}
