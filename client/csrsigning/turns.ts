/**
 * Whose step is next, and how many run. CSRs come from everyone who can create one, thousands at a time, so all that is
 * done for them has a rate, what waits is served in turns, and names that exist come before names that nobody knows.
 */
import { FairQueue } from './fair-queue.ts';
import type { Journey, Standing, Step } from './journey.ts';
import { TokenBucket } from './token-bucket.ts';

/** Steps that run at the same time. A few are kept for names that exist, even if all calls hang. */
const MOST_RUNNING = 24;
const MOST_RUNNING_UNKNOWN = 16;
/** Attempts without an outcome so far. More wait for one of them, or for a minute. */
const MOST_AWAITED: Readonly<Record<Standing, number>> = { known: 400, unknown: 40 };
const SECOND = 1000;
/** One of so many steps is for an unknown name, even if known ones never end. */
const UNKNOWN_SHARE = 4;

/** `unlisted`: further attempts for names that the record does not list, which have a slow rate. */
type Lane = Standing | 'unlisted';

const laneOf = ({ standing, isUnlisted }: Journey, step: Step): Lane =>
  step === 'upload' && isUnlisted && standing === 'unknown' ? 'unlisted' : standing;

export interface Turn {
  readonly journey: Journey;
  readonly step: Step;
}

export class Turns {
  readonly #queues: Readonly<Record<Step, FairQueue<Lane, Journey>>> = {
    ask: new FairQueue(),
    upload: new FairQueue(),
    look: new FairQueue(),
  };
  readonly #uploads = new TokenBucket(20, SECOND / 20);
  readonly #looks = new TokenBucket(40, SECOND / 40);
  /** Further attempts for names that the record does not list. */
  readonly #unlisted = new TokenBucket(10, 5 * SECOND);
  readonly #awaited: Readonly<Record<Standing, Set<Journey>>> = {
    known: new Set(),
    unknown: new Set(),
  };
  readonly #running = new Set<Journey>();
  #taken = 0;

  add({ journey, step }: Turn): void {
    this.#queues[step].add(laneOf(journey, step), journey.facts.username, journey);
  }

  remove({ journey, step }: Turn): void {
    this.#queues[step].remove(laneOf(journey, step), journey.facts.username, journey);
  }

  isRunning(journey: Journey): boolean {
    return this.#running.has(journey);
  }

  /** What may be started now. It runs until `end`. */
  take(now: number): Turn | undefined {
    if (this.#running.size >= MOST_RUNNING) return undefined;
    for (const step of ['look', 'upload', 'ask'] as const) {
      const lane = this.#lanes().find((one) => this.#mayTake(step, one, now));
      const journey = lane && this.#queues[step].take(lane);
      if (!journey) continue;
      this.#taken += 1;
      this.#start({ journey, step }, now);
      return { journey, step };
    }
    return undefined;
  }

  end(journey: Journey): void {
    this.#running.delete(journey);
    this.noteAwaited(journey);
  }

  /** Called when a journey may no longer wait for an outcome. */
  noteAwaited(journey: Journey): void {
    if (journey.uploadedAt !== undefined) return;
    for (const standing of ['known', 'unknown'] as const) this.#awaited[standing].delete(journey);
  }

  /** How long no rate allows what waits for one. */
  waitMs(now: number): number {
    if (this.#running.size >= MOST_RUNNING) return Number.POSITIVE_INFINITY;
    const waits = [Number.POSITIVE_INFINITY];
    // what waits although the rate allows it waits for others to end, which wakes the loop
    if (this.#isWaiting('look')) waits.push(this.#looks.waitMs(now) || SECOND);
    if (this.#isWaiting('upload')) waits.push(this.#uploads.waitMs(now) || SECOND);
    return Math.min(...waits);
  }

  #lanes(): readonly Lane[] {
    return this.#taken % UNKNOWN_SHARE === UNKNOWN_SHARE - 1
      ? ['unlisted', 'unknown', 'known']
      : ['known', 'unlisted', 'unknown'];
  }

  #mayTake(step: Step, lane: Lane, now: number): boolean {
    if (this.#queues[step].isEmpty(lane)) return false;
    if (lane !== 'known' && this.#runningUnknown() >= MOST_RUNNING_UNKNOWN) return false;
    if (step === 'ask') return true;
    if (step === 'look') return this.#looks.has(now);
    const standing = lane === 'unlisted' ? 'unknown' : lane;
    if (!this.#uploads.has(now) || this.#awaited[standing].size >= MOST_AWAITED[standing])
      return false;
    return lane !== 'unlisted' || this.#unlisted.has(now);
  }

  #runningUnknown(): number {
    return [...this.#running].filter(({ standing }) => standing === 'unknown').length;
  }

  #start({ journey, step }: Turn, now: number): void {
    if (step === 'look') this.#looks.take(now);
    if (step === 'upload') {
      if (laneOf(journey, step) === 'unlisted') this.#unlisted.take(now);
      this.#uploads.take(now);
      this.#awaited[journey.standing].add(journey);
    }
    this.#running.add(journey);
  }

  #isWaiting(step: Step): boolean {
    return this.#lanes().some((lane) => !this.#queues[step].isEmpty(lane));
  }
}
