/**
 * The prefixes of both buckets, and the suffixes of outcomes. Everything that builds, parses or protects a key starts
 * here: policies and notifications (infra, local), keys (the other files of this folder), docs/s3-contract.md.
 */

/** The bucket that nodes can reach, and the one that they cannot. */
export type Bucket = 'exchange' | 'authority';

export const EXCHANGE_PREFIXES = {
  requests: 'requests/',
  certificates: 'certificates/',
  trust: 'trust/',
  leases: 'leases/',
  reports: 'reports/',
} as const;

export const AUTHORITY_PREFIXES = {
  clusters: 'clusters/',
  trust: 'trust/',
  caRecords: 'ca-records/',
  caKeys: 'ca-keys/',
  rotations: 'rotations/',
  records: 'records/',
  expiry: 'expiry/',
  budgets: 'budgets/',
  reconcile: 'reconcile/',
  /** All kinds of approval; everything under it is in one of the next three. */
  approvals: 'approvals/',
  requestApprovals: 'approvals/requests/',
  standingApprovals: 'approvals/standing/',
  rotationApprovals: 'approvals/rotations/',
} as const;

/** What follows the name of a certificate under `certificates/`, by outcome. */
export const OUTCOME_SUFFIXES = {
  certificate: '.crt',
  rejected: '.rejected.json',
  pending: '.pending.json',
} as const;

export interface PrefixDescription {
  readonly bucket: Bucket;
  readonly prefix: string;
  /** What is under it. */
  readonly holds: string;
}

/** Every prefix once, for documentation and tests. Who may do what there is in `lib/access/objects.ts`. */
export const PREFIXES: readonly PrefixDescription[] = [
  {
    bucket: 'exchange',
    prefix: EXCHANGE_PREFIXES.requests,
    holds: 'CSRs',
  },
  {
    bucket: 'exchange',
    prefix: EXCHANGE_PREFIXES.certificates,
    holds: 'outcomes',
  },
  {
    bucket: 'exchange',
    prefix: EXCHANGE_PREFIXES.trust,
    holds: 'trust bundles and chains, and rotations',
  },
  {
    bucket: 'exchange',
    prefix: EXCHANGE_PREFIXES.leases,
    holds: 'restart leases',
  },
  {
    bucket: 'exchange',
    prefix: EXCHANGE_PREFIXES.reports,
    holds: 'what nodes and clusters say about themselves',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.clusters,
    holds: 'cluster records',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.trust,
    holds: 'the CAs of trust domains',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.caRecords,
    holds: 'how CA certificates were created, and CSRs for them',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.caKeys,
    holds: 'which CA a key belongs to',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.rotations,
    holds: 'the history of rotations of CAs',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.records,
    holds: 'decisions, and certificates as signed',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.expiry,
    holds: 'the expiry index',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.budgets,
    holds: 'how much each node has requested today',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.reconcile,
    holds: 'where the next run of reconcile continues, and what it says about rotations',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.requestApprovals,
    holds: 'approvals and denials of one request',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.standingApprovals,
    holds: 'approvals of certificate names of a cluster',
  },
  {
    bucket: 'authority',
    prefix: AUTHORITY_PREFIXES.rotationApprovals,
    holds: 'approvals of the start and the end of rotations',
  },
];
