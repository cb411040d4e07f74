/**
 * What the next phase of a rotation waits for, as the daily check found it. It is for people; no change of phase
 * uses it.
 */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

const count = z.number().check(z.int(), z.nonnegative());

export const rotationSummarySchema = widenable({
  trustDomain: z.string(),
  /** Of `trust/<trust domain>.json`: once that has changed, the summary is about something else. */
  documentETag: z.string(),
  /** When the evidence was read. */
  at: z.string(),
  /** The times that the gate used, in seconds. */
  rules: z.object({ heardWithinSeconds: count, issueSeconds: count, goneAfterSeconds: count }),
  /** The most important of what is missing. */
  missing: z.array(z.object({ subject: z.string(), why: z.string(), fix: z.string() })),
  notes: z.array(z.string()),
  progress: z.array(z.object({ what: z.string(), done: count, of: count })),
  todo: z.array(z.string()),
  /** How many there are beyond those in the lists. */
  leftOut: z.object({ missing: count, notes: count, todo: count }),
});

export type RotationSummary = z.infer<typeof rotationSummarySchema>;

/** `reconcile/rotations/<trust domain>.json` */
export const rotationSummaryKey = (trustDomain: string): string =>
  `${AUTHORITY_PREFIXES.reconcile}rotations/${trustDomain}.json`;
