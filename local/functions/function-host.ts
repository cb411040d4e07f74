import type { Context } from 'aws-lambda';
import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';

/** The context that a Lambda handler gets. */
export type LambdaContext = Context;

/** A Lambda handler, as AWS calls it. */
export type LocalFunction = (event: unknown, context: LambdaContext) => Promise<unknown>;

/** A handler, or what loads it when it is first called. */
export type FunctionOrLoader = LocalFunction | (() => Promise<LocalFunction>);

/** How an invocation ended. A failure carries what the function threw. */
export type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown };

/** Lambda's own limit; a function here can't be stopped, but it can ask how much time it has. */
const timeoutMs = 15 * 60 * 1000;

/** Runs functions in this process. */
export class FunctionHost {
  readonly #functions: Map<string, FunctionOrLoader>;
  readonly #surroundings: Surroundings;
  readonly #running = new Set<Promise<unknown>>();

  constructor(functions: Readonly<Record<string, FunctionOrLoader>>, surroundings: Surroundings) {
    this.#functions = new Map(Object.entries(functions));
    this.#surroundings = surroundings;
  }

  has(name: string): boolean {
    return this.#functions.has(name);
  }

  arn(name: string): string {
    const { region, accountId } = this.#surroundings;
    return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  }

  /** Calls a function with an event and tells how it ended; it never throws itself. */
  async invoke(name: string, event: unknown): Promise<Outcome> {
    const run = this.#run(name, event);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Ends when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * What answers with a function was a loader. That is told from the answer, because the number of
   * parameters does not tell: a middy handler has default values for both, so its length is 0.
   */
  async #run(name: string, event: unknown): Promise<Outcome> {
    const context = this.#context(name);
    try {
      const known = this.#functions.get(name);
      if (known === undefined) throw new Error(`there is no function ${name}`);
      const answer: unknown = await known(event, context);
      if (typeof answer !== 'function') return { ok: true, value: answer };
      this.#functions.set(name, answer as LocalFunction);
      return { ok: true, value: await (answer as LocalFunction)(event, context) };
    } catch (error) {
      const { log } = this.#surroundings;
      log({ message: 'function failed', function: name, error: String(error) });
      return { ok: false, error };
    }
  }

  #context(name: string): LambdaContext {
    const { now, random } = this.#surroundings;
    const deadline = now().getTime() + timeoutMs;
    const notThere = (): never => {
      throw new Error('context.done, fail and succeed are of Node 0.10; return or throw');
    };
    return {
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: this.arn(name),
      memoryLimitInMB: '512',
      awsRequestId: randomUuid(random),
      logGroupName: `/aws/lambda/${name}`,
      logStreamName: 'cakeless-local',
      callbackWaitsForEmptyEventLoop: false,
      getRemainingTimeInMillis: () => deadline - now().getTime(),
      done: notThere,
      fail: notThere,
      succeed: notThere,
    };
  }
}
