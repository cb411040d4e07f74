import type { Context } from 'aws-lambda';
import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';

/** The context that a Lambda handler gets. */
export type LambdaContext = Context;

/** A Lambda handler, as AWS calls it. */
export type LocalFunction = (event: unknown, context: LambdaContext) => Promise<unknown>;

/** A handler, or a function that loads it at the first call. */
export type FunctionOrLoader = LocalFunction | (() => Promise<LocalFunction>);

/** The result of an invocation. A failure carries what the function threw. */
export type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown };

/** Lambda's own limit. The stand-in cannot stop a function, but reports how much time is left. */
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

  /** Calls a function with an event. Never throws: a failure is an outcome. */
  async invoke(name: string, event: unknown): Promise<Outcome> {
    const run = this.#run(name, event);
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  get isRunning(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when nothing is running. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * A call that returns a function called a loader. The number of parameters cannot distinguish loaders from handlers:
   * a middy handler has default values for both, so its length is 0.
   */
  async #run(name: string, event: unknown): Promise<Outcome> {
    const context = this.#context(name);
    try {
      const known = this.#functions.get(name);
      if (known === undefined) throw new Error(`function ${name} does not exist`);
      const result: unknown = await known(event, context);
      if (typeof result !== 'function') return { ok: true, value: result };
      this.#functions.set(name, result as LocalFunction);
      return { ok: true, value: await (result as LocalFunction)(event, context) };
    } catch (error) {
      const { log } = this.#surroundings;
      log({ message: 'function failed', function: name, error: String(error) });
      return { ok: false, error };
    }
  }

  #context(name: string): LambdaContext {
    const { now, random } = this.#surroundings;
    const deadline = now().getTime() + timeoutMs;
    const unsupported = (): never => {
      throw new Error('context.done, fail and succeed are from Node 0.10; return or throw instead');
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
      done: unsupported,
      fail: unsupported,
      succeed: unsupported,
    };
  }
}
