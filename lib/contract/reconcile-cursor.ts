/**
 * Where reconcile continues: what a run could not look at is left for the next. If it is lost, some objects are looked
 * at again.
 */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';

export const RECONCILE_CURSOR_KEY = `${AUTHORITY_PREFIXES.reconcile}cursor.json`;

/** What the requests seen so far amount to, for the metrics. Times are in milliseconds since 1970. */
const totalsSchema = z.object({
  waiting: z.number(),
  oldestWaiting: z.optional(z.number()),
  oldestOpen: z.optional(z.number()),
});

export const reconcileCursorSchema = z.object({
  /** The last key of `requests/` that was looked at; absent if the next run starts at the first. */
  after: z.optional(z.string()),
  /** Clusters and nodes with more objects than one run looks at, by prefix: the last key that was looked at. */
  continued: z.record(z.string(), z.string()),
  /** Whether all pending requests are woken until the last key is reached: it is the daily check. */
  daily: z.boolean(),
  /** The daily check of the ledger, while it is in progress, and the last key of `records/` that was looked at. */
  ledger: z.optional(z.object({ after: z.optional(z.string()) })),
  /** Of the keys up to `after`. */
  seen: totalsSchema,
  /** Of all keys, when the last one was reached. */
  last: totalsSchema,
});

export type ReconcileCursor = z.infer<typeof reconcileCursorSchema>;
export type Totals = z.infer<typeof totalsSchema>;
