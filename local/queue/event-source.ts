import type { FunctionHost, Outcome } from '../functions/function-host.ts';
import type { Surroundings } from '../surroundings.ts';
import type { QueueMessage } from './message.ts';
import type { MessageQueue } from './message-queue.ts';
import { sqsRecord } from './sqs-event.ts';

/** Which function receives messages, and how. */
export interface EventSourceRules {
  readonly queueArn: string;
  readonly function: string;
  readonly batchSize: number;
  /** How many batches the function may have at the same time. */
  readonly concurrency: number;
}

/** The event source mapping: passes messages to the function in batches, and acts on its response. */
export function startEventSource(
  queue: MessageQueue,
  host: FunctionHost,
  rules: EventSourceRules,
  surroundings: Surroundings,
): { stop(): Promise<void> } {
  const batches = new Set<Promise<void>>();
  let stopped = false;
  const feed = (): void => {
    while (!stopped && batches.size < rules.concurrency && queue.counts().visible > 0) {
      const batch = deliver(queue, host, rules, surroundings).finally(() => {
        batches.delete(batch);
        feed();
      });
      batches.add(batch);
    }
  };
  queue.onVisible = feed;
  feed();
  return {
    async stop() {
      stopped = true;
      while (batches.size > 0) await Promise.all(batches);
    },
  };
}

/** If the files of a batch cannot be written, the batch stays in flight until the next start. */
async function deliver(
  queue: MessageQueue,
  host: FunctionHost,
  rules: EventSourceRules,
  { region, log }: Surroundings,
): Promise<void> {
  try {
    const messages = await queue.receive(rules.batchSize);
    const event = { Records: messages.map((one) => sqsRecord(one, rules.queueArn, region)) };
    const outcome = await host.invoke(rules.function, event);
    const failures = failedMessages(messages, outcome);
    await Promise.all(
      messages.map(({ messageId }) => {
        const reason = failures.get(messageId);
        return reason === undefined ? queue.done(messageId) : queue.failed(messageId, reason);
      }),
    );
  } catch (error) {
    log({ message: 'queue failed', error: String(error) });
  }
}

/**
 * Which messages are redelivered, and why. No response, or an empty list, is success. If the function throws, or names a
 * message that it was not given, the whole batch has failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
function failedMessages(messages: readonly QueueMessage[], outcome: Outcome): Map<string, string> {
  const all = (reason: string) => new Map(messages.map(({ messageId }) => [messageId, reason]));
  if (!outcome.ok) return all(String(outcome.error));
  const listed = (outcome.value as { batchItemFailures?: unknown } | null | undefined)
    ?.batchItemFailures;
  if (listed === undefined || listed === null) return new Map();
  if (!Array.isArray(listed)) return all('batchItemFailures is not a list');
  const failures = new Map<string, string>();
  for (const item of listed as ({ itemIdentifier?: unknown } | null)[]) {
    const id = item?.itemIdentifier;
    const known = messages.find(({ messageId }) => messageId === id);
    if (known === undefined)
      return all(`batchItemFailures names ${String(id)}, which is not in the batch`);
    failures.set(known.messageId, 'listed in batchItemFailures');
  }
  return failures;
}
