import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openDataFolder } from './data-folder.ts';
import { endpoint } from './endpoint.ts';
import { firstPrincipals } from './first-principals.ts';
import { FunctionHost } from './functions/function-host.ts';
import { startSchedules } from './functions/schedules.ts';
import { delayed } from './http/delayed.ts';
import { listen } from './http/listener.ts';
import { KeyStore } from './kms/key-store.ts';
import { kmsOperations } from './kms/kms-operations.ts';
import type { LocalOptions, RunningLocal } from './local-options.ts';
import { openPrincipals, type Principal, type PrincipalBook } from './principals.ts';
import { openQueues } from './queue/local-queues.ts';
import { sqsOperations } from './queue/sqs-operations.ts';
import { addClusterPrincipals, reactions } from './reactions.ts';
import { ObjectStore } from './s3/object-store.ts';
import { type Surroundings, systemTimers } from './surroundings.ts';

export type { LambdaContext, LocalFunction } from './functions/function-host.ts';
export type { LocalOptions, RunningLocal } from './local-options.ts';
export type { Principal } from './principals.ts';
export type { DeadLetter } from './queue/message-queue.ts';

/**
 * Starts S3, KMS, SQS, Lambda and STS in this process, on the loopback address, for evaluation and tests. AWS SDKs and the
 * AWS CLI work with it unchanged, with its URL as AWS_ENDPOINT_URL. All state is in files, and what was acknowledged
 * survives a SIGKILL.
 */
export async function startLocal(options: LocalOptions): Promise<RunningLocal> {
  const surroundings = takeSurroundings(options);
  const { dataDir } = options;
  const unlock = await openDataFolder(dataDir);
  try {
    return await startIn(dataDir, options, surroundings, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function startIn(
  dataDir: string,
  options: LocalOptions,
  surroundings: Surroundings,
  unlock: () => Promise<void>,
): Promise<RunningLocal> {
  const { region, now, random, log } = surroundings;
  let url = '';
  const report = async (all: readonly Principal[]) => {
    if (url !== '') await options.onPrincipals?.(all, { url, region });
  };
  const principals = await openPrincipals(join(dataDir, 'principals.json'), random, report);
  await principals.add(firstPrincipals(options.buckets, options.moreServiceStatements));
  const store = await ObjectStore.open(join(dataDir, 's3'), now, random);
  await makeBuckets(store, options);
  await addClusterPrincipals(store, principals, options);
  const keys = await KeyStore.open(join(dataDir, 'kms'));
  const queues = await openQueues(dataDir, options.queues, surroundings, () => url);
  const host = new FunctionHost(options.functions, surroundings);
  requireFunctions(host, options);

  const maxObjectBytes = options.maxObjectBytes ?? 16 * 1024 * 1024;
  const handler = endpoint({
    s3: {
      ...surroundings,
      store,
      maxObjectBytes,
      onCreated: reactions(options, surroundings, principals, {
        send: (name, event) => queues.sendEvent(name, event),
        // AWS would retry a failure twice; here it is only logged
        invoke: (name, event) => void host.invoke(name, event),
      }),
    },
    kms: kmsOperations(keys, surroundings),
    sqs: sqsOperations(queues.all),
    functions: host,
    principals,
  });
  const served = delayed(handler, options.delayMs ?? 0, surroundings.timers);
  const listener = await listen(options.port ?? 0, served, surroundings);
  url = listener.url;
  try {
    await report(principals.all());
  } catch (error) {
    await listener.close();
    queues.close();
    throw error;
  }
  log({
    message: 'local stand-in, for evaluation and tests: its keys are plain files',
    url,
  });

  const sources = queues.startSources(host);
  const stopSchedules = startSchedules(options.schedules ?? [], host, surroundings);
  return {
    url,
    region,
    queueUrl: (name) => queues.named(name).url(),
    queueArn: (name) => queues.named(name).arn,
    administrator: administratorOf(principals),
    principals: () => principals.all(),
    idle: () => queues.idle(host),
    deadLetters: () => queues.deadLetters(),
    close: once(async () => {
      // Functions call the listener, so it closes after they have finished.
      stopSchedules();
      await sources.stop();
      await host.settled();
      await listener.close();
      queues.close();
      await unlock();
    }),
  };
}

/** Closing twice is not an error. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

function takeSurroundings(options: LocalOptions): Surroundings {
  return {
    region: options.region ?? 'eu-central-1',
    accountId: options.accountId ?? '000000000000',
    now: options.now ?? (() => new Date()),
    random: options.random ?? randomBytes,
    timers: options.timers ?? systemTimers,
    log: options.log ?? (() => undefined),
  };
}

async function makeBuckets(store: ObjectStore, { buckets }: LocalOptions): Promise<void> {
  if (store.bucket(buckets.exchange) === undefined)
    await store.saveBucket(buckets.exchange, 'Unset');
  if (store.bucket(buckets.authority) === undefined) {
    await store.saveBucket(buckets.authority, 'Enabled');
  }
}

function requireFunctions(
  host: FunctionHost,
  { queues, schedules = [], notifications }: LocalOptions,
): void {
  const invoking = notifications.flatMap((one) => ('function' in one ? [one] : []));
  for (const { function: name } of [...queues, ...schedules, ...invoking]) {
    if (!host.has(name)) throw new Error(`function ${name} is missing`);
  }
}

function administratorOf(principals: PrincipalBook): Principal {
  const administrator = principals.named('administrator');
  if (administrator === undefined) throw new Error('principals.json: administrator is missing');
  return administrator;
}
