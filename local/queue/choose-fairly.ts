/**
 * The order of a fair queue: SQS returns messages of groups that have few in flight before those of groups that have
 * many. Each message without a group is its own group.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
 */
import type { QueueMessage } from './message.ts';

interface Candidate {
  readonly message: QueueMessage;
  readonly state: 'visible' | 'waiting' | 'in flight';
}

/** Up to `max` visible messages: each time the oldest one of the group that would have the fewest in flight. */
export function chooseFairly<T extends Candidate>(entries: readonly T[], max: number): T[] {
  const inFlight = new Map<string, number>();
  const ranked: { entry: T; rank: number }[] = [];
  for (const { message, state } of entries)
    if (state === 'in flight')
      inFlight.set(groupOf(message), (inFlight.get(groupOf(message)) ?? 0) + 1);
  for (const entry of entries) {
    if (entry.state !== 'visible') continue;
    const group = groupOf(entry.message);
    const rank = inFlight.get(group) ?? 0;
    inFlight.set(group, rank + 1);
    ranked.push({ entry, rank });
  }
  // the sort is stable: within a rank, the oldest message stays first
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, max)
    .map(({ entry }) => entry);
}

const groupOf = ({ group, messageId }: QueueMessage) => group ?? `/${messageId}`;
