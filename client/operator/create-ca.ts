/** Calls of the create-ca function, and what is checked of its responses. */
import type * as z from 'zod/mini';
import { describeIssue } from '../../lib/store/describe-issue.ts';
import { CommandError } from '../errors.ts';

/** Calls the create-ca function and returns its response. */
export type InvokeCreateCa = (request: unknown) => Promise<unknown>;

/** @throws CommandError if the response has another form */
export function parseResponse<T>(schema: z.ZodMiniType<T>, response: unknown): T {
  const result = schema.safeParse(response);
  if (result.success) return result.data;
  throw wrongResponse(result.error.issues.slice(0, 3).map(describeIssue).join('; '));
}

export const wrongResponse = (why: string) =>
  new CommandError(
    'check-failed',
    `the create-ca function returned an unexpected response: ${why}`,
    'check that the function and this command are of the same release, and that CAKELESS_CREATE_CA_FUNCTION names the right function',
  );
