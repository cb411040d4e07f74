/** What Lambda passes to a handler: a context and SQS events; and a reporter that keeps the log lines. */
import type { Context, SQSEvent } from 'aws-lambda';
import type { OwnQueue } from '../../functions/own-queue.ts';
import { newReporter } from '../../functions/report.ts';
import { Fault } from '../../lib/fault.ts';
import { METRICS } from '../../lib/metric-names.ts';
import { withCapturedOutput, withEnvironment } from './restored.ts';

const never = (): never => {
  throw new Error('not to be called');
};

export const lambdaContext: Context = {
  functionName: 'test',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:test',
  memoryLimitInMB: '512',
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  logGroupName: 'test',
  logStreamName: 'test',
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => 300_000,
  done: never,
  fail: never,
  succeed: never,
};

const QUEUE_ARN = 'arn:aws:sqs:eu-central-1:111122223333:requests';

/** The queue of a function, without its messages: it knows which ones the function was given. */
export class OwnMessages implements OwnQueue {
  readonly arn = QUEUE_ARN;
  readonly #handles = new Set<string>();
  #delivered = 0;
  /** Whether SQS responds. */
  answers = true;

  async areInFlight(receiptHandles: readonly string[]): Promise<boolean[]> {
    if (!this.answers) throw new Fault('unavailable', 'unavailable: SQS does not respond');
    return receiptHandles.map((handle) => this.#handles.has(handle));
  }

  /** The event with which Lambda delivers messages. */
  deliver(...bodies: string[]): SQSEvent {
    this.#delivered += 1;
    const { Records } = sqsEvent(...bodies);
    const records = Records.map((record, i) => ({
      ...record,
      receiptHandle: `handle ${this.#delivered}.${i}`,
    }));
    for (const { receiptHandle } of records) this.#handles.add(receiptHandle);
    return { Records: records };
  }

  /** All messages are processed. */
  finish(): void {
    this.#handles.clear();
  }
}

const sqsEvent = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map((body, i) => ({
    messageId: `m${i}`,
    receiptHandle: 'handle',
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'AIDA',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: QUEUE_ARN,
    awsRegion: 'eu-central-1',
  })),
});

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

const LOGGING = { POWERTOOLS_LOG_LEVEL: 'INFO', POWERTOOLS_DEV: 'false' };

/** Runs something with a reporter. @returns its result, and everything that it wrote */
export async function withReporter<T>(
  run: (reporter: ReturnType<typeof newReporter>) => Promise<T>,
  service: Parameters<typeof newReporter>[0] = 'sign',
): Promise<{ result: T; lines: LogLine[]; metrics: Record<string, unknown>[]; text: string }> {
  const { result, text } = await withEnvironment(LOGGING, () =>
    withCapturedOutput(() => run(newReporter(service))),
  );
  const parsed: LogLine[] = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const metrics = parsed.filter((line) => '_aws' in line);
  for (const line of metrics) expectOwnMetrics(line, service);
  const lines = parsed.filter(({ level }) => level !== undefined);
  return { result, text, metrics, lines };
}

/** An alarm looks for a metric under the service that the list names, and would not see it elsewhere. */
function expectOwnMetrics(line: Record<string, unknown>, service: string): void {
  const own = Object.values(METRICS).filter((metric) => metric.service === service);
  const names = Object.keys(line).filter((name) => !['_aws', 'service', 'cluster'].includes(name));
  expect(line.service).toBe(service);
  const expected = own.filter((metric) => 'perCluster' in metric === 'cluster' in line);
  expect(expected.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
}
