import type { FunctionOrLoader } from './functions/function-host.ts';
import type { Schedule } from './functions/schedules.ts';
import type { Random } from './identifiers.ts';
import type { Principal, Statement } from './principals.ts';
import type { DeadLetter } from './queue/message-queue.ts';
import type { ContractBuckets } from './statements.ts';
import type { Log, Timers } from './surroundings.ts';

/** A queue, and the function that reads it. */
export interface QueueOptions {
  readonly name: string;
  /** The function that receives the messages. */
  readonly function: string;
  /** By default 10. */
  readonly batchSize?: number;
  /** After this many failures a message becomes a dead letter; by default 5. */
  readonly maxReceives?: number;
  /** By default one second, doubled with each failure, at most thirty. */
  retryDelayMs?(receives: number): number;
  /** Batches at the same time; by default 4. */
  readonly concurrency?: number;
}

/** Writes to the bucket under the prefix send an event to a queue, or invoke a function with it. */
export type NotificationOptions = { readonly bucket: string; readonly prefix: string } & (
  | { readonly queue: string }
  | { readonly function: string }
);

/** What the stand-in provides, and where it keeps its data. */
export interface LocalOptions {
  /** Holds objects, keys, queues and credentials; created if missing. Only one process can use it at a time. */
  readonly dataDir: string;
  /** 0, the default, selects any free port. */
  readonly port?: number;
  /** By default `eu-central-1`. */
  readonly region?: string;
  /** By default `000000000000`. */
  readonly accountId?: string;
  /** Created at start if missing: authority with versioning, exchange without. */
  readonly buckets: ContractBuckets;
  /** By function name. */
  readonly functions: Readonly<Record<string, FunctionOrLoader>>;
  readonly queues: readonly QueueOptions[];
  readonly notifications: readonly NotificationOptions[];
  readonly schedules?: readonly Schedule[];
  /** What the principal `service` may do beyond `lib/access`; written at the first start. */
  readonly moreServiceStatements?: readonly Statement[];
  /**
   * Called with all principals when the service is ready, and again when a cluster record has added some, before the
   * response to its writer.
   */
  onPrincipals?(
    principals: readonly Principal[],
    place: Pick<RunningLocal, 'url' | 'region'>,
  ): Promise<void>;
  /** The largest object that is accepted; by default 16 MiB. */
  readonly maxObjectBytes?: number;
  /** How much longer each call takes, from a client or a function; by default 0. */
  readonly delayMs?: number;
  readonly now?: () => Date;
  readonly random?: Random;
  readonly timers?: Timers;
  readonly log?: Log;
}

/** A running stand-in. */
export interface RunningLocal {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly region: string;
  /** The URL of a queue, to send messages to. @throws Error if there is no such queue */
  queueUrl(name: string): string;
  queueArn(name: string): string;
  readonly administrator: Principal;
  principals(): Principal[];
  /** Resolves when no message is visible, in flight or waiting in any queue, and no function is running. */
  idle(): Promise<void>;
  deadLetters(): DeadLetter[];
  /** Stops accepting work, waits for what is in flight, and unlocks the folder. */
  close(): Promise<void>;
}
