import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Fault } from '../fault.ts';
import { CLIENT_SETTINGS } from './clients.ts';
import { toFault } from './to-fault.ts';

/** Making three RSA-4096 keys takes KMS seconds. */
const INVOKE_TIMEOUT_MS = 120_000;

/** Calls a function and returns its answer. @throws Fault not-allowed with the function's own words if it failed */
export async function invokeFunction(name: string, request: unknown): Promise<unknown> {
  const client = new LambdaClient({
    ...CLIENT_SETTINGS,
    requestHandler: { ...CLIENT_SETTINGS.requestHandler, requestTimeout: INVOKE_TIMEOUT_MS },
  });
  const answer = await client
    .send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(request) }))
    .catch((error: unknown) => {
      throw toFault(`Lambda Invoke ${name}`, error);
    })
    .finally(() => client.destroy());
  const text = Buffer.from(answer.Payload ?? '').toString('utf8');
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  if (answer.FunctionError === undefined) return value;
  const message =
    value && typeof value === 'object' && 'errorMessage' in value ? value.errorMessage : text;
  throw new Fault('not-allowed', `${name} failed: ${String(message)}`);
}
