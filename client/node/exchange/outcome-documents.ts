/** Reads the documents that explain an outcome, as far as a client uses them. */
import * as z from 'zod/mini';
import { readJson } from '../../../lib/store/documents.ts';
import type { ReadViolation } from '../../wording/refusals.ts';
import type { Exchange } from './exchange.ts';
import type { Outcome } from './outcomes.ts';

const text = z.string();
const violationSchema = z.object({ code: text, field: text, got: text, allowed: text, fix: text });
const rejectedSchema = z.object({ violations: z.array(violationSchema) });
const pendingSchema = z.object({ waitingFor: text });

export interface Explanation {
  /** Of a rejection. */
  readonly violations?: readonly ReadViolation[];
  /** Of a pending request: `an approver: …`. */
  readonly waitingFor?: string;
}

/**
 * Empty for a certificate, for a request without an outcome, and for an outcome that another has replaced meanwhile.
 * @throws Fault or ZodError for a malformed document
 */
export async function explain(
  exchange: Pick<Exchange, 'get'>,
  { state, key }: Pick<Outcome, 'state' | 'key'>,
): Promise<Explanation> {
  if (key === undefined || (state !== 'rejected' && state !== 'pending')) return {};
  const document = await readJson(exchange, key);
  if (document === undefined) return {};
  return state === 'rejected' ? rejectedSchema.parse(document) : pendingSchema.parse(document);
}
