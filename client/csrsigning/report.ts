/** Tells people what happens to a CSR: in the log, as an Event, as an annotation, as metrics. */
import type { RejectionDocument } from '../../lib/contract/outcomes.ts';
import { printable, shortened } from '../../lib/printable.ts';
import type { ApiCsr, CsrFacts } from './csr-facts.ts';
import type { CsrStatus } from './csr-status.ts';
import { describeError } from './describe-error.ts';
import type { CsrEvents, EventReason } from './events.ts';
import type { Journey } from './journey.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import type { Metrics } from './metrics.ts';
import { refusalText } from './refusal-text.ts';
import { TokenBucket } from './token-bucket.ts';

/** An annotation is part of every later read of the CSR. */
const MAX_ANNOTATION = 2048;
/** Reports about names that nobody knows: a flood of such CSRs must not become a flood of Events. */
const UNKNOWN_BURST = 50;
const UNKNOWN_EVERY_MS = 500;

export interface ReportDeps {
  readonly log: Log;
  /** As `log`, without repetition. */
  readonly quietLog: Log;
  readonly events: CsrEvents;
  readonly status: CsrStatus;
  readonly metrics: Metrics;
  readonly monotonic: () => number;
}

const signerLabel = ({ facts }: Journey) => ({ signer: facts.signer.signerName });

export class Report {
  readonly #deps: ReportDeps;
  readonly #unknown = new TokenBucket(UNKNOWN_BURST, UNKNOWN_EVERY_MS);
  /** A kubelet in a loop replaces its CSR each second. */
  readonly #superseded = new TokenBucket(UNKNOWN_BURST, UNKNOWN_EVERY_MS);

  constructor(deps: ReportDeps) {
    this.#deps = deps;
  }

  say(level: LogLevel, message: string, journey: Journey, more: LogFields = {}): void {
    this.#deps.log(level, message, { ...fieldsOf(journey), ...more });
  }

  count(outcome: string, journey: Journey): void {
    this.#deps.metrics.count('requests_total', { ...signerLabel(journey), outcome });
  }

  async issued(journey: Journey, seconds: number, requestId: string): Promise<void> {
    const { metrics } = this.#deps;
    this.count('issued', journey);
    metrics.observeDuration(seconds);
    this.say('info', 'issued', journey, { attempt: journey.attempt });
    await this.#event(
      journey,
      'CertificateIssued',
      `Cakeless issued the certificate (request ${requestId})`,
    );
  }

  async pending(journey: Journey, why: string): Promise<void> {
    this.#deps.quietLog('info', `${journey.facts.name} is pending: ${why}`, fieldsOf(journey));
    await this.#event(journey, 'CertificatePending', why);
  }

  /** @returns the reasons, as people read them */
  async refused(
    journey: Journey,
    current: ApiCsr | undefined,
    { violations }: Pick<RejectionDocument, 'violations'>,
  ): Promise<string> {
    const { metrics } = this.#deps;
    for (const code of new Set(violations.map((violation) => violation.code)))
      metrics.countCode(code);
    this.count('refused', journey);
    const text = refusalText(journey.facts.signer.certificateName, violations);
    await this.refusedBecause(journey, current, text);
    return text;
  }

  async refusedBecause(journey: Journey, current: ApiCsr | undefined, text: string): Promise<void> {
    this.say('warning', `refused: ${text}`, journey, { attempt: journey.attempt });
    if (!this.#mayTell(journey)) return;
    const annotation = shortened(printable(text), MAX_ANNOTATION);
    await this.#tell('annotation', async () => {
      if (current) await this.#deps.status.annotate(journey.facts, current, annotation);
    });
    await this.#write(journey, 'CertificateRefused', text);
  }

  async superseded(journey: Journey, newer: Pick<CsrFacts, 'name'>): Promise<void> {
    if (!this.#superseded.take(this.#deps.monotonic())) return;
    const text = `${newer.name} replaces it: the kubelet has created a newer CSR, and has given up the key of this one; this one is not requested again and can be deleted; see kubectl describe csr ${newer.name}`;
    this.say('info', `superseded by ${newer.name}`, journey);
    await this.#write(journey, 'CertificateSuperseded', text);
  }

  /** A certificate that was not written. */
  async wrong(journey: Journey, problems: readonly string[]): Promise<void> {
    this.count('check_failed', journey);
    const text = `the certificate in the exchange bucket failed a check and was not written: ${problems.join('; ')}`;
    this.say('error', text, journey, { attempt: journey.attempt });
    await this.#event(journey, 'CertificateRefused', text);
  }

  async #event(journey: Journey, reason: EventReason, text: string): Promise<void> {
    if (this.#mayTell(journey)) await this.#write(journey, reason, text);
  }

  #write(journey: Journey, reason: EventReason, text: string): Promise<void> {
    return this.#tell('Event', () => this.#deps.events.write(journey.facts, reason, text));
  }

  #mayTell({ standing }: Journey): boolean {
    return standing === 'known' || this.#unknown.take(this.#deps.monotonic());
  }

  /** What cannot be told must not delay what was told about. */
  async #tell(what: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#deps.metrics.count('errors_total', { of: 'api' });
      this.#deps.quietLog(
        'warning',
        `the ${what} about a CSR could not be written: ${describeError(error)}`,
      );
    }
  }
}

function fieldsOf({ facts }: Journey): LogFields {
  const { name, uid, signer, username, commonName } = facts;
  return {
    csr: name,
    uid,
    signer: signer.signerName,
    requester: username,
    ...(commonName !== undefined && { commonName }),
  };
}
