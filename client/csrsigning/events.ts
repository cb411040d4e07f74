/**
 * Events about CSRs, which `kubectl describe csr` shows. An Event's name follows from the CSR and the reason, so that all
 * forwarders share one, and it is counted up instead of written again.
 */
import { createHash } from 'node:crypto';
import { printable, shortened } from '../../lib/printable.ts';
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';
import type { CsrFacts } from './csr-facts.ts';
import { Recent } from './recent.ts';

/** CSRs have no namespace; the API server takes Events about such objects only here. */
const EVENTS_PATH = '/api/v1/namespaces/default/events';
const COMPONENT = 'cakeless-csrsigning';

export type EventReason =
  | 'CertificateIssued'
  | 'CertificatePending'
  | 'CertificateRefused'
  | 'CertificateSuperseded';

/** As Kubernetes' own recorder cuts them. */
const MAX_MESSAGE = 1024;
const QUIET_MS = 60_000;
/** What is forgotten is at worst written once more. */
const MAX_REMEMBERED = 10_000;

interface Remembered {
  at: number;
  /** As far as this forwarder knows it. */
  count: number;
}

interface ApiEvent {
  readonly message: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

export interface EventDeps {
  readonly client: KubeClient;
  /** Shown as the reporting instance. */
  readonly replica: string;
  readonly clock: { now(): Date; monotonic(): number };
}

export class CsrEvents {
  readonly #deps: EventDeps;
  readonly #remembered = new Recent<Remembered>(MAX_REMEMBERED);

  constructor(deps: EventDeps) {
    this.#deps = deps;
  }

  /** At most once a minute for one CSR and reason. */
  async write(
    csr: Pick<CsrFacts, 'name' | 'uid'>,
    reason: EventReason,
    text: string,
  ): Promise<void> {
    const name = eventName(csr.uid, reason);
    const now = this.#deps.clock.monotonic();
    const last = this.#remembered.get(name);
    if (last && now - last.at < QUIET_MS) return;
    // before the call: one that fails is not repeated at once either
    this.#remembered.set(name, { at: now, count: last?.count ?? 0 });
    const message = shortened(printable(text), MAX_MESSAGE);
    const event = this.#event(csr, reason, message);
    const count = last
      ? await this.#countUp(name, event, last.count)
      : await this.#first(name, event);
    this.#remembered.set(name, { at: now, count });
  }

  async #first(name: string, event: ApiEvent): Promise<number> {
    try {
      const metadata = { name, namespace: 'default' };
      await this.#deps.client.create(EVENTS_PATH, { ...event, metadata });
      return 1;
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
    // another forwarder's, or of an earlier run: it says the same
    return this.#patch(name, event, {});
  }

  async #countUp(name: string, event: ApiEvent, count: number): Promise<number> {
    try {
      return await this.#patch(name, event, { count: count + 1 });
    } catch (error) {
      // the API server deletes Events after an hour
      if (isStatus(error, 404)) return this.#first(name, event);
      throw error;
    }
  }

  async #patch(
    name: string,
    { message, lastTimestamp }: ApiEvent,
    more: Pick<Partial<ApiEvent>, 'count'>,
  ): Promise<number> {
    const body = { message, lastTimestamp, ...more };
    const patched = await this.#deps.client.patch<Partial<ApiEvent>>(
      `${EVENTS_PATH}/${name}`,
      body,
    );
    return patched.count ?? 1;
  }

  #event({ name, uid }: Pick<CsrFacts, 'name' | 'uid'>, reason: EventReason, message: string) {
    const at = this.#deps.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    return {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        name,
        uid,
      },
      type: reason === 'CertificateRefused' ? 'Warning' : 'Normal',
      reason,
      message,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      source: { component: COMPONENT },
      reportingComponent: COMPONENT,
      reportingInstance: this.#deps.replica,
    };
  }
}

/** An RFC 1123 subdomain, as names of objects must be: a uid is one. */
const eventName = (uid: string, reason: EventReason): string =>
  `${uid}.${createHash('sha256').update(reason).digest('hex').slice(0, 12)}`;

const isStatus = (error: unknown, status: number): boolean =>
  error instanceof KubeError && error.status === status;
