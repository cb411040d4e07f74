/**
 * The restart lease of a cluster, `leases/<cluster>.json` in the exchange bucket: one node of a cluster restarts
 * components at a time. It ends by itself: a node that died while it held the lease holds up the others for minutes.
 */
import { randomBytes } from 'node:crypto';
import type { LeaseObject, LeaseState } from '../../../lib/aws/s3-lease-object.ts';
import { type LeaseDocument, leaseSchema } from '../../../lib/contract/restart-lease.ts';
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';

/** The holder writes again before each component, and each minute while it waits for one: so no wait is too long. */
const LEASE_SECONDS = 10 * 60;
const KEEP_MS = 60_000;
/** How long before its end a lease that can't be written again is given up: S3's clock began earlier than the answer came. */
const SPARE_SECONDS = 60;
/** Whatever a document says, nobody holds it longer without writing again. */
const MAX_LEASE_SECONDS = 15 * 60;
const POLL_MS = 5000;

export interface HeldLease {
  /**
   * Holds it for another while. An S3 that does not answer is passed over as long as the last write holds.
   * @throws Error if it went to somebody else, or nobody knows any more
   */
  extend(): Promise<void>;
  /** Never fails. */
  release(): Promise<void>;
}

/** @returns undefined if another node held it for all of the time */
export async function takeLease(
  object: LeaseObject,
  node: string,
  waitSeconds: number,
  clock: Clock,
  terminal: Terminal,
): Promise<HeldLease | undefined> {
  const id = randomBytes(8).toString('hex');
  // Without the right to list, S3 does not say that an object is not there (403): so making it comes before reading.
  if ((await write(object, node, id)) === 'written') return held(object, node, id, clock, terminal);
  const deadline = clock.monotonic() + waitSeconds * 1000;
  for (;;) {
    const state = await object.read();
    const other = holderOf(state, node);
    if (state && other === undefined && (await write(object, node, id, state)) === 'written')
      return held(object, node, id, clock, terminal);
    const left = deadline - clock.monotonic();
    if (left <= 0) return undefined;
    terminal.progress(`waiting for ${other ?? 'another node'}, which restarts its components ...`);
    await clock.sleep(Math.min(POLL_MS, left));
  }
}

/** Who else holds it now. A node's own lease from a run that was cut off is its own again. */
function holderOf(state: LeaseState | undefined, node: string): string | undefined {
  const document = state && parse(state.text);
  if (!document || document.holder === null || document.holder === node) return undefined;
  const seconds = Math.min(document.seconds, MAX_LEASE_SECONDS);
  return state.ageMs < seconds * 1000 ? document.holder : undefined;
}

/** A document that can't be read holds nothing: it must not stop a cluster's renewals for good. */
function parse(text: string): LeaseDocument | undefined {
  try {
    return leaseSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function write(object: LeaseObject, holder: string | null, id: string, over?: LeaseState) {
  const document: LeaseDocument = { schema: 1, holder, id, seconds: LEASE_SECONDS };
  return object.write(`${JSON.stringify(document)}\n`, over?.eTag);
}

function held(
  object: LeaseObject,
  node: string,
  id: string,
  clock: Clock,
  terminal: Terminal,
): HeldLease {
  const own = async () => {
    const state = await object.read();
    return state && parse(state.text)?.id === id ? state : undefined;
  };
  let writtenAt = clock.monotonic();
  const extend = async () => {
    const now = clock.monotonic();
    try {
      const state = await own();
      if (!state || (await write(object, node, id, state)) === 'lost') throw new LeaseLost();
      writtenAt = now;
    } catch (error) {
      const left = LEASE_SECONDS - SPARE_SECONDS - (clock.monotonic() - writtenAt) / 1000;
      if (error instanceof LeaseLost || left <= 0) throw error;
      const why = error instanceof Error ? error.message : String(error);
      terminal.progress(`the restart lease holds for ${Math.round(left)} seconds more: ${why}`);
    }
  };
  const release = async () => {
    try {
      const state = await own();
      if (state) await write(object, null, id, state);
    } catch (error) {
      // it ends by itself, and what was done stays done
      const why = error instanceof Error ? error.message : String(error);
      terminal.progress(`the restart lease could not be given back and ends by itself: ${why}`);
    }
  };
  const inTurn = queue();
  return { extend: () => inTurn(extend), release: () => inTurn(release) };
}

export class LeaseLost extends Error {
  override name = 'LeaseLost';
  constructor() {
    super('the restart lease went to another node');
  }
}

/** One after the other: two writes of one holder at once would take the lease from each other. */
function queue(): (action: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (action) => {
    const next = last.then(action);
    last = next.catch(() => undefined);
    return next;
  };
}

/** To be called while something is waited for. Does not wait itself: a component whose manifest is away comes first. */
export function keepAlive(lease: HeldLease | undefined, clock: Clock): () => void {
  let last = clock.monotonic();
  return () => {
    if (!lease || clock.monotonic() - last < KEEP_MS) return;
    last = clock.monotonic();
    // whoever goes on to the next component is told
    lease.extend().catch(() => undefined);
  };
}
