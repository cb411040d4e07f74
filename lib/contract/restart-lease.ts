/** The restart lease of a cluster: which of its nodes is restarting components. */
import * as z from 'zod/mini';
import { EXCHANGE_PREFIXES } from './prefixes.ts';

export function leaseKey(cluster: string): string {
  return `${EXCHANGE_PREFIXES.leases}${cluster}.json`;
}

export const leaseSchema = z.object({
  schema: z.literal(1),
  /** The node that holds the lease; null after it was released. */
  holder: z.nullable(z.string()),
  /** Distinguishes two holds of the same node. */
  id: z.string(),
  /** How long the lease is held after its last write, in seconds. */
  seconds: z.number(),
});

export type LeaseDocument = z.infer<typeof leaseSchema>;
