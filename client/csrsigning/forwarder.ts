/** Carries each CSR from step to step, as the API server reports it and the clock allows. Whose turn it is: turns.ts. */
import { Fault } from '../../lib/fault.ts';
import { KubeError, KubeUnreachable } from '../kubernetes/kube-client.ts';
import { TooLarge } from '../kubernetes/response.ts';
import { pause, type Timers } from '../kubernetes/timers.ts';
import { Agenda } from './agenda.ts';
import { type ApiCsr, isForKubelet, isOver, readFacts, stateOf } from './csr-facts.ts';
import { decide } from './decide.ts';
import { describeError } from './describe-error.ts';
import { type Journey, type Next, newJourney, type Step } from './journey.ts';
import type { Log } from './log.ts';
import type { Gauge, Metrics } from './metrics.ts';
import { FAILURES_BEFORE_EVENT, pauseAfterFailure } from './schedule.ts';
import type { Steps } from './steps.ts';
import { Tracker } from './tracker.ts';
import { type Turn, Turns } from './turns.ts';

/** Each takes less than 2 KB of memory. Older CSRs of one kubelet do not count. */
const MAX_TRACKED = 20_000;
const SECOND = 1000;
/** The loop runs at least this often: `/healthz` relies on it. */
const LONGEST_PAUSE = 5 * SECOND;
const DEAD_AFTER = 6 * LONGEST_PAUSE;

/**
 * Whether it had an attempt, or has nothing to be done: then a change of it, such as its approval, brings it again. Anyone
 * who can create CSRs can have thousands that nobody approves, or that are refused permanently.
 */
const mayWait = ({ facts, attempt, step }: Journey): boolean =>
  !facts.isByNode && (step === undefined || attempt > 1);

const BUSY_MS = 100;

export interface ForwarderDeps {
  readonly ownNode: string | undefined;
  readonly steps: Pick<Steps, Step | 'unreachable' | 'superseded'>;
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
  readonly #turns = new Turns();
  #wake = new AbortController();
  #isListed = false;
  #journeys = 0;
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
    const admission = this.#tracker.admit(facts, (tracked) => {
      this.#journeys += 1;
      return newJourney(tracked, this.#journeys);
    });
    if (admission === 'full') this.#deps.metrics.count('dropped_total');
    if (typeof admission === 'string') return;
    for (const older of admission.replaced) this.#supersede(older, admission.tracked);
    for (const forgotten of admission.forgotten) this.#stop(forgotten);
    this.#begin(admission.tracked);
  }

  /** Before the first list is complete, nobody knows which of them are years old. */
  #supersede(older: Journey, { facts }: Journey): void {
    const isTold = this.#isListed && older.step !== undefined;
    this.#stop(older);
    // it has its own rate, and never fails
    if (isTold) void this.#deps.steps.superseded(older, facts);
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
    for (let next = this.#turns.take(now); next; next = this.#turns.take(now)) this.#start(next);
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
    if (this.#turns.isRunning(journey)) this.#plan(journey, step, BUSY_MS);
    else this.#turns.add({ journey, step });
  }

  /** Nothing more is done for it, unless it changes. A step that runs is not interrupted. */
  #stop(journey: Journey): void {
    const { step } = journey;
    if (step) this.#turns.remove({ journey, step });
    journey.plan += 1;
    journey.step = undefined;
    journey.uploadedAt = undefined;
    this.#turns.noteAwaited(journey, this.#deps.clock.monotonic());
  }

  #forget(journey: Journey): void {
    this.#stop(journey);
    this.#tracker.remove(journey);
  }

  #start({ journey, step }: Turn): void {
    void this.#run(journey, step).finally(() => {
      if (journey.step === undefined) journey.uploadedAt = undefined;
      this.#turns.end(journey, this.#deps.clock.monotonic());
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

  /** Until the next step is due, or a rate allows the next one. */
  #waitMs(now: number): number {
    const dueIn = (this.#agenda.nextAt ?? Number.POSITIVE_INFINITY) - now;
    return Math.max(1, Math.min(LONGEST_PAUSE, dueIn, this.#turns.waitMs(now)));
  }
}

/** Whom a step failed to reach. */
function sourceOf(error: unknown): 'exchange' | 'api' | 'other' {
  if (error instanceof Fault) return error.code === 'unavailable' ? 'exchange' : 'other';
  return error instanceof KubeError || error instanceof KubeUnreachable ? 'api' : 'other';
}
