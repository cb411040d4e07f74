/** The steps of one CSR. Each makes a few calls, can be repeated at any time, and says what follows. */
import { requestIdOf } from '../../lib/certificates-api/attempts.ts';
import { formatCsrObject, toCsrObject } from '../../lib/certificates-api/csr-object.ts';
import { LIMITS } from '../../lib/limits.ts';
import { mayPass } from '../../lib/refusal/may-pass.ts';
import type { KubeClient } from '../kubernetes/kube-client.ts';
import { describeApproval } from '../wording/waiting.ts';
import { attemptKey, type CsrPlace, nodeOfPlace } from './attempts.ts';
import { checkIssued } from './check-issued.ts';
import type { CsrExchange, FoundOutcome } from './csr-exchange.ts';
import { type ApiCsr, type CsrFacts, isForKubelet, stateOf } from './csr-facts.ts';
import type { CsrStatus } from './csr-status.ts';
import { type ApiNode, decide, decideByNode } from './decide.ts';
import type { Journey, Next, Standing } from './journey.ts';
import { Recent } from './recent.ts';
import { RejectedLately } from './rejected-lately.ts';
import type { Report } from './report.ts';
import {
  LONG_WITHOUT_OUTCOME,
  LOOKS_BEFORE_EVENT,
  pauseAfterAttempt,
  pauseAfterFailure,
  pauseBeforeLook,
  pauseForNode,
  pauseForOtherForwarder,
  pauseWhilePending,
  staggerOf,
} from './schedule.ts';

export interface StepDeps {
  readonly cluster: string;
  /** The control-plane node that this forwarder runs on; undefined if it runs elsewhere. */
  readonly ownNode: string | undefined;
  /** What distinguishes this forwarder from the others of the cluster. */
  readonly replica: string;
  readonly client: Pick<KubeClient, 'get'>;
  readonly status: CsrStatus;
  readonly exchange: CsrExchange;
  readonly report: Report;
  /** The CA certificates of the cluster, as they are now. */
  readonly trust: TrustSource;
  readonly clock: { now(): Date; monotonic(): number };
}

/** The PEM certificates that a certificate must chain to, or why they cannot be read. */
export type TrustSource = (
  certificateName: CsrFacts['signer']['certificateName'],
) => { readonly pem: string } | { readonly problem: string };

/** Names whose certificates were issued here. What is forgotten is asked of the API server again. */
const MAX_KNOWN_NAMES = 10_000;
/** Codes that say that the record has no such name. */
const UNLISTED = 'node-unknown';
/** Passes tomorrow, and each attempt until then counts, too. */
const OVER_BUDGET = 'budget-exceeded';

export class Steps {
  readonly #deps: StepDeps;
  readonly #rejectedLately = new RejectedLately();
  readonly #knownNames = new Recent<true>(MAX_KNOWN_NAMES);

  constructor(deps: StepDeps) {
    this.#deps = deps;
  }

  /** Before the upload: what the Node says. */
  async ask(journey: Journey): Promise<Next> {
    const { facts, route, counts, family } = journey;
    const node = await this.#nodeOf(journey);
    if (journey.step === undefined) return 'nothing'; // a newer one exists by now
    journey.standing = this.#standingOf(facts, node);
    const answer = decideByNode(route, node);
    if (answer === 'leave-to-its-forwarder') return this.#leaveToItsForwarder(journey);
    if (answer === 'wait') {
      counts.node += 1;
      if (counts.node >= LOOKS_BEFORE_EVENT)
        await this.#deps.report.pending(
          journey,
          `Node ${facts.nodeName} does not exist, or has no addresses yet`,
        );
      return { step: 'ask', inMs: pauseForNode(counts.node) };
    }
    const now = this.#deps.clock.monotonic();
    if (!family.starts.take(now)) return { step: 'ask', inMs: family.starts.waitMs(now) };
    return { step: 'upload', inMs: this.#stagger(journey) };
  }

  async #nodeOf({ facts: { nodeName }, route }: Journey): Promise<ApiNode | undefined> {
    if (nodeName === undefined || route.ask === 'none') return undefined;
    return this.#deps.client.get<ApiNode>(`/api/v1/nodes/${encodeURIComponent(nodeName)}`);
  }

  /** A person's CSR was approved by a person. */
  #standingOf({ signer, isByNode, nodeName = '' }: CsrFacts, node: ApiNode | undefined): Standing {
    if (!isForKubelet(signer) || isByNode) return 'known';
    return node !== undefined || this.#knownNames.has(nodeName) ? 'named' : 'unknown';
  }

  async #leaveToItsForwarder(journey: Journey): Promise<Next> {
    const { facts, counts } = journey;
    counts.node += 1;
    if (counts.node > 1)
      await this.#deps.report.pending(
        journey,
        `${facts.nodeName} is a control plane: only the forwarder on that node can request its certificates; run cakeless install-csrsigning there`,
      );
    return { step: 'ask', inMs: pauseForOtherForwarder(counts.node) };
  }

  #stagger({ facts, route }: Journey): number {
    return route.below === 'own' ? 0 : staggerOf(facts.uid, this.#deps.replica);
  }

  /** Which call failed, and why, is in the log: an Event is read by more people. */
  unreachable(journey: Journey): Promise<void> {
    return this.#deps.report.pending(
      journey,
      'the exchange bucket cannot be reached; the log of the forwarder says why',
    );
  }

  /** The kubelet no longer has the key of the older one. */
  superseded(journey: Journey, newer: CsrFacts): Promise<void> {
    this.#rejectedLately.remove(journey.facts.uid);
    return this.#deps.report.superseded(journey, newer);
  }

  async upload(journey: Journey): Promise<Next> {
    const { exchange, report, status, clock } = this.#deps;
    const current = await status.read(journey.facts);
    if (!current) return 'gone';
    if (!this.#isStillWanted(journey, current)) return 'nothing';
    const object = toCsrObject(current);
    const text = object && formatCsrObject(object);
    if (text === undefined || Buffer.byteLength(text) > LIMITS.maxObjectBytes) {
      const why = `the CSR has more than ${LIMITS.maxObjectBytes} bytes, or fields that the service does not know`;
      await report.refusedBecause(journey, current, why);
      return 'nothing';
    }
    const result = await exchange.upload(this.#placeOf(journey), journey.attempt, text);
    journey.uploadedAt = clock.monotonic();
    journey.counts.looks = 0;
    if (result === 'created') report.say('info', 'uploaded', journey, { attempt: journey.attempt });
    // Perhaps it has an outcome, and perhaps there were more attempts: before a restart, or by another forwarder.
    return { step: 'look', inMs: result === 'created' ? pauseBeforeLook(0) : 0 };
  }

  /** The CSR may have been denied, or issued by another forwarder, since it was last seen. */
  #isStillWanted(journey: Journey, current: ApiCsr): boolean {
    journey.facts = { ...journey.facts, state: stateOf(current.status) };
    return decide(journey.facts, true, this.#deps.ownNode).action === 'forward';
  }

  async look(journey: Journey): Promise<Next> {
    const outcome = await this.#deps.exchange.look(this.#placeOf(journey));
    // the rejection of the attempt before the one that was uploaded
    if (!outcome || (outcome.state !== 'issued' && outcome.attempt < journey.attempt))
      return this.#lookAgain(journey);
    journey.attempt = outcome.attempt;
    switch (outcome.state) {
      case 'issued':
        return this.#deliver(journey, outcome);
      case 'rejected':
        return this.#refuse(journey, outcome);
      case 'pending':
        return this.#wait(journey, outcome);
    }
  }

  async #lookAgain(journey: Journey): Promise<Next> {
    const { counts, uploadedAt } = journey;
    counts.looks += 1;
    const now = this.#deps.clock.monotonic();
    if (uploadedAt === undefined || now - uploadedAt >= LONG_WITHOUT_OUTCOME) {
      journey.uploadedAt = undefined;
      await this.#deps.report.pending(journey, 'the service has not decided yet');
    }
    return { step: 'look', inMs: pauseBeforeLook(counts.looks) };
  }

  async #wait(journey: Journey, outcome: FoundOutcome): Promise<Next> {
    const { exchange, report } = this.#deps;
    const { counts } = journey;
    journey.uploadedAt = undefined;
    counts.looks += 1;
    const writtenAt = outcome.writtenAt?.getTime() ?? 0;
    if (writtenAt !== journey.pendingSince) {
      const waitingFor = (await exchange.waitingFor(outcome)) ?? 'an approver';
      journey.pendingSince = writtenAt;
      const how = describeApproval(attemptKey(this.#placeOf(journey), outcome.attempt));
      await report.pending(journey, `waiting for ${waitingFor}; ${how}`);
    }
    return { step: 'look', inMs: pauseWhilePending(counts.looks) };
  }

  async #refuse(journey: Journey, outcome: FoundOutcome): Promise<Next> {
    const { exchange, report, status } = this.#deps;
    journey.uploadedAt = undefined;
    const rejection = await exchange.rejection(outcome);
    const current = await status.read(journey.facts);
    if (!current) return 'gone';
    if (!this.#isStillWanted(journey, current)) return 'nothing';
    // without its reasons nobody knows whether it can pass
    if (!rejection) return { step: 'look', inMs: this.#pauseAfter(outcome.attempt, journey, []) };
    const codes = rejection.violations.map(({ code }) => code);
    const text = await report.refused(journey, current, rejection);
    if (!codes.every(mayPass)) return this.#refuseForGood(journey, current, text);
    journey.isUnlisted = codes.includes(UNLISTED) && journey.standing === 'unknown';
    journey.attempt = outcome.attempt + 1;
    // A restart does not delay it: the first pause is counted from the rejection. Later ones are counted from now,
    // because the clocks of node and bucket may differ by more than all pauses.
    const pause = this.#pauseAfter(outcome.attempt, journey, codes);
    const passed = journey.wasRejected ? 0 : this.#sinceMs(outcome);
    journey.wasRejected = true;
    return { step: 'upload', inMs: Math.max(0, pause - passed) + this.#stagger(journey) };
  }

  /** The record of a new node can be corrected while `kubeadm join` still waits, for a few minutes. */
  #pauseAfter(attempt: number, journey: Journey, codes: readonly string[]): number {
    const now = this.#deps.clock.monotonic();
    this.#rejectedLately.add(journey.facts.uid, now);
    const isSoon = codes.length > 0 && !codes.includes(OVER_BUDGET);
    return pauseAfterAttempt(attempt, {
      ageMs: this.#ageMs(journey),
      isSoon: isSoon && this.#rejectedLately.areFew(now),
    });
  }

  #sinceMs({ writtenAt }: FoundOutcome): number {
    const now = this.#deps.clock.now().getTime();
    return writtenAt === undefined ? 0 : Math.max(0, now - writtenAt.getTime());
  }

  async #refuseForGood(journey: Journey, current: ApiCsr, text: string): Promise<Next> {
    const { report, status } = this.#deps;
    report.count('refused_for_good', journey);
    if (isForKubelet(journey.facts.signer)) return 'nothing';
    const message = text.slice(0, MAX_CONDITION_MESSAGE);
    const written = await status.fail(journey.facts, current, 'CakelessRefused', message);
    return written === 'written' ? 'nothing' : this.#repeat(journey);
  }

  /** After a write that a change of the CSR prevented. */
  #repeat({ counts }: Journey): Next {
    counts.failures += 1;
    return { step: 'look', inMs: pauseAfterFailure('api', counts.failures) };
  }

  async #deliver(journey: Journey, outcome: FoundOutcome): Promise<Next> {
    const { exchange, status, report, clock } = this.#deps;
    journey.uploadedAt = undefined;
    const pem = await exchange.certificate(outcome);
    // the last read before the write
    const current = await status.read(journey.facts);
    if (!current) return 'gone';
    if (!this.#isStillWanted(journey, current)) return 'nothing';
    const { facts, counts } = journey;
    const problems = this.#check(pem, current, facts);
    if (pem === undefined || problems.length > 0) {
      await report.wrong(journey, problems);
      counts.wrong += 1;
      const pause = pauseAfterAttempt(counts.wrong, { ageMs: this.#ageMs(journey), isSoon: false });
      return { step: 'look', inMs: pause };
    }
    const requestId = requestIdOf({ uid: facts.uid, number: outcome.attempt });
    if (facts.state === 'pending') {
      const message = `the cluster record allows these names (Cakeless request ${requestId})`;
      const approved = await status.approve(facts, current, 'CakelessIssued', message);
      if (approved !== 'written') return this.#repeat(journey);
    }
    if ((await status.issue(facts, current, pem)) !== 'written') return this.#repeat(journey);
    if (facts.nodeName !== undefined) this.#knownNames.set(facts.nodeName, true);
    this.#rejectedLately.remove(facts.uid);
    journey.facts = { ...facts, state: 'issued' };
    await report.issued(journey, (clock.now().getTime() - facts.createdMs) / 1000, requestId);
    return 'nothing';
  }

  #check(pem: string | undefined, csr: ApiCsr, { signer }: CsrFacts): readonly string[] {
    if (pem === undefined) return ['it is missing, unreadable or too large'];
    const trust = this.#deps.trust(signer.certificateName);
    if ('problem' in trust) return [trust.problem];
    return checkIssued(pem, { csr, signer, trustBundle: trust.pem, now: this.#deps.clock.now() });
  }

  #placeOf({ facts, route }: Journey): CsrPlace {
    const { cluster, ownNode } = this.#deps;
    const node = nodeOfPlace(route.below, ownNode);
    return { cluster, node, uid: facts.uid, path: facts.signer.path };
  }

  #ageMs({ facts }: Journey): number {
    return this.#deps.clock.now().getTime() - facts.createdMs;
  }
}

/** The API server has no limit; `kubectl describe` shows it in one line. */
const MAX_CONDITION_MESSAGE = 1024;
