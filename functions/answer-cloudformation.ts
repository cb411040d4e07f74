/** Lets a function be a custom resource of CloudFormation. Other events go through to it as they are. */
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
  /** What the handler gets for these properties. CloudFormation makes a text of every number and boolean. */
  readonly eventOf: (properties: Record<string, unknown>) => unknown;
  /** The physical id. The same for ever, so that an update never leads to a deletion of what was before. */
  readonly idOf: (properties: Record<string, unknown>) => string;
}

export interface World {
  /** Whether an answer may go to this address. */
  readonly mayAnswer: (url: string) => boolean;
  readonly send: (url: string, body: string) => Promise<void>;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/**
 * New permissions count everywhere after some seconds only, and a failed deployment is dear: a failure is tried again.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
const WAITS_MS = [5_000, 10_000, 20_000, 40_000];

export function answerCloudFormation(
  handler: (event: unknown, context: Context) => Promise<unknown>,
  resource: Resource,
  world: World = { mayAnswer, send, sleep },
): Handler {
  return async (event: unknown, context: Context) => {
    const { data: request } = requestSchema.safeParse(event);
    if (!request) return handler(event, context);
    // Operators may call this function, too: it is no means to write to wherever its caller likes.
    if (!world.mayAnswer(request.ResponseURL))
      throw new Error(`${new URL(request.ResponseURL).host} is no address of CloudFormation's`);
    const properties = request.ResourceProperties;
    // Deleting the resource leaves what it made; only CloudFormation forgets it.
    const failure =
      request.RequestType === 'Delete'
        ? undefined
        : await tryOften(() => handler(resource.eventOf(properties), context), world.sleep);
    const id = request.PhysicalResourceId ?? resource.idOf(properties);
    await world.send(request.ResponseURL, answerTo(request, id, failure));
    return undefined;
  };
}

/** @returns the failure of the last try; undefined if one succeeded */
async function tryOften(
  action: () => Promise<unknown>,
  wait: World['sleep'],
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

/** An answer of more than 4096 bytes is none. */
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
 * A bucket of CloudFormation's own
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html), or the endpoint that the SDK
 * is told to use, where something stands in for AWS.
 */
export function mayAnswer(url: string, endpoint = process.env.AWS_ENDPOINT_URL): boolean {
  const { protocol, hostname, host } = new URL(url);
  if (endpoint !== undefined && URL.canParse(endpoint) && host === new URL(endpoint).host)
    return true;
  return protocol === 'https:' && RESPONSE_BUCKET.test(hostname);
}

const RESPONSE_BUCKET =
  /^cloudformation-custom-resource-response-[a-z0-9-]+\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?$/;

/** The signature of the address covers an empty content type. */
async function send(url: string, body: string): Promise<void> {
  const headers = { 'content-type': '' };
  const answer = await fetch(url, { method: 'PUT', body, headers, redirect: 'error' });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
