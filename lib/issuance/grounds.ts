/** What a request is judged by, besides its bytes: the cluster's record, the trust domain, and the approvals. */
import { lastKnownTrustDomain } from '../cluster/read-record.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { readTrustDomainNames, TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { GivenApprovals, PlanToApprove } from '../policy/approval.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type Declarations, type DeclarationsReader, storedDeclarations } from './declarations.ts';
import type { readApprovals as read } from './read-approvals.ts';

export type { Declarations } from './declarations.ts';

export interface Grounds extends Declarations {
  /** undefined if there are too many to read. */
  approvals(plan: PlanToApprove): Promise<GivenApprovals | undefined>;
}

/** What a record is compared with. */
export type RecordGrounds = Grounds;

/** Loaded when the first serving certificate of a kubelet is requested. */
const readNamesLater: typeof readTrustDomainNames = async (...call) =>
  (await import('./certificates-api.ts')).readTrustDomainNames(...call);

/**
 * Reads each time. A record that a run found may name what was written after the run began, so it is compared with
 * what is read after the record.
 */
export const storedGrounds = (authority: DeclarationsReader): Grounds => ({
  ...storedDeclarations(authority, readNamesLater),
  approvals: (plan) => readApprovals(authority, plan),
});

/**
 * Reads each document once, for all requests whose messages were received together. Each read starts after that, so it
 * sees everything that was written before the messages were sent: a request is judged by nothing older than its wake-up.
 */
export class SharedDeclarations implements Declarations {
  readonly #authority: DeclarationsReader;
  readonly #stored: Declarations;
  readonly #reads = new Map<string, Promise<unknown>>();

  constructor(authority: DeclarationsReader) {
    this.#authority = authority;
    this.#stored = storedDeclarations(authority, readNamesLater);
  }

  /**
   * Starts to read what a request of the cluster will need: the cluster record, and the trust domain that the record named
   * when it was last read. If the record now names another one, that one is read too.
   */
  prefetch(cluster: string): void {
    void this.clusterRecord(cluster).catch(ignore);
    const trustDomain = lastKnownTrustDomain(this.#authority, cluster);
    if (trustDomain !== undefined) void this.trustDomain(trustDomain).catch(ignore);
  }

  clusterRecord(cluster: string): Promise<ClusterRecord | undefined> {
    return this.#once(`cluster ${cluster}`, () => this.#stored.clusterRecord(cluster));
  }

  trustDomain(name: string): Promise<TrustDomainDocument | undefined> {
    return this.#once(`trust domain ${name}`, () => this.#stored.trustDomain(name));
  }

  trustDomainNames(name: string): Promise<TrustDomainNames> {
    return this.#once(`names of ${name}`, () => this.#stored.trustDomainNames(name));
  }

  #once<T>(what: string, read: () => Promise<T>): Promise<T> {
    const known = this.#reads.get(what) as Promise<T> | undefined;
    if (known) return known;
    const reading = read();
    this.#reads.set(what, reading);
    // later callers try again
    reading.catch(() => this.#reads.delete(what));
    return reading;
  }
}

/** Loaded with the first plan that needs an approval. */
const readApprovals: typeof read = async (...call) =>
  (await import('./read-approvals.ts')).readApprovals(...call);

/** If a prefetched document is needed, its error is thrown there. */
const ignore = () => undefined;

/** The grounds of one decision. Its own record is checked against the approvals that it was decided by. */
export function groundsOfDecision(
  declared: Declarations,
  authority: Pick<ObjectStore, 'get' | 'list'>,
): Grounds {
  const read = new Map<string, Promise<GivenApprovals | undefined>>();
  return {
    clusterRecord: (cluster) => declared.clusterRecord(cluster),
    trustDomain: (name) => declared.trustDomain(name),
    trustDomainNames: (name) => declared.trustDomainNames(name),
    approvals: (plan) => {
      const { request, cluster } = plan.terms;
      const of = JSON.stringify([request, cluster, plan.mayStand]);
      const approvals = read.get(of) ?? readApprovals(authority, plan);
      read.set(of, approvals);
      return approvals;
    },
  };
}
