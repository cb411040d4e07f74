/** Puts the unchanged functions behind the local stand-in for AWS. The one place that knows both. */
import type { Handler } from 'aws-lambda';
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
  /** 0 takes any free port. */
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
    notifications: [
      { bucket: LOCAL_BUCKETS.exchange, prefix: 'requests/' },
      { bucket: LOCAL_BUCKETS.authority, prefix: 'approvals/' },
    ],
    schedules: [{ function: FUNCTION_NAMES.reconcile, everyMs: MINUTE_MS }],
    serviceStatements: SERVICE_STATEMENTS,
    onPrincipals: (principals, place) => writeEnvironments(dataDir, place, principals),
  });
  setFunctionEnvironment(local);
  return local;
}

/** What the three functions need together; deployed, each has a role with its own part. */
const SERVICE_STATEMENTS: readonly Statement[] = [
  {
    actions: ['s3:GetObject', 's3:ListBucket'],
    resources: [objects(LOCAL_BUCKETS.exchange), objects(LOCAL_BUCKETS.authority)],
  },
  {
    actions: ['s3:PutObject'],
    resources: [
      ...['certificates/', 'trust/'].map((p) => objects(LOCAL_BUCKETS.exchange, p)),
      ...['records/', 'expiry/', 'ca-records/', 'ca-keys/', 'trust/'].map((p) =>
        objects(LOCAL_BUCKETS.authority, p),
      ),
    ],
  },
  {
    // pending.json gives way to the outcome; private keys are taken out at once
    actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
    resources: ['certificates/', 'requests/'].map((p) => objects(LOCAL_BUCKETS.exchange, p)),
  },
  {
    actions: [
      'kms:Sign',
      'kms:GetPublicKey',
      'kms:CreateKey',
      'kms:CreateAlias',
      'kms:TagResource',
    ],
    resources: ['arn:aws:kms:*', '*'],
  },
  { actions: ['sqs:SendMessage'], resources: ['arn:aws:sqs:*'] },
];

function objects(bucket: string, prefix = ''): string {
  return `arn:aws:s3:::${bucket}/${prefix}*`;
}

function setFunctionEnvironment(local: RunningLocal): void {
  const service = local.principals().find(({ name }) => name === 'service');
  if (!service) throw new Error('the local service has no principal for its functions');
  Object.assign(process.env, {
    ...environmentOf(local, service),
    [ENVIRONMENT.queueUrl]: local.queueUrl,
    // Metrics would go to standard output between the lines that are for people; POWERTOOLS_* of one's own win.
    POWERTOOLS_METRICS_DISABLED: process.env.POWERTOOLS_METRICS_DISABLED ?? 'true',
    POWERTOOLS_LOG_LEVEL: process.env.POWERTOOLS_LOG_LEVEL ?? 'WARN',
  });
}

/** Loaded when first called: by then the environment is set. */
function load(importHandler: () => Promise<unknown>): () => Promise<LocalFunction> {
  return async () => {
    const handler = (await importHandler()) as Handler;
    return async (event, context) => handler(event, context, () => {});
  };
}
