/** What was declared about clusters and trust domains: a request is judged by it. */
import { readTrustDomain } from '../ca/issuing-ca.ts';
import { readClusterRecord } from '../cluster/read-record.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { readTrustDomainNames, TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RevalidatingReader } from '../store/often-read.ts';

/** A cluster record and a trust domain are undefined if they do not exist. */
export interface Declarations {
  /** @throws Fault document-malformed */
  clusterRecord(cluster: string): Promise<ClusterRecord | undefined>;
  /** @throws Fault document-malformed */
  trustDomain(name: string): Promise<TrustDomainDocument | undefined>;
  /**
   * The names that all clusters of the trust domain declare: only a kubelet's serving certificate is judged by them.
   * @throws Fault document-malformed
   */
  trustDomainNames(name: string): Promise<TrustDomainNames>;
}

/** What declarations are read from. */
export type DeclarationsReader = RevalidatingReader & Pick<ObjectStore, 'list'>;

/**
 * Reads each time, for callers that need each document once.
 * @param readNames a function loads it late, and a command with the rest of its code
 */
export const storedDeclarations = (
  authority: DeclarationsReader,
  readNames: typeof readTrustDomainNames,
): Declarations => ({
  clusterRecord: (cluster) => readClusterRecord(authority, cluster),
  trustDomain: (name) => readTrustDomain(authority, name),
  trustDomainNames: (name) => readNames(authority, name),
});
