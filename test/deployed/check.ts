/** One thing that must be so in a deployed service, as a sentence. Later ones build on earlier ones. */
import type { Credentials } from '../stand-in/ministack.ts';
import { hopeless, until } from '../support/until.ts';
import type { Deployment } from './deployment.ts';

export interface Check {
  readonly name: string;
  /** @throws Error where it is not so */
  run(deployment: Deployment): Promise<void>;
}

export const NODE = 'cp-1.prod.example.com';
/** The node whose role is for all nodes of cluster a: its session tag says which it is. */
export const nodeOfA = (deployment: Deployment, node = NODE): Promise<Credentials> =>
  deployment.assume('nodes of a', { node });

const OUTCOME_WITHIN_MS = 60_000;

/** Asks until there is an answer. @throws Error that says what was waited for */
export function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = OUTCOME_WITHIN_MS,
): Promise<T> {
  return until(what, () => ask().catch(hopeless), withinMs);
}

/** @throws Error unless this is refused for want of permission */
export async function refused(what: string, attempt: Promise<unknown>): Promise<void> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error(`${what} was allowed`);
  const name = failure instanceof Error ? failure.name : '';
  if (!/^AccessDenied(Exception)?$/.test(name)) throw failure;
}
