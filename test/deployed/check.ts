/** Checks of a deployed service, each named by a sentence. Later ones depend on earlier ones. */
import type { Credentials } from '../stand-in/ministack.ts';
import type { Deployment } from './deployment.ts';

export interface Check {
  readonly name: string;
  /** @throws Error if the sentence is not true */
  run(deployment: Deployment): Promise<void>;
}

export const NODE = 'cp-1.prod.example.com';
/** A node of cluster a, whose nodes share a role: the session tag names the node. */
export const nodeOfA = (deployment: Deployment, node = NODE): Promise<Credentials> =>
  deployment.assume('nodes of a', { node });

const OUTCOME_WITHIN_MS = 60_000;

/** Repeats `ask` until it has a result. @param what what is awaited, for the message of the error */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = OUTCOME_WITHIN_MS,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const result = await ask();
    if (result !== undefined) return result;
    if (Date.now() > deadline) throw new Error(`${what}: nothing after ${withinMs / 1000} s`);
    await new Promise((done) => setTimeout(done, 100));
  }
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
