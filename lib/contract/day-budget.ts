/**
 * What a node, and its cluster, have used of their budgets on one day. A request belongs to the day of its upload, by the
 * clock of S3, so that every wake-up finds it in the same object.
 */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { BOOTSTRAP_HOLDER } from './request-kinds.ts';

/** What a budget limits. */
export const BUDGETED = ['requests', 'certificates'] as const;
export type Budgeted = (typeof BUDGETED)[number];

const counts = z.object({ requests: z.number(), certificates: z.number() });

/** `budgets/<cluster>/<node>/<YYYY-MM-DD>.json` */
export const nodeBudgetSchema = z.object({
  /** The requests that count, each once, by a digest of its key: so a retry does not count again. */
  requests: z.array(z.string()),
  /** Those of them for which a certificate was, or may be, issued. */
  certificates: z.array(z.string()),
  /** What the node has taken from the budget of its cluster. */
  drawn: counts,
  /**
   * No other request that was uploaded up to this time counts any more. It is written before such a request is refused,
   * and only moves forward, so that a refused request is never issued.
   */
  closedThrough: z.object({
    requests: z.optional(z.string()),
    certificates: z.optional(z.string()),
  }),
});

/** `budgets/<cluster>/<YYYY-MM-DD>.json` */
export const clusterBudgetSchema = z.object({
  /** What the nodes of the cluster have taken. */
  drawn: counts,
});

export type NodeBudget = z.infer<typeof nodeBudgetSchema>;
export type ClusterBudget = z.infer<typeof clusterBudgetSchema>;

/**
 * @param node a node, `users`, `csr` for all names that no record knows, or `csr~<id>` for what is requested with a
 * bootstrap token
 * @param day `YYYY-MM-DD`, in UTC
 */
export function nodeBudgetKey(cluster: string, node: string, day: string): string {
  return `${AUTHORITY_PREFIXES.budgets}${cluster}/${node}/${day}.json`;
}

/** What is requested with bootstrap tokens draws from here. @param day `YYYY-MM-DD`, in UTC */
export function bootstrapBudgetKey(cluster: string, day: string): string {
  return `${AUTHORITY_PREFIXES.budgets}${cluster}/${BOOTSTRAP_HOLDER}/total-${day}.json`;
}

/** @param day `YYYY-MM-DD`, in UTC */
export function clusterBudgetKey(cluster: string, day: string): string {
  return `${AUTHORITY_PREFIXES.budgets}${cluster}/${day}.json`;
}
