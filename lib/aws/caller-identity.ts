import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Fault } from '../fault.ts';
import { CLIENT_SETTINGS } from './clients.ts';
import { toFault } from './to-fault.ts';

/**
 * Who calls, as `aws:userid` in policies: `AROA…:<session name>` for a role, `AIDA…` for a user. STS reports it to
 * everyone: the call needs no permission, and an explicit denial has no effect on it.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function callerUserId(): Promise<string> {
  const client = new STSClient(CLIENT_SETTINGS);
  const { UserId } = await client
    .send(new GetCallerIdentityCommand({}))
    .catch((error: unknown) => {
      throw toFault('STS GetCallerIdentity', error);
    })
    .finally(() => client.destroy());
  if (UserId) return UserId;
  throw new Fault('not-allowed', 'STS GetCallerIdentity: the response names no caller');
}
