/**
 * Who calls: every principal of the deployment, by its part in it. IAM roles (infra) and the principals of `cakeless
 * local` are created from these. Nobody else is in the tables of this folder, so nobody else has access.
 */

import { CSR, USERS } from '../contract/request-kinds.ts';
import type { ServiceName } from '../metric-names.ts';

/** The roles of people. */
export const PEOPLE = ['operator', 'approver', 'auditor'] as const;

export type Person = (typeof PEOPLE)[number];

/**
 * Principals that reach only what is their own: a node its folder; a control-plane node, which is a node too, the lease
 * of its cluster and, as it may run a forwarder, the folder of CSRs of the certificates API and the report of the
 * cluster; a forwarder that runs elsewhere, these two alone; a requester of user certificates the users' folder; a relay, who invites and relays for
 * nodes without AWS credentials, every folder of one cluster.
 */
export const BOUND_PRINCIPALS = ['node', 'control-plane', 'forwarder', 'user', 'relay'] as const;

export type BoundPrincipal = (typeof BOUND_PRINCIPALS)[number];

/**
 * Who brings the private keys of existing clusters into KMS. No one else has their role, and it exists only during
 * an adoption: who imports a key has had it in their hands.
 */
export const IMPORTER = 'importer';

/** Functions have one role each. */
export type Principal = BoundPrincipal | Person | typeof IMPORTER | ServiceName;

/** Every principal, in the order in which documentation lists them. */
export const PRINCIPALS: readonly Principal[] = [
  ...BOUND_PRINCIPALS,
  ...PEOPLE,
  IMPORTER,
  'triage',
  'sign',
  'create-ca',
  'reconcile',
  'watch-signatures',
];

/** Principals whose roles a deployment creates for people and machines, not for functions. */
export type Outsider = BoundPrincipal | Person | typeof IMPORTER;

/**
 * Where the roles of each principal are, below the deployment's IAM path. Policies name these folders: they must also
 * apply to roles that are added later, and a list of all roles would exceed the size of a bucket policy.
 */
export const ROLE_FOLDERS: Readonly<Record<Outsider, readonly string[]>> = {
  node: ['nodes/'],
  'control-plane': ['nodes/control-planes/', 'nodes/by-tag/'],
  forwarder: ['forwarders/'],
  user: ['requesters/'],
  relay: ['relays/'],
  operator: ['operators/'],
  approver: ['approvers/'],
  auditor: ['auditors/'],
  importer: ['importers/'],
};

/** Where the functions' roles are. */
export const FUNCTION_ROLE_FOLDER = 'functions/';

/** A principal, and where it belongs if it is bound to a place. Names can be IAM policy variables. */
export type Caller =
  | { readonly principal: 'node'; readonly cluster: string; readonly node: string }
  | { readonly principal: Exclude<BoundPrincipal, 'node'>; readonly cluster: string }
  | { readonly principal: Person | typeof IMPORTER | ServiceName };

/** The cluster, and the folder under it, that a bound principal owns. */
export interface Place {
  readonly cluster: string;
  readonly node: string;
}

/** Undefined for a principal that is bound to no place. */
export function placeOf(caller: Caller): Place | undefined {
  if ('node' in caller) return { cluster: caller.cluster, node: caller.node };
  if ('cluster' in caller) return { cluster: caller.cluster, node: FOLDERS[caller.principal] };
  return undefined;
}

/** What follows the cluster in the keys of principals that are not named by it. A control plane's own are a node's. */
const FOLDERS: Readonly<Record<Exclude<BoundPrincipal, 'node'>, string>> = {
  'control-plane': CSR,
  forwarder: CSR,
  user: USERS,
  relay: '*',
};
