/**
 * What is known about the nodes and clusters of a trust domain when a gate judges them. Plain data, so that its digest says
 * what a gate has seen; times are texts, in the form of Date.toISOString.
 */
import { hash } from 'node:crypto';
import type { CaName } from '../../profiles/certificate-names.ts';
import type { NodeRole } from '../../profiles/profiles.ts';

export interface Evidence {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly clusters: readonly ClusterEvidence[];
  /** Clusters that may be of this trust domain: their records cannot be read, or no longer exist. */
  readonly unknown: readonly { readonly cluster: string; readonly problem: string }[];
}

export interface ClusterEvidence {
  readonly cluster: string;
  /** undefined if no forwarder has written one, or if it is not needed. */
  readonly report?: Stated<ClusterFacts>;
  readonly nodes: readonly NodeEvidence[];
  /** Unexpired certificates of this CA that belong to no node: those of users. */
  readonly users: readonly Issued[];
}

/** What a node or a forwarder has written. */
export interface Stated<Facts> {
  /** By the clock of S3. */
  readonly writtenAt: string;
  readonly facts?: Facts;
  /** Why the facts are missing. */
  readonly problem?: string;
}

export interface NodeEvidence {
  readonly node: string;
  readonly role: NodeRole;
  /** Whether the cluster record has an entry for it. Other nodes match a rule, or have only certificates or a Node object. */
  readonly isNamed: boolean;
  readonly report?: Stated<NodeFacts>;
  /** Its unexpired certificates of this CA, by line. */
  readonly lines: readonly Line[];
  /** When it got its newest certificate of any CA. */
  readonly lastIssuedAt?: string;
}

/** The unexpired certificates of one name that a node has received. */
export interface Line {
  readonly name: string;
  /** The one that was issued last; in one second, that of the newest CA. */
  readonly newest: Issued;
  /** Those that it has replaced. */
  readonly older: readonly Issued[];
}

/** A certificate of the ledger. */
export interface Issued {
  readonly version: number;
  /** Day of notAfter in UTC. */
  readonly day: string;
  readonly issuedAt: string;
}

/** What a node reports about this CA. */
export interface NodeFacts {
  readonly components: readonly string[];
  readonly certificates: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly caSha256?: string;
  }[];
  readonly served: readonly { readonly component: string; readonly sha256: string }[];
  readonly caFiles: readonly Holding[];
  /** Empty for a CA that kubeconfigs do not have. */
  readonly kubeconfigs: readonly Holding[];
  readonly signing?: { readonly signs: boolean; readonly flags: readonly string[] };
  readonly rotation?: {
    readonly sequence: number;
    readonly proved: readonly {
      readonly component: string;
      readonly address: string;
      readonly result: 'accepted' | 'refused' | 'unreachable';
      readonly at: string;
    }[];
    readonly started: readonly { readonly component: string; readonly isSince: boolean }[];
    readonly left: readonly string[];
  };
  readonly renewalExitCode?: number;
}

/** A file, and the CA certificates in it. */
export interface Holding {
  readonly file: string;
  readonly sha256: readonly string[];
}

/** What a forwarder reports about its cluster and this CA. */
export interface ClusterFacts {
  readonly sequence?: number;
  readonly nodes: readonly NodeObject[];
  readonly holders: readonly {
    readonly object: string;
    /** Whether it has to hold the CA; a caBundle need not. */
    readonly isToHold: boolean;
    readonly sha256: readonly string[];
  }[];
  readonly withoutRootCa: readonly string[];
  readonly oldPods: readonly {
    readonly namespace: string;
    readonly pod: string;
    readonly owner: string;
  }[];
  readonly unavailable: readonly string[];
  readonly truncated: readonly string[];
}

/** What a Node object and its annotation say, and what the forwarder sees on port 10250. */
export interface NodeObject {
  readonly name: string;
  readonly ready: boolean;
  readonly servedBy?: string;
  readonly acceptsNew?: 'accepted' | 'refused' | 'unreachable';
  readonly caFile?: readonly string[];
  readonly kubeconfig?: readonly string[];
  readonly restarted?: boolean;
}

/** SHA-256 in lower-case hex: the same evidence has the same digest, whatever the order of the fields. */
export const digestEvidence = (evidence: Evidence): string =>
  hash('sha256', JSON.stringify(sorted(evidence)), 'hex');

/** With the fields of each object in the order of their names, without those that are undefined. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}
