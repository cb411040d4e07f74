import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import type { Principal, RunningLocal } from '../../local/server.ts';
import { principalOf, start, tidyUp } from './stand-in.ts';

const clients: STSClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await tidyUp();
});

type Credentials = Pick<Principal, 'accessKeyId' | 'secretAccessKey'> & { sessionToken?: string };

function stsAs({ url: endpoint, region }: RunningLocal, credentials: Credentials): STSClient {
  const client = new STSClient({ endpoint, region, credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
}

const identityOf = (local: RunningLocal, credentials: Credentials) =>
  stsAs(local, credentials).send(new GetCallerIdentityCommand({}));

it('every principal learns its own id, under which S3 events and policies know it', async () => {
  const local = await start();
  const identities = await Promise.all(local.principals().map((one) => identityOf(local, one)));
  expect(identities.map(({ UserId }) => UserId)).toEqual(
    local.principals().map(({ principalId }) => principalId),
  );
});

it.each([
  ['user', 'administrator', /^arn:aws:iam::000000000000:user\/administrator$/],
  ['role', 'approver', /^arn:aws:sts::000000000000:assumed-role\/approver\/approver$/],
])('the ARN of a %s has the form that AWS gives it', async (_kind, name, arn) => {
  const local = await start();
  const { Arn, Account } = await identityOf(local, principalOf(local, name));
  expect([Arn, Account]).toEqual([expect.stringMatching(arn), '000000000000']);
});

describe('refuses, with the name of the error that STS gives it,', () => {
  it.each([
    ['an unknown access key', { accessKeyId: 'AKIANONE' }, 'InvalidClientTokenId'],
    ['a wrong secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['a session token', { sessionToken: 'left over' }, 'InvalidClientTokenId'],
  ])('%s', async (_what, wrong, name) => {
    const local = await start();
    const credentials = { ...principalOf(local, 'approver'), ...wrong };
    await expect(identityOf(local, credentials)).rejects.toMatchObject({ name });
  });

  it('every other action', async () => {
    const local = await start();
    const sts = stsAs(local, principalOf(local, 'administrator'));
    await expect(sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'InvalidAction',
      message: 'GetSessionToken is not implemented by this stand-in',
    });
  });
});
