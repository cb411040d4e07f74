/** The queues of the stand-in, each with its folders and its function. */
import { join } from 'node:path';
import { makeFolder } from '../../lib/files/durable-file.ts';
import type { FunctionHost } from '../functions/function-host.ts';
import type { QueueOptions } from '../local-options.ts';
import type { Surroundings } from '../surroundings.ts';
import { startEventSource } from './event-source.ts';
import { type DeadLetter, MessageQueue } from './message-queue.ts';
import type { ServedQueue } from './sqs-operations.ts';

/** The folders, below the data folder, that have a folder for each queue. */
const QUEUES = 'queues';
const DEAD_LETTERS = 'dead-letters';

interface LocalQueue extends ServedQueue {
  readonly options: QueueOptions;
}

/** @param endpoint returns the URL of the stand-in, once its port is known */
export async function openQueues(
  dataDir: string,
  options: readonly QueueOptions[],
  surroundings: Surroundings,
  endpoint: () => string,
): Promise<LocalQueues> {
  const { region, accountId } = surroundings;
  for (const folder of [QUEUES, DEAD_LETTERS]) await makeFolder(join(dataDir, folder));
  const all: LocalQueue[] = [];
  for (const one of options)
    all.push({
      options: one,
      name: one.name,
      arn: `arn:aws:sqs:${region}:${accountId}:${one.name}`,
      url: () => `${endpoint()}/${accountId}/${one.name}`,
      queue: await openQueue(dataDir, one, surroundings),
    });
  return new LocalQueues(all, surroundings);
}

function openQueue(
  dataDir: string,
  { name, maxReceives, retryDelayMs }: QueueOptions,
  surroundings: Surroundings,
): Promise<MessageQueue> {
  const rules = {
    folder: join(dataDir, QUEUES, name),
    deadLetterFolder: join(dataDir, DEAD_LETTERS, name),
    maxReceives: maxReceives ?? 5,
    retryDelayMs:
      retryDelayMs ?? ((receives: number) => Math.min(1000 * 2 ** (receives - 1), 30_000)),
  };
  return MessageQueue.open(rules, surroundings);
}

export class LocalQueues {
  readonly all: readonly LocalQueue[];
  readonly #surroundings: Surroundings;

  constructor(all: readonly LocalQueue[], surroundings: Surroundings) {
    this.all = all;
    this.#surroundings = surroundings;
  }

  /** @throws Error if there is no such queue */
  named(name: string): LocalQueue {
    const found = this.all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`queue ${name} is missing`);
    return found;
  }

  /** Sends an event as S3 does. */
  async sendEvent(name: string, event: object): Promise<void> {
    const { queue } = this.named(name);
    const body = JSON.stringify(event);
    await queue.send({ body, messageAttributes: {}, senderId: 'AIDALOCALS3NOTIFIER' });
  }

  startSources(host: FunctionHost): { stop(): Promise<void> } {
    const sources = this.all.map(({ queue, arn, options }) => {
      const { batchSize = 10, concurrency = 4 } = options;
      const rules = { queueArn: arn, function: options.function, batchSize, concurrency };
      return startEventSource(queue, host, rules, this.#surroundings);
    });
    return { stop: async () => void (await Promise.all(sources.map((source) => source.stop()))) };
  }

  /** Messages of one queue may lead to messages of another, and functions may send them. */
  async idle(host: FunctionHost): Promise<void> {
    do {
      await host.settled();
      for (const { queue } of this.all) await queue.idle();
    } while (host.isRunning || this.all.some(({ queue }) => queue.counts().total > 0));
  }

  deadLetters(): DeadLetter[] {
    return this.all.flatMap(({ queue }) => queue.deadLetters());
  }

  close(): void {
    for (const { queue } of this.all) queue.close();
  }
}
