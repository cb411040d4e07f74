/** Errors of calls, as the log and `/readyz` give them: with the command that helps, if there is one. */
import { KubeError } from '../kubernetes/kube-client.ts';
import { HOW_TO_GRANT } from './rbac.ts';

export function describeError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isForbidden(error) ? `${message}; to grant what it needs: ${HOW_TO_GRANT}` : message;
}

export const isForbidden = (error: unknown): boolean =>
  error instanceof KubeError && error.status === 403;
