/**
 * The restart lease of a cluster, `leases/<cluster>.json` in the exchange bucket: one node of a cluster restarts
 * components at a time. It ends by itself: a node that died while it held the lease holds up the others for minutes.
 */
import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { LeaseObject, LeaseState } from '../../lib/aws/s3-lease-object.ts';
import type { Clock } from '../clock.ts';
import type { Terminal } from '../terminal.ts';

export const leaseKey = (cluster: string) => `leases/${cluster}.json`;

const leaseSchema = z.object({
  schema: z.literal(1),
  /** The node that holds it; null once it was given back. */
  holder: z.nullable(z.string()),
  /** Tells two holds of one node apart. */
  id: z.string(),
  /** How long it holds from its last write on, in seconds. */
  seconds: z.number(),
});

type LeaseDocument = z.infer<typeof leaseSchema>;

/** A restart of one component may take five minutes; the holder writes again before each. */
const LEASE_SECONDS = 10 * 60;
/** Whatever a document says, nobody holds it longer without writing again. */
const MAX_LEASE_SECONDS = 15 * 60;
const POLL_MS = 5000;

export interface HeldLease {
  /** Holds it for another while. @throws Error if it went to somebody else */
  extend(): Promise<void>;
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
  if ((await write(object, node, id)) === 'written') return held(object, node, id);
  const deadline = clock.monotonic() + waitSeconds * 1000;
  for (;;) {
    const state = await object.read();
    const other = holderOf(state, node);
    if (state && other === undefined && (await write(object, node, id, state)) === 'written')
      return held(object, node, id);
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

function held(object: LeaseObject, node: string, id: string): HeldLease {
  const own = async () => {
    const state = await object.read();
    return state && parse(state.text)?.id === id ? state : undefined;
  };
  return {
    extend: async () => {
      const state = await own();
      if (!state || (await write(object, node, id, state)) === 'lost')
        throw new Error('the restart lease went to another node');
    },
    release: async () => {
      const state = await own();
      if (state) await write(object, null, id, state);
    },
  };
}
