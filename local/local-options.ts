import type { FunctionOrLoader } from './functions/function-host.ts';
import type { Schedule } from './functions/schedules.ts';
import type { Random } from './identifiers.ts';
import type { Principal, Statement } from './principals.ts';
import type { DeadLetter } from './queue/message-queue.ts';
import type { ContractBuckets } from './statements.ts';
import type { Log, Timers } from './surroundings.ts';

/** What to stand in for, and where to keep it. */
export interface LocalOptions {
  /** Holds objects, keys, queue and credentials; made when it is not there. One process at a time. */
  readonly dataDir: string;
  /** 0, which is the default, takes any that is free. */
  readonly port?: number;
  /** By default `eu-central-1`. */
  readonly region?: string;
  /** By default `000000000000`. */
  readonly accountId?: string;
  /** Made at start when they are not there: authority versioned, exchange not. */
  readonly buckets: ContractBuckets;
  /** By function name. */
  readonly functions: Readonly<Record<string, FunctionOrLoader>>;
  readonly queue: {
    readonly name: string;
    /** The function that is fed from the queue. */
    readonly function: string;
    /** By default 10. */
    readonly batchSize?: number;
    /** A message that failed so often is a dead letter; by default 5. */
    readonly maxReceives?: number;
    /** By default one second, doubled with each failure, up to thirty. */
    retryDelayMs?(receives: number): number;
    /** Batches at the same time; by default 4. */
    readonly concurrency?: number;
  };
  /** Objects written here are told to the queue. */
  readonly notifications: readonly { readonly bucket: string; readonly prefix: string }[];
  readonly schedules?: readonly Schedule[];
  /** What the principal `service` may do beyond `lib/access`; written at the first start. */
  readonly moreServiceStatements?: readonly Statement[];
  /** Told all of them when the service is ready, and when a cluster record has added some, before its writer is answered. */
  onPrincipals?(
    principals: readonly Principal[],
    place: Pick<RunningLocal, 'url' | 'region'>,
  ): Promise<void>;
  /** The longest object that is taken; by default 16 MiB. */
  readonly maxObjectBytes?: number;
  readonly now?: () => Date;
  readonly random?: Random;
  readonly timers?: Timers;
  readonly log?: Log;
}

/** A stand-in that runs. */
export interface RunningLocal {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string;
  readonly region: string;
  /** The URL to send messages to. */
  readonly queueUrl: string;
  readonly administrator: Principal;
  principals(): Principal[];
  /** Ends when no message is visible, in flight or waiting. */
  idle(): Promise<void>;
  deadLetters(): DeadLetter[];
  /** Stops taking work, waits for what is in flight, and gives the folder back. */
  close(): Promise<void>;
}
