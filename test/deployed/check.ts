/** Checks of a deployed service, each named by a sentence. Later ones depend on earlier ones. */
import type { Credentials } from '../stand-in/ministack.ts';
import { hopeless, until } from '../support/until.ts';
import type { Deployment } from './deployment.ts';

export interface Check {
  readonly name: string;
  /** What is printed before it, if it waits for long. */
  readonly waiting?: string;
  /** @throws Error if the sentence is not true */
  run(deployment: Deployment): Promise<void>;
}

export const NODE = 'cp-1.prod.example.com';
/** A node of cluster a, whose nodes share a role: the session tag names the node. */
export const nodeOfA = (deployment: Deployment, node = NODE): Promise<Credentials> =>
  deployment.assume('nodes of a', { node });

const OUTCOME_WITHIN_MS = 60_000;

/** Calls `ask` until it returns a result. @throws Error that says what was waited for */
export function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = OUTCOME_WITHIN_MS,
): Promise<T> {
  return until(what, () => ask().catch(hopeless), withinMs);
}

/** @throws Error unless this is refused with AccessDenied */
export async function refused(what: string, attempt: Promise<unknown>): Promise<void> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error(`${what} was allowed`);
  const name = failure instanceof Error ? failure.name : '';
  if (!/^AccessDenied(Exception)?$/.test(name)) throw failure;
}
