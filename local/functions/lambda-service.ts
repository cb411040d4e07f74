import { AwsError } from '../aws-error.ts';
import type { LocalRequest, LocalResponse } from '../http/message.ts';
import { decodePercent } from '../http/read-request.ts';
import { demand } from '../permissions.ts';
import type { Principal } from '../principals.ts';
import type { FunctionHost } from './function-host.ts';

/**
 * Handles Invoke, the only operation of Lambda that the stand-in implements.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export async function handleInvoke(
  host: FunctionHost,
  request: LocalRequest,
  principal: Principal,
  body: Buffer,
): Promise<LocalResponse> {
  const path = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.rawPath);
  if (path === null || request.method !== 'POST') {
    throw new AwsError(
      'UnknownOperationException',
      'this stand-in implements only the Invoke operation of Lambda',
    );
  }
  const name = functionName(decodePercent(path[1] ?? ''));
  demand(principal, 'lambda:InvokeFunction', host.arn(name));
  if (!host.has(name)) {
    throw new AwsError('ResourceNotFoundException', `Function not found: ${host.arn(name)}`);
  }
  const event = readEvent(body);
  switch (request.headers.get('x-amz-invocation-type') ?? 'RequestResponse') {
    case 'RequestResponse':
      return invokeAndWait(host, name, event);
    case 'Event':
      // Asynchronous, so not awaited. AWS would retry a failure twice; here it is only logged.
      void host.invoke(name, event);
      return { status: 202 };
    case 'DryRun':
      return { status: 204 };
    default:
      throw new AwsError('InvalidParameterValueException', 'No such invocation type');
  }
}

async function invokeAndWait(
  host: FunctionHost,
  name: string,
  event: unknown,
): Promise<LocalResponse> {
  const outcome = await host.invoke(name, event);
  const headers = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
  if (outcome.ok) {
    return { status: 200, headers, body: JSON.stringify(outcome.value) ?? 'null' };
  }
  const { error } = outcome;
  const described = {
    errorType: error instanceof Error ? error.name : typeof error,
    errorMessage: error instanceof Error ? error.message : String(error),
    trace: [],
  };
  return {
    status: 200,
    headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
    body: JSON.stringify(described),
  };
}

/** A reference is a function's name, or its full or partial ARN, with or without a version. */
function functionName(reference: string): string {
  const inArn = /(?:^|:)function:([^:]+)/.exec(reference)?.[1];
  return inArn ?? reference.split(':')[0] ?? '';
}

function readEvent(body: Buffer): unknown {
  try {
    return JSON.parse(body.length === 0 ? '{}' : body.toString('utf8'));
  } catch (error) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${String(error)}`,
    );
  }
}
