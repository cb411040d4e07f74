/** Wraps a handler as a CloudFormation custom resource. Other events are passed to the handler unchanged. */
import type { Context, Handler } from 'aws-lambda';
import * as z from 'zod/mini';
import { REQUEST_MALFORMED } from '../lib/environment-names.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.optional(z.string()),
  ResourceProperties: z.looseObject({}),
});

type CustomResourceRequest = z.infer<typeof requestSchema>;

export interface Resource {
  /** The handler's event for these properties. CloudFormation turns every number and boolean into text. */
  readonly eventOf: (properties: Record<string, unknown>) => unknown;
  /** The physical id. It never changes, so that an update never deletes the previous resource. */
  readonly idOf: (properties: Record<string, unknown>) => string;
}

export interface AnswerDeps {
  /** Whether a response may be sent to this address. */
  readonly mayAnswer: (url: string) => boolean;
  readonly send: (url: string, body: string) => Promise<void>;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * New permissions take effect only after some seconds, and a failed deployment is expensive, so failures are retried.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
const WAITS_MS = [5_000, 10_000, 20_000, 40_000];

export function answerCloudFormation(
  handler: (event: unknown, context: Context) => Promise<unknown>,
  resource: Resource,
  deps: AnswerDeps = { mayAnswer, send, sleep },
): Handler {
  return async (event: unknown, context: Context) => {
    const { data: request } = requestSchema.safeParse(event);
    if (!request) return handler(event, context);
    // Operators may call this function too; it must not send requests to addresses of their choice.
    if (!deps.mayAnswer(request.ResponseURL))
      throw new Error(`${new URL(request.ResponseURL).host} is not a CloudFormation endpoint`);
    const properties = request.ResourceProperties;
    // Deleting the resource does not delete the CAs; only CloudFormation forgets them.
    const failure =
      request.RequestType === 'Delete'
        ? undefined
        : await retry(() => handler(resource.eventOf(properties), context), deps.sleep);
    const id = request.PhysicalResourceId ?? resource.idOf(properties);
    await deps.send(request.ResponseURL, answerTo(request, id, failure));
    return undefined;
  };
}

/** @returns the failure of the last attempt; undefined after a success */
async function retry(
  action: () => Promise<unknown>,
  wait: AnswerDeps['sleep'],
): Promise<Error | undefined> {
  for (const pauseMs of [...WAITS_MS, undefined]) {
    try {
      await action();
      return undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (failure.name === REQUEST_MALFORMED || pauseMs === undefined) return failure;
      await wait(pauseMs);
    }
  }
  return undefined;
}

/** CloudFormation ignores responses of more than 4096 bytes. */
const MAX_REASON_LENGTH = 1000;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html */
function answerTo(request: CustomResourceRequest, id: string, failure: Error | undefined): string {
  const { StackId, RequestId, LogicalResourceId } = request;
  return JSON.stringify({
    Status: failure ? 'FAILED' : 'SUCCESS',
    ...(failure && { Reason: failure.message.slice(0, MAX_REASON_LENGTH) }),
    PhysicalResourceId: id,
    StackId,
    RequestId,
    LogicalResourceId,
  });
}

/**
 * CloudFormation's buckets (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html), or the
 * endpoint that the SDK is configured with, for a stand-in for AWS.
 */
export function mayAnswer(url: string, endpoint = process.env.AWS_ENDPOINT_URL): boolean {
  const { protocol, hostname, host } = new URL(url);
  if (endpoint !== undefined && URL.canParse(endpoint) && host === new URL(endpoint).host)
    return true;
  return protocol === 'https:' && RESPONSE_BUCKET.test(hostname);
}

const RESPONSE_BUCKET =
  /^cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?$/;

/** The URL's signature covers an empty content type. */
async function send(url: string, body: string): Promise<void> {
  const headers = { 'content-type': '' };
  const answer = await fetch(url, { method: 'PUT', body, headers, redirect: 'error' });
  if (!answer.ok) throw new Error(`CloudFormation did not accept the response: ${answer.status}`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
