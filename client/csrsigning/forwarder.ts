/**
 * Decides which CSR is next. CSRs come from everyone who can create one, thousands at a time, so all that is done for
 * them has a rate, what waits is served in turns, and names that exist come before names that nobody knows.
 */
import { Fault } from '../../lib/fault.ts';
import { KubeError, KubeUnreachable } from '../kubernetes/kube-client.ts';
import { TooLarge } from '../kubernetes/response.ts';
import { pause, type Timers } from '../kubernetes/timers.ts';
import { Agenda } from './agenda.ts';
import { type ApiCsr, isForKubelet, isOver, readFacts, stateOf } from './csr-facts.ts';
import { decide } from './decide.ts';
import { describeError } from './describe-error.ts';
import { FairQueue } from './fair-queue.ts';
import { type Journey, type Next, newJourney, type Standing, type Step } from './journey.ts';
import type { Log } from './log.ts';
import type { Gauge, Metrics } from './metrics.ts';
import { FAILURES_BEFORE_EVENT, pauseAfterFailure } from './schedule.ts';
import type { Steps } from './steps.ts';
import { TokenBucket } from './token-bucket.ts';
import { Tracker } from './tracker.ts';

/** Each takes less than a kilobyte. Older CSRs of one kubelet do not count. */
const MAX_TRACKED = 20_000;
/** Steps that run at the same time. A few are kept for names that exist, even if all calls hang. */
const MOST_RUNNING = 24;
const MOST_RUNNING_UNKNOWN = 16;
/** Attempts without an outcome so far. More wait for one of them, or for a minute. */
const MOST_AWAITED: Readonly<Record<Standing, number>> = { known: 400, unknown: 40 };
const SECOND = 1000;
/** One of so many steps is for an unknown name, even if known ones never end. */
const UNKNOWN_SHARE = 4;
/** The loop runs at least this often: `/healthz` relies on it. */
const LONGEST_PAUSE = 5 * SECOND;
const DEAD_AFTER = 6 * LONGEST_PAUSE;

/** `unlisted`: further attempts for names that the record does not list, which have a slow rate. */
type Lane = Standing | 'unlisted';

const laneOf = ({ standing, isUnlisted }: Journey, step: Step): Lane =>
  step === 'upload' && isUnlisted && standing === 'unknown' ? 'unlisted' : standing;

/**
 * Whether it had an attempt, or has nothing to be done: then a change of it, such as its approval, brings it again. Anyone
 * who can create CSRs can have thousands that nobody approves, or that are refused permanently.
 */
const mayWait = ({ facts, attempt, step }: Journey): boolean =>
  !facts.isByNode && (step === undefined || attempt > 1);

const BUSY_MS = 100;

export interface ForwarderDeps {
  readonly ownNode: string | undefined;
  readonly steps: Pick<Steps, Step | 'unreachable'>;
  readonly clock: { now(): Date; monotonic(): number };
  readonly timers: Timers;
  readonly metrics: Metrics;
  /** Without repetition. */
  readonly log: Log;
  /** @default MAX_TRACKED */
  readonly maxTracked?: number;
}

export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #tracker: Tracker<Journey>;
  readonly #agenda = new Agenda<{ readonly journey: Journey; readonly plan: number }>();
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
  #wake = new AbortController();
  #isListed = false;
  #turns = 0;
  #turnedAt = 0;

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
    this.#tracker = new Tracker(deps.maxTracked ?? MAX_TRACKED, mayWait);
  }

  /** A CSR as the API server has it: new, changed, or listed again. */
  onObject(object: ApiCsr): void {
    const known = this.#tracker.get(object.metadata?.uid ?? '');
    if (known) this.#update(known, object);
    else this.#add(object);
  }

  #add(object: ApiCsr): void {
    const facts = readFacts(object);
    if (!facts) return;
    // of these, only those to come matter
    if (isOver(facts.state) && !isForKubelet(facts.signer)) return;
    const admission = this.#tracker.admit(facts, newJourney);
    if (admission === 'full') this.#deps.metrics.count('dropped_total');
    if (typeof admission === 'string') return;
    for (const removed of admission.removed) this.#stop(removed);
    this.#begin(admission.tracked);
  }

  onGone(uid: string): void {
    const journey = this.#tracker.get(uid);
    if (journey) this.#forget(journey);
  }

  /** After a complete list. Before the first one, a CSR may have a newer one that nobody has seen yet. */
  onListed(): void {
    this.#isListed = true;
    this.#wake.abort();
  }

  /** Until the signal is aborted. What runs then is left: everything can be repeated. */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake.abort();
    signal.addEventListener('abort', wake);
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.turn();
      await pause(this.#deps.timers, waitMs, this.#wake.signal);
    }
    signal.removeEventListener('abort', wake);
  }

  /** Starts what may be started now. @returns how long nothing more can be started, in milliseconds */
  turn(): number {
    const now = this.#deps.clock.monotonic();
    this.#turnedAt = now;
    if (!this.#isListed) return LONGEST_PAUSE;
    for (const { journey, plan } of this.#agenda.takeDue(now))
      if (journey.plan === plan && journey.step) this.#enqueue(journey, journey.step);
    while (this.#running.size < MOST_RUNNING) {
      const next = this.#next(now);
      if (!next) break;
      this.#start(next);
    }
    return this.#waitMs(now);
  }

  /** Why the loop does not run; undefined if it does. */
  unhealthy(): string | undefined {
    const silentMs = this.#deps.clock.monotonic() - this.#turnedAt;
    return silentMs > DEAD_AFTER
      ? `the loop has not run for ${Math.round(silentMs / SECOND)}s`
      : undefined;
  }

  gauges(): {
    readonly pending: readonly Gauge[];
    readonly oldest_pending_seconds: readonly Gauge[];
    readonly tracked: readonly Gauge[];
  } {
    const pending = new Map<string, number>();
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { facts, step } of this.#tracker.all()) {
      if (step === undefined) continue;
      const { signerName } = facts.signer;
      pending.set(signerName, (pending.get(signerName) ?? 0) + 1);
      oldestMs = Math.min(oldestMs, facts.createdMs);
    }
    const now = this.#deps.clock.now().getTime();
    return {
      pending: [...pending].map(([signer, value]) => ({ labels: { signer }, value })),
      oldest_pending_seconds: [
        { value: pending.size === 0 ? 0 : Math.max(0, now - oldestMs) / SECOND },
      ],
      tracked: [{ value: this.#tracker.size }],
    };
  }

  #update(journey: Journey, { status }: ApiCsr): void {
    const state = stateOf(status);
    if (state === journey.facts.state) return;
    journey.facts = { ...journey.facts, state };
    if (isOver(state) && !isForKubelet(journey.facts.signer)) this.#forget(journey);
    // a kubelet's serving CSR is forwarded before it is approved
    else if (journey.step === undefined || isOver(state)) this.#begin(journey);
  }

  /** Plans the first step, if there is one. */
  #begin(journey: Journey): void {
    const { ownNode } = this.#deps;
    const decision = decide(journey.facts, this.#tracker.isNewest(journey), ownNode);
    if (decision.action === 'leave') {
      this.#stop(journey);
      return;
    }
    journey.route = decision;
    const { signer, isByNode } = journey.facts;
    journey.standing = isByNode || !isForKubelet(signer) ? 'known' : 'unknown';
    this.#plan(journey, 'ask', 0);
  }

  #plan(journey: Journey, step: Step, inMs: number): void {
    journey.plan += 1;
    journey.step = step;
    this.#agenda.add(this.#deps.clock.monotonic() + inMs, { journey, plan: journey.plan });
    this.#wake.abort();
  }

  #enqueue(journey: Journey, step: Step): void {
    // an earlier step, which began before the CSR changed
    if (this.#running.has(journey)) this.#plan(journey, step, BUSY_MS);
    else this.#queues[step].add(laneOf(journey, step), journey.facts.username, journey);
  }

  /** Nothing more is done for it, unless it changes. A step that runs is not interrupted. */
  #stop(journey: Journey): void {
    const { step, facts } = journey;
    if (step) this.#queues[step].remove(laneOf(journey, step), facts.username, journey);
    journey.plan += 1;
    journey.step = undefined;
    journey.uploadedAt = undefined;
    this.#noteAwaited(journey);
  }

  #forget(journey: Journey): void {
    this.#stop(journey);
    this.#tracker.remove(journey);
  }

  #next(now: number): { readonly journey: Journey; readonly step: Step } | undefined {
    for (const step of ['look', 'upload', 'ask'] as const) {
      const lane = this.#lanes().find((one) => this.#mayTake(step, one, now));
      const journey = lane && this.#queues[step].take(lane);
      if (!journey) continue;
      this.#turns += 1;
      return { journey, step };
    }
    return undefined;
  }

  #lanes(): readonly Lane[] {
    return this.#turns % UNKNOWN_SHARE === UNKNOWN_SHARE - 1
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

  #start({ journey, step }: { readonly journey: Journey; readonly step: Step }): void {
    const now = this.#deps.clock.monotonic();
    if (step === 'look') this.#looks.take(now);
    if (step === 'upload') {
      if (laneOf(journey, step) === 'unlisted') this.#unlisted.take(now);
      this.#uploads.take(now);
      this.#awaited[journey.standing].add(journey);
    }
    this.#running.add(journey);
    void this.#run(journey, step).finally(() => {
      this.#running.delete(journey);
      if (journey.step === undefined) journey.uploadedAt = undefined;
      this.#noteAwaited(journey);
      this.#wake.abort();
    });
  }

  async #run(journey: Journey, step: Step): Promise<void> {
    const { plan } = journey;
    const next = await this.#tryStep(journey, step);
    if (next === 'gone') this.#forget(journey);
    // stopped, or begun again, in the meantime
    else if (journey.plan !== plan) return;
    else if (next === 'nothing') this.#stop(journey);
    else this.#plan(journey, next.step, next.inMs);
  }

  async #tryStep(journey: Journey, step: Step): Promise<Next> {
    const { counts } = journey;
    const { failures } = counts;
    try {
      const next = await this.#deps.steps[step](journey);
      if (counts.failures === failures) counts.failures = 0; // no write was in vain
      return next;
    } catch (error) {
      counts.failures += 1;
      const of = sourceOf(error);
      this.#deps.metrics.count('errors_total', { of });
      this.#deps.log(of === 'other' ? 'error' : 'warning', describeError(error));
      if (of === 'exchange' && counts.failures === FAILURES_BEFORE_EVENT)
        await this.#deps.steps.unreachable(journey);
      // it stays so, and each attempt is expensive
      if (error instanceof TooLarge) return 'nothing';
      return { step, inMs: pauseAfterFailure(of, counts.failures) };
    }
  }

  #noteAwaited(journey: Journey): void {
    if (journey.uploadedAt !== undefined) return;
    for (const standing of ['known', 'unknown'] as const) this.#awaited[standing].delete(journey);
  }

  /** Until the next step is due, or a rate allows the next one. */
  #waitMs(now: number): number {
    const waits = [LONGEST_PAUSE, (this.#agenda.nextAt ?? Number.POSITIVE_INFINITY) - now];
    if (this.#running.size < MOST_RUNNING) {
      // what waits although the rate allows it waits for others to end, which wakes the loop
      if (this.#isWaiting('look')) waits.push(this.#looks.waitMs(now) || SECOND);
      if (this.#isWaiting('upload')) waits.push(this.#uploads.waitMs(now) || SECOND);
    }
    return Math.max(1, Math.min(...waits));
  }

  #isWaiting(step: Step): boolean {
    return this.#lanes().some((lane) => !this.#queues[step].isEmpty(lane));
  }
}

/** Whom a step failed to reach. */
function sourceOf(error: unknown): 'exchange' | 'api' | 'other' {
  if (error instanceof Fault) return error.code === 'unavailable' ? 'exchange' : 'other';
  return error instanceof KubeError || error instanceof KubeUnreachable ? 'api' : 'other';
}
