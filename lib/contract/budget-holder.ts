/** Whose budget a request counts in, where its key does not say it. Loaded when the first such request is read. */
import * as z from 'zod/mini';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import type { RequestParts } from './request-key.ts';

/** `budgets/<cluster>/csr/<YYYY-MM-DD>/<request id>/<name>.json` */
export const budgetHolderSchema = z.object({
  /** Whose budget the request counts in, on every run: a node, or one of the words of `limitsOf`. */
  holder: z.string(),
});

/** For a request below `csr/`, whose key does not name the node. @param day `YYYY-MM-DD`, in UTC */
export function budgetHolderKey(request: RequestParts, day: string): string {
  const { cluster, node, requestId, path } = request;
  return `${AUTHORITY_PREFIXES.budgets}${cluster}/${node}/${day}/${requestId}/${path}`;
}
