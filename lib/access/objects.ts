/**
 * Who may read, write and delete which objects of the two buckets. A row is a prefix. Writing and deleting is denied to
 * everyone whom a row does not list, administrators included. `grants.ts` derives what each principal may do, and what
 * is denied to everyone else.
 */
import { SIGNERS } from '../certificates-api/signers.ts';
import {
  AUTHORITY_PREFIXES,
  type Bucket,
  EXCHANGE_PREFIXES,
  OUTCOME_SUFFIXES,
} from '../contract/prefixes.ts';
import { USER_NAME } from '../profiles/certificate-names.ts';
import { type BoundPrincipal, PEOPLE, type Principal } from './principals.ts';

/**
 * The header that every write by any principal must have: `new`: `If-None-Match: *`, so that it replaces nothing;
 * `compared`: that, or `If-Match`, so that it replaces only what its writer has read.
 */
export type WriteCondition = 'new' | 'compared';

/** IAM's policy variable for the caller. `AWS:` and this is what S3 events call the caller. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
export const USERID_VARIABLE = '${aws:userid}';

export interface Write {
  /** Everyone else is denied it, including administrators. */
  readonly by: readonly Principal[];
  /** Keys that end with one of these. @default every key under the prefix */
  readonly suffixes?: readonly string[];
  /** Each writer has its own keys: their last part is the writer's `aws:userid`, with `.json`. @default false */
  readonly ownName?: true;
  /** Applies to everyone, including administrators. @default none: a write may replace what exists */
  readonly condition?: WriteCondition;
}

export interface Deletion {
  /** Everyone else is denied it, including administrators, except break-glass. */
  readonly by: readonly Principal[];
  /** As for `Write`. */
  readonly suffixes?: readonly string[];
}

/** What nobody may delete, not even break-glass: an object (by a delete marker), or a version of it. */
export type Kept = 'objects' | 'versions';

export type Own =
  | '<cluster>/<node>/*'
  | '<cluster>.json'
  | '<cluster>/nodes/<node>.json'
  | '<cluster>/cluster.json';

export interface ObjectAccess {
  readonly bucket: Bucket;
  readonly prefix: string;
  /**
   * What a bound principal owns under the prefix; it reaches nothing else there. By principal, if they own different
   * things. @default nothing: it reaches all of it
   */
  readonly own?: Own | Readonly<Partial<Record<BoundPrincipal, Own>>>;
  readonly get: readonly Principal[];
  readonly put: readonly Write[];
  /** @default nobody, except break-glass */
  readonly delete?: readonly Deletion[];
  /** @default nothing: break-glass may delete it */
  readonly keeps?: readonly Kept[];
}

const { certificate, rejected, pending } = OUTCOME_SUFFIXES;

/** Who uploads requests. */
const UPLOADERS: readonly Principal[] = ['node', 'control-plane', 'forwarder', 'user', 'relay'];

/** How the files of kubeadm end. Any such name may be uploaded: an unknown one gets a rejection that says what is right. */
const FILES = '.csr';

/**
 * Objects of the certificates API are uploaded by a program, so they have exactly these names: one that only ends in
 * `.json` could be anything. Below `csr`, and below a node's own name.
 */
const CSR_NAMES = SIGNERS.map(({ path }) => `/${path}`);
const KUBELET_NAMES = SIGNERS.filter(({ certificateName }) => certificateName !== USER_NAME).map(
  ({ path }) => `/${path}`,
);

const EXCHANGE: readonly Omit<ObjectAccess, 'bucket'>[] = [
  {
    prefix: EXCHANGE_PREFIXES.requests,
    own: '<cluster>/<node>/*',
    get: [...UPLOADERS, 'sign', 'watch-signatures', ...PEOPLE],
    // no other suffix: an object that is not a request would only be listed again and again
    put: [
      { by: ['node', 'user', 'relay'], suffixes: [FILES], condition: 'new' },
      // a kubelet's, by its own node
      { by: ['node'], suffixes: KUBELET_NAMES, condition: 'new' },
      { by: ['control-plane', 'forwarder'], suffixes: CSR_NAMES, condition: 'new' },
    ],
    // an object that contains a private key is deleted at once
    delete: [{ by: ['sign'] }],
  },
  {
    prefix: EXCHANGE_PREFIXES.certificates,
    own: '<cluster>/<node>/*',
    get: [...UPLOADERS, 'sign', ...PEOPLE],
    put: [
      { by: ['sign'], suffixes: [certificate, rejected], condition: 'new' },
      // replaced when the cluster record has changed (lib/issuance/pending.ts)
      { by: ['sign'], suffixes: [pending] },
    ],
    // the certificate or the rejection replaces it
    delete: [{ by: ['sign'], suffixes: [pending] }],
  },
  {
    prefix: EXCHANGE_PREFIXES.trust,
    // a control-plane node as the node that it is, too
    get: ['node', 'forwarder', 'user', 'relay', 'importer', 'reconcile', ...PEOPLE],
    // reconcile, which can sign nothing, publishes again what a killed call left (lib/ca/mend-trust.ts)
    put: [{ by: ['create-ca', 'reconcile'] }],
  },
  {
    prefix: EXCHANGE_PREFIXES.leases,
    own: '<cluster>.json',
    get: ['control-plane', ...PEOPLE],
    put: [{ by: ['control-plane'], condition: 'compared' }],
  },
  {
    // a node can lie about itself only, and a forwarder about its cluster
    prefix: EXCHANGE_PREFIXES.reports,
    own: {
      node: '<cluster>/nodes/<node>.json',
      'control-plane': '<cluster>/cluster.json',
      forwarder: '<cluster>/cluster.json',
    },
    get: ['node', 'control-plane', 'forwarder', 'create-ca', 'reconcile', ...PEOPLE],
    put: [{ by: ['node', 'control-plane', 'forwarder'], condition: 'compared' }],
  },
];

const AUTHORITY: readonly Omit<ObjectAccess, 'bucket'>[] = [
  {
    prefix: AUTHORITY_PREFIXES.clusters,
    own: '<cluster>.json',
    // an invitation names the trust domain that the record names
    get: ['relay', 'sign', 'create-ca', 'reconcile', ...PEOPLE],
    put: [{ by: ['operator'], condition: 'compared' }],
    keeps: ['versions'],
  },
  {
    prefix: AUTHORITY_PREFIXES.trust,
    get: ['sign', 'create-ca', 'reconcile', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['create-ca'] }],
    keeps: ['objects', 'versions'],
  },
  // What follows is decided or claimed once: a change could give a request two serial numbers, or a key two CAs.
  {
    prefix: AUTHORITY_PREFIXES.caRecords,
    get: ['create-ca', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['create-ca'], condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    prefix: AUTHORITY_PREFIXES.caKeys,
    get: ['create-ca', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['create-ca'], condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    // of racing changes of a rotation, the first one counts
    prefix: AUTHORITY_PREFIXES.rotations,
    get: ['create-ca', ...PEOPLE],
    put: [{ by: ['create-ca'], condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    // a delete marker would hide a record, and the next wake-up would decide again under another serial number
    prefix: AUTHORITY_PREFIXES.records,
    get: ['sign', 'create-ca', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['sign'], condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    prefix: AUTHORITY_PREFIXES.requestApprovals,
    get: ['sign', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['approver'], ownName: true, condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    prefix: AUTHORITY_PREFIXES.standingApprovals,
    get: ['sign', 'reconcile', 'watch-signatures', ...PEOPLE],
    put: [{ by: ['approver'], ownName: true, condition: 'compared' }],
    keeps: ['objects', 'versions'],
  },
  {
    prefix: AUTHORITY_PREFIXES.rotationApprovals,
    get: ['create-ca', ...PEOPLE],
    put: [{ by: ['approver'], ownName: true, condition: 'new' }],
    keeps: ['objects', 'versions'],
  },
  {
    // an index of the ledger, not a decision: break-glass may delete entries
    prefix: AUTHORITY_PREFIXES.expiry,
    get: ['create-ca', ...PEOPLE],
    put: [{ by: ['sign'], condition: 'new' }],
  },
  {
    // counters of what a node has requested on a day; the bucket deletes them after a week
    prefix: AUTHORITY_PREFIXES.budgets,
    get: ['sign', ...PEOPLE],
    put: [{ by: ['sign'], condition: 'compared' }],
  },
  {
    // where the next run of reconcile continues, and how far rotations were on the last day
    prefix: AUTHORITY_PREFIXES.reconcile,
    get: ['reconcile', ...PEOPLE],
    put: [{ by: ['reconcile'], condition: 'compared' }],
  },
];

export const OBJECT_ACCESS: readonly ObjectAccess[] = [
  ...EXCHANGE.map((row) => ({ bucket: 'exchange' as const, ...row })),
  ...AUTHORITY.map((row) => ({ bucket: 'authority' as const, ...row })),
];

export interface BucketAccess {
  /**
   * Who lists the whole bucket. S3 returns 404 to them for an object that does not exist, and 403 to others. Bound
   * principals list only their own part.
   */
  readonly list: readonly Principal[];
  /** Who lists versions, and gets the versions of what they may get. */
  readonly versions: readonly Principal[];
}

export const BUCKET_ACCESS: Readonly<Record<Bucket, BucketAccess>> = {
  exchange: {
    list: ['sign', 'create-ca', 'reconcile', 'watch-signatures', ...PEOPLE],
    versions: [],
  },
  authority: {
    list: ['sign', 'create-ca', 'reconcile', 'watch-signatures', ...PEOPLE],
    versions: [...PEOPLE],
  },
};
