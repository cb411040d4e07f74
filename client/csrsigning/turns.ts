/**
 * Whose step is next, and how many run. CSRs come from everyone who can create one, thousands at a time, so all that is
 * done for them has a rate, what waits is served in turns, and what nodes request themselves comes before names that
 * someone else names; of these, names that exist come before names that nobody knows.
 */
import { Awaited, type AwaitedRules } from './awaited.ts';
import { FairQueue } from './fair-queue.ts';
import type { Journey, Standing, Step } from './journey.ts';
import { TokenBucket } from './token-bucket.ts';

/** Steps that run at the same time. A few are kept for each standing, even if all calls hang. */
const MOST_RUNNING = 24;
const MOST_RUNNING_UNKNOWN = 16;
/** Of both kinds that nobody vouches for. */
const MOST_RUNNING_BY_OTHERS = 20;
const SECOND = 1000;
/** Anyone with a bootstrap token can have any number of them. */
const OF_OTHERS: AwaitedRules = { least: 4, atFirst: 10, most: 40 };
/** Uploads without an outcome so far. More wait for one of them, or for a minute. */
const AWAITED: Readonly<Record<Standing, AwaitedRules>> = {
  known: { least: 400, atFirst: 400, most: 400 },
  named: OF_OTHERS,
  unknown: OF_OTHERS,
};
/** In a second, for each standing: none takes from another. */
const UPLOADS = 20;
const LOOKS = 40;
const perSecond = (count: number) => new TokenBucket(count, SECOND / count);
const forEach = <T>(make: (standing: Standing) => T): Readonly<Record<Standing, T>> => ({
  known: make('known'),
  named: make('named'),
  unknown: make('unknown'),
});
/** Of so many steps, one is for a name that someone else names, and one for an unknown name, even if known ones never end. */
const SHARES = 4;

/** `unlisted`: further attempts for names that the record does not list, which have a slow rate. */
type Lane = Standing | 'unlisted';

const LANES: readonly Lane[] = ['known', 'named', 'unlisted', 'unknown'];
const NAMED_FIRST: readonly Lane[] = ['named', 'known', 'unlisted', 'unknown'];
const UNKNOWN_FIRST: readonly Lane[] = ['unlisted', 'unknown', 'named', 'known'];

const laneOf = ({ standing, isUnlisted }: Journey, step: Step): Lane =>
  step === 'upload' && isUnlisted && standing === 'unknown' ? 'unlisted' : standing;

const standingOf = (lane: Lane): Standing => (lane === 'unlisted' ? 'unknown' : lane);

/** Times have whole seconds. */
const isNewer = (a: Journey, b: Journey): boolean =>
  a.facts.createdMs === b.facts.createdMs
    ? a.number > b.number
    : a.facts.createdMs > b.facts.createdMs;

export interface Turn {
  readonly journey: Journey;
  readonly step: Step;
}

export class Turns {
  readonly #queues: Readonly<Record<Step, FairQueue<Lane, Journey>>> = {
    ask: new FairQueue(isNewer),
    upload: new FairQueue(isNewer),
    look: new FairQueue(isNewer),
  };
  readonly #uploads = forEach(() => perSecond(UPLOADS));
  readonly #looks = forEach(() => perSecond(LOOKS));
  /** Further attempts for names that the record does not list. */
  readonly #unlisted = new TokenBucket(10, 5 * SECOND);
  readonly #awaited = forEach((standing) => new Awaited<Journey>(AWAITED[standing]));
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

  end(journey: Journey, now: number): void {
    this.#running.delete(journey);
    this.noteAwaited(journey, now);
  }

  /** Called when a journey may no longer wait for an outcome. */
  noteAwaited(journey: Journey, now: number): void {
    if (journey.uploadedAt !== undefined) return;
    for (const awaited of Object.values(this.#awaited)) awaited.end(journey, now);
  }

  /** How long no rate allows what waits for one. */
  waitMs(now: number): number {
    if (this.#running.size >= MOST_RUNNING) return Number.POSITIVE_INFINITY;
    const waits = LANES.flatMap((lane) => {
      const standing = standingOf(lane);
      // what waits although the rate allows it waits for others to end, which wakes the loop
      return [
        this.#queues.look.isEmpty(lane) ? [] : this.#looks[standing].waitMs(now) || SECOND,
        this.#queues.upload.isEmpty(lane) ? [] : this.#uploads[standing].waitMs(now) || SECOND,
      ].flat();
    });
    return Math.min(Number.POSITIVE_INFINITY, ...waits);
  }

  #lanes(): readonly Lane[] {
    const turn = this.#taken % SHARES;
    if (turn === SHARES - 1) return UNKNOWN_FIRST;
    return turn === 1 ? NAMED_FIRST : LANES;
  }

  #mayTake(step: Step, lane: Lane, now: number): boolean {
    if (this.#queues[step].isEmpty(lane)) return false;
    const standing = standingOf(lane);
    if (!this.#mayRun(standing)) return false;
    if (step === 'ask') return true;
    if (step === 'look') return this.#looks[standing].has(now);
    if (!this.#uploads[standing].has(now) || this.#awaited[standing].isFull) return false;
    return lane !== 'unlisted' || this.#unlisted.has(now);
  }

  #mayRun(standing: Standing): boolean {
    if (standing === 'known') return true;
    const byOthers = [...this.#running].filter((one) => one.standing !== 'known');
    const unknown = byOthers.filter((one) => one.standing === 'unknown');
    return (
      byOthers.length < MOST_RUNNING_BY_OTHERS &&
      (standing === 'named' || unknown.length < MOST_RUNNING_UNKNOWN)
    );
  }

  #start({ journey, step }: Turn, now: number): void {
    const { standing } = journey;
    if (step === 'look') this.#looks[standing].take(now);
    if (step === 'upload') {
      if (laneOf(journey, step) === 'unlisted') this.#unlisted.take(now);
      this.#uploads[standing].take(now);
      this.#awaited[standing].add(journey, now);
    }
    this.#running.add(journey);
  }
}
