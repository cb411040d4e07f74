import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';
import type { FunctionHost } from './function-host.ts';

/** A function that is called at an interval. */
export interface Schedule {
  readonly function: string;
  readonly everyMs: number;
  /** From the start to the first call; by default one interval. */
  readonly firstMs?: number;
  /** What it is called with, instead of EventBridge's own event. */
  readonly event?: object;
}

/**
 * Calls functions at their intervals. The next interval begins when a call has ended, so that calls of a slow function do
 * not overlap.
 * @returns a function that stops the schedules
 */
export function startSchedules(
  schedules: readonly Schedule[],
  host: FunctionHost,
  surroundings: Surroundings,
): () => void {
  const { timers } = surroundings;
  const pending = new Map<Schedule, unknown>();
  let stopped = false;
  const plan = (schedule: Schedule, delayMs: number): void => {
    if (stopped) return;
    const call = async (): Promise<void> => {
      const event = schedule.event ?? scheduledEvent(schedule, surroundings);
      await host.invoke(schedule.function, event);
      plan(schedule, schedule.everyMs);
    };
    pending.set(
      schedule,
      timers.setTimeout(() => void call(), delayMs),
    );
  };
  for (const schedule of schedules) plan(schedule, schedule.firstMs ?? schedule.everyMs);
  return () => {
    stopped = true;
    for (const timer of pending.values()) timers.clearTimeout(timer);
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html (the event of a rule) */
function scheduledEvent(schedule: Schedule, surroundings: Surroundings): object {
  const { region, accountId, now, random } = surroundings;
  return {
    version: '0',
    id: randomUuid(random),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [`arn:aws:events:${region}:${accountId}:rule/${schedule.function}`],
    detail: {},
  };
}
