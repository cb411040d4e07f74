/**
 * Who calls: every principal of the deployment, by its part in it. IAM roles (infra) and the principals of `cakeless
 * local` are created from these. Nobody else is in the tables of this folder, so nobody else has access.
 */

import { USERS } from '../contract/request-kinds.ts';
import type { ServiceName } from '../metric-names.ts';

/** The roles of people. */
export const PEOPLE = ['operator', 'approver', 'auditor'] as const;

export type Person = (typeof PEOPLE)[number];

/** Principals that reach only what is their own: a node its folder, a requester of user certificates the users' folder. */
export type BoundPrincipal = 'node' | 'user';

/** Functions have one role each. */
export type Principal = BoundPrincipal | Person | ServiceName;

/** Every principal, in the order in which documentation lists them. */
export const PRINCIPALS: readonly Principal[] = [
  'node',
  'user',
  ...PEOPLE,
  'triage',
  'sign',
  'create-ca',
  'reconcile',
  'watch-signatures',
];

/** A principal, and where it belongs if it is bound to a place. Names can be IAM policy variables. */
export type Caller =
  | { readonly principal: 'node'; readonly cluster: string; readonly node: string }
  | { readonly principal: 'user'; readonly cluster: string }
  | { readonly principal: Person | ServiceName };

/** The cluster, and the folder under it, that a bound principal owns. */
export interface Place {
  readonly cluster: string;
  readonly node: string;
}

/** Undefined for a principal that is bound to no place. */
export function placeOf(caller: Caller): Place | undefined {
  if (caller.principal === 'node') return { cluster: caller.cluster, node: caller.node };
  if (caller.principal === 'user') return { cluster: caller.cluster, node: USERS };
  return undefined;
}
