import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { REQUEST_MALFORMED } from '../environment-names.ts';
import { Fault } from '../fault.ts';
import { CLIENT_SETTINGS } from './clients.ts';
import { codeOf, toFault } from './to-fault.ts';

/** KMS needs seconds to create three RSA-4096 keys. */
const INVOKE_TIMEOUT_MS = 120_000;

/** Invokes a function and returns its result. @throws Fault with the function's own message if the function failed */
export async function invokeFunction(name: string, request: unknown): Promise<unknown> {
  const client = new LambdaClient({
    ...CLIENT_SETTINGS,
    requestHandler: {
      ...CLIENT_SETTINGS.requestHandler,
      requestTimeout: INVOKE_TIMEOUT_MS,
      socketTimeout: INVOKE_TIMEOUT_MS,
    },
  });
  const answer = await client
    .send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(request) }))
    .catch((error: unknown) => {
      const fault = toFault(`Lambda Invoke ${name}`, error);
      throw codeOf(error) === 'ResourceNotFoundException'
        ? new Fault('not-configured', fault.message, error)
        : fault;
    })
    .finally(() => client.destroy());
  const text = Buffer.from(answer.Payload ?? '').toString('utf8');
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  if (answer.FunctionError === undefined) return value;
  const { errorType, errorMessage = text } = (value ?? {}) as FunctionFailure;
  const malformed = errorType === REQUEST_MALFORMED;
  throw new Fault(malformed ? 'request-malformed' : 'not-allowed', `${name}: ${errorMessage}`);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
interface FunctionFailure {
  readonly errorType?: string;
  readonly errorMessage?: string;
}
