/** The exchange bucket, as the forwarder uses it: one call for an upload, one for a look, one for each outcome. */
import {
  type RejectionDocument,
  readRejection,
  readWaitingFor,
} from '../../lib/contract/outcomes.ts';
import { LIMITS } from '../../lib/limits.ts';
import { unlessMalformed } from '../../lib/store/documents.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import {
  type AttemptOutcome,
  attemptKey,
  attemptsPrefix,
  type CsrPlace,
  lastOutcome,
} from './attempts.ts';

/** A certificate with its intermediates; what is longer is not read. */
const MAX_CERTIFICATE_BYTES = LIMITS.maxOutcomeBytes;
/** Three outcomes of each attempt at most. A CSR that has more attempts is months old. */
const MAX_KEYS = 20_000;

export type ExchangeCall = 'upload' | 'look' | 'read';

/** Told about each call, for health and metrics. */
export interface ExchangeObserver {
  called(call: ExchangeCall): void;
  succeeded(): void;
  failed(error: unknown): void;
}

export interface FoundOutcome extends AttemptOutcome {
  /** When the service wrote it, by the clock of the bucket. */
  readonly writtenAt: Date | undefined;
}

export class CsrExchange {
  readonly #exchange: Exchange;
  readonly #observer: ExchangeObserver;

  constructor(exchange: Exchange, observer: ExchangeObserver) {
    this.#exchange = exchange;
    this.#observer = observer;
  }

  /**
   * @returns `exists` if this attempt was uploaded before, here or by another forwarder. The object may differ, because
   * the CSR may have more conditions now; what it requests cannot change.
   */
  upload(place: CsrPlace, attempt: number, object: string): Promise<'created' | 'exists'> {
    return this.#call('upload', () =>
      this.#exchange.create(attemptKey(place, attempt), object, 'application/json'),
    );
  }

  /** The outcome that counts; undefined if the service has not written one yet. */
  look(place: CsrPlace): Promise<FoundOutcome | undefined> {
    return this.#call('look', async () => {
      const found = new Map<string, Date | undefined>();
      for await (const { key, lastModified } of this.#exchange.list(attemptsPrefix(place))) {
        found.set(key, lastModified);
        if (found.size > MAX_KEYS) break;
      }
      const outcome = lastOutcome(place, new Set(found.keys()));
      return outcome && { ...outcome, writtenAt: found.get(outcome.key) };
    });
  }

  /** The text of a `.crt`. @returns undefined if it is missing, or not what a certificate can be */
  certificate({ key }: AttemptOutcome): Promise<string | undefined> {
    return this.#call('read', async () => {
      const object = await this.#exchange.get(key, MAX_CERTIFICATE_BYTES);
      if (!object || object.tooLarge || object.unreadable !== undefined) return undefined;
      return Buffer.from(object.body).toString('latin1');
    });
  }

  /** @returns undefined if it is missing, or cannot be read by this release */
  rejection({ key }: AttemptOutcome): Promise<RejectionDocument | undefined> {
    return this.#call('read', () => unlessMalformed(readRejection(this.#exchange, key)));
  }

  /** What a pending request waits for. */
  waitingFor({ key }: AttemptOutcome): Promise<string | undefined> {
    return this.#call('read', () => unlessMalformed(readWaitingFor(this.#exchange, key)));
  }

  async #call<T>(call: ExchangeCall, action: () => Promise<T>): Promise<T> {
    this.#observer.called(call);
    try {
      const result = await action();
      this.#observer.succeeded();
      return result;
    } catch (error) {
      this.#observer.failed(error);
      throw error;
    }
  }
}
