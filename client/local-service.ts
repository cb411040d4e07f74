/** Runs the functions, unchanged, in the local stand-in for AWS. Only this module knows both. */
import type { Handler } from 'aws-lambda';
import { DAILY_CHECK, EVENT_SOURCES as source } from '../functions/event-sources.ts';
import { NOTIFICATIONS } from '../lib/access/services.ts';
import { ENVIRONMENT, FUNCTION_NAMES } from '../lib/environment-names.ts';
import type { LocalFunction } from '../local/functions/function-host.ts';
import type { NotificationOptions, RunningLocal } from '../local/local-options.ts';
import type { Statement } from '../local/principals.ts';
import { QUEUE_NAMES } from '../local/queue-names.ts';
import { startLocal } from '../local/server.ts';
import { systemTimers, type Timers } from '../local/surroundings.ts';
import { environmentOf, LOCAL_BUCKETS, writeEnvironments } from './local-environments.ts';

export { LOCAL_BUCKETS };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** An evaluation rarely lasts for a day, so each start has a check, too. */
const FIRST_CHECK_MS = 10 * MINUTE_MS;

export interface ServiceOptions {
  readonly dataDir: string;
  /** 0 selects any free port. */
  readonly port: number;
  /** How much longer each call takes. */
  readonly delayMs?: number;
  /** Those of the process by default. */
  readonly timers?: Timers;
}

/** Starts the service. Its functions run in this process, so its environment becomes theirs. */
export async function startService({
  dataDir,
  port,
  delayMs = 0,
  timers = systemTimers,
}: ServiceOptions): Promise<RunningLocal> {
  const load = newLoader((queue) => ({
    [ENVIRONMENT.sourceQueueUrl]: local.queueUrl(queue),
    [ENVIRONMENT.sourceQueueArn]: local.queueArn(queue),
  }));
  const { triage, sign, createCa, reconcile } = FUNCTION_NAMES;
  const [uploads, requests] = [QUEUE_NAMES['upload queue'], QUEUE_NAMES['request queue']];
  const local: RunningLocal = await startLocal({
    dataDir,
    port,
    delayMs,
    timers,
    buckets: LOCAL_BUCKETS,
    functions: {
      [triage]: load(() => import('../functions/triage.ts'), uploads),
      [sign]: load(() => import('../functions/sign.ts'), requests),
      [createCa]: load(() => import('../functions/create-ca.ts')),
      [reconcile]: load(() => import('../functions/reconcile.ts')),
    },
    queues: [
      // one run at a time: uploads that arrive in the meantime form the next batch
      { name: uploads, function: triage, batchSize: source.triage.batchSize, concurrency: 1 },
      {
        name: requests,
        function: sign,
        batchSize: source.sign.batchSize,
        concurrency: source.sign.maxConcurrency,
      },
    ],
    notifications: NOTIFICATIONS.map(
      ({ bucket, prefix, to }): NotificationOptions => ({
        bucket: LOCAL_BUCKETS[bucket],
        prefix,
        ...(to === 'function reconcile' ? { function: reconcile } : { queue: QUEUE_NAMES[to] }),
      }),
    ),
    schedules: [
      { function: reconcile, everyMs: MINUTE_MS },
      { function: reconcile, event: DAILY_CHECK, firstMs: FIRST_CHECK_MS, everyMs: DAY_MS },
    ],
    moreServiceStatements: [KEY_CREATION],
    onPrincipals: (principals, place) => writeEnvironments(dataDir, place, principals),
  });
  setFunctionEnvironment(local);
  return local;
}

/** In a deployment CloudFormation creates the CA keys, here `create-ca` does. */
const KEY_CREATION: Statement = {
  actions: ['kms:CreateKey', 'kms:CreateAlias', 'kms:TagResource'],
  resources: ['arn:aws:kms:*', '*'],
};

function setFunctionEnvironment(local: RunningLocal): void {
  const service = local.principals().find(({ name }) => name === 'service');
  if (!service) throw new Error('principals.json: service is missing');
  Object.assign(process.env, {
    ...environmentOf(local, service),
    [ENVIRONMENT.queueUrl]: local.queueUrl(QUEUE_NAMES['request queue']),
    // Metrics would go to standard output, among lines that are meant to be read. POWERTOOLS_* in the environment wins.
    POWERTOOLS_METRICS_DISABLED: process.env.POWERTOOLS_METRICS_DISABLED ?? 'true',
    POWERTOOLS_LOG_LEVEL: process.env.POWERTOOLS_LOG_LEVEL ?? 'WARN',
  });
}

type Load = (
  importModule: () => Promise<{ handler: unknown }>,
  /** The queue that the function reads. */
  queue?: string,
) => () => Promise<LocalFunction>;

/**
 * Imports handlers at their first call, when the environment is set. A module reads the environment when it is
 * imported, and each function reads a different queue, so they are imported one after another.
 */
function newLoader(environmentFor: (queue: string) => Record<string, string>): Load {
  let last: Promise<unknown> = Promise.resolve();
  return (importModule, queue) => async () => {
    const imported = last.then(() => {
      if (queue !== undefined) Object.assign(process.env, environmentFor(queue));
      return importModule();
    });
    last = imported.catch(() => undefined);
    const handler = (await imported).handler as Handler;
    return async (event, context) => handler(event, context, () => {});
  };
}
