import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Ministack } from '../stand-in/ministack.ts';
import { ministackPrograms } from '../stand-in/ministack-program.ts';
import type { ContractEndpoint } from './endpoint.ts';

/** The function of endpoint.ts, as a module that MiniStack runs. */
const ECHO = `export const handler = async (event) => {
  if (event.fail !== undefined) throw new RangeError(event.fail);
  return { echo: event };
};`;

/** A running MiniStack, with the queue and the function that the contract needs. */
export async function ministackEndpoint(ministack: Ministack): Promise<ContractEndpoint> {
  const client = ministack.client();
  const [queueName, functionName] = ['contract', 'contract-echo'];
  await new SQSClient(client).send(new CreateQueueCommand({ QueueName: queueName }));
  const role = await new IAMClient(client).send(
    new CreateRoleCommand({ RoleName: functionName, AssumeRolePolicyDocument: trustsLambda }),
  );
  await new LambdaClient(client).send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Role: role.Role?.Arn,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipOf('index.mjs', ECHO) },
    }),
  );
  return { client, queueName, functionName, close: async () => undefined };
}

const trustsLambda = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    },
  ],
});

/** Uses Python, which is available wherever MiniStack is. */
function zipOf(name: string, text: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-zip-'));
  try {
    writeFileSync(join(folder, name), text);
    const args = ['-m', 'zipfile', '-c', 'function.zip', name];
    execFileSync(ministackPrograms().ministack, args, { cwd: folder });
    return readFileSync(join(folder, 'function.zip'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
