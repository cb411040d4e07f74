/** Runs the functions, unchanged, in the local stand-in for AWS. Only this module knows both. */
import type { Handler } from 'aws-lambda';
import { NOTIFICATIONS } from '../lib/access/services.ts';
import { ENVIRONMENT, FUNCTION_NAMES } from '../lib/environment-names.ts';
import type { LocalFunction } from '../local/functions/function-host.ts';
import type { RunningLocal } from '../local/local-options.ts';
import type { Statement } from '../local/principals.ts';
import { startLocal } from '../local/server.ts';
import { systemTimers, type Timers } from '../local/surroundings.ts';
import { environmentOf, LOCAL_BUCKETS, writeEnvironments } from './local-environments.ts';

export { LOCAL_BUCKETS };

const QUEUE_NAME = 'cakeless-requests';
const MINUTE_MS = 60_000;

export interface ServiceOptions {
  readonly dataDir: string;
  /** 0 selects any free port. */
  readonly port: number;
  /** Those of the process by default. */
  readonly timers?: Timers;
}

/** Starts the service. Its functions run in this process, so its environment becomes theirs. */
export async function startService({
  dataDir,
  port,
  timers = systemTimers,
}: ServiceOptions): Promise<RunningLocal> {
  const local = await startLocal({
    dataDir,
    port,
    timers,
    buckets: LOCAL_BUCKETS,
    functions: {
      [FUNCTION_NAMES.sign]: load(async () => (await import('../functions/sign.ts')).handler),
      [FUNCTION_NAMES.createCa]: load(
        async () => (await import('../functions/create-ca.ts')).handler,
      ),
      [FUNCTION_NAMES.reconcile]: load(
        async () => (await import('../functions/reconcile.ts')).handler,
      ),
    },
    queue: { name: QUEUE_NAME, function: FUNCTION_NAMES.sign },
    notifications: NOTIFICATIONS.map(({ bucket, prefix }) => ({
      bucket: LOCAL_BUCKETS[bucket],
      prefix,
    })),
    schedules: [{ function: FUNCTION_NAMES.reconcile, everyMs: MINUTE_MS }],
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
    [ENVIRONMENT.queueUrl]: local.queueUrl,
    // Metrics would go to standard output, among lines that are meant to be read. POWERTOOLS_* in the environment wins.
    POWERTOOLS_METRICS_DISABLED: process.env.POWERTOOLS_METRICS_DISABLED ?? 'true',
    POWERTOOLS_LOG_LEVEL: process.env.POWERTOOLS_LOG_LEVEL ?? 'WARN',
  });
}

/** Imports a handler at its first call, when the environment is set. */
function load(importHandler: () => Promise<unknown>): () => Promise<LocalFunction> {
  return async () => {
    const handler = (await importHandler()) as Handler;
    return async (event, context) => handler(event, context, () => {});
  };
}
