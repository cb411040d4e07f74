/** MiniStack's IAM: start_ministack.py closes gaps, and without it they are still open. */
import { createHash } from 'node:crypto';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ACCOUNT, type Credentials, type Ministack, startMinistack } from './ministack.ts';
import { describeWithMinistack } from './ministack-program.ts';

const Path = '/cages/';
const ROLE = `arn:aws:iam::${ACCOUNT}:role${Path}canary`;
const Bucket = 'canaries';

/** Each resolves to true if IAM works as in AWS; most try one request that is allowed and one that is not. */
const canaries: Record<string, (account: Account) => Promise<boolean>> = {
  'policy variables in resources': async ({ put }) =>
    (await put('tags/n1/x')) && !(await put('tags/n2/x')),
  'policy variables are not patterns': async ({ put, star }) =>
    (await put('tags/n1/y')) && !(await put('tags/n1/z', '*', star)),
  's3:if-none-match': async ({ put }) => (await put('once/a')) && !(await put('once/b', '')),
  's3:x-amz-storage-class': async ({ put, archive }) =>
    (await put('hot/a')) && !(await archive('hot/b')),
  'kms:MessageType': async ({ sign }) => (await sign('DIGEST')) && !(await sign('RAW')),
  'aws:PrincipalArn is the role, with its path': async ({ put }) => put('role/x'),
  'sqs:SendMessage for batches': async ({ sendBatch }) => sendBatch(),
};

describeWithMinistack('the IAM of MiniStack', () => {
  describe.each([
    ['with its gaps closed', false],
    ['unchanged', true],
  ])('%s', (_title, bare) => {
    let account: Account;
    beforeAll(async () => {
      account = await makeAccount(await startMinistack({ bare }));
    });
    afterAll(() => account?.ministack.stop());

    it.each(Object.entries(canaries))(bare ? 'lacks %s' : 'has %s', async (_name, asInAws) => {
      expect(await asInAws(account)).toBe(!bare);
    });
  });
});

/** An account with a bucket, a key, a queue, and a role that may use them. */
interface Account {
  readonly ministack: Ministack;
  readonly star: Credentials;
  put(key: string, ifNoneMatch?: string, who?: Credentials): Promise<boolean>;
  archive(key: string): Promise<boolean>;
  sign(type: 'DIGEST' | 'RAW'): Promise<boolean>;
  sendBatch(): Promise<boolean>;
}

async function makeAccount(ministack: Ministack): Promise<Account> {
  const root = ministack.client();
  await new S3Client(root).send(new CreateBucketCommand({ Bucket }));
  const policy = document(
    deny('once/*', { Null: { 's3:if-none-match': 'true' } }),
    deny('hot/*', { Null: { 's3:x-amz-storage-class': 'false' } }),
  );
  await new S3Client(root).send(new PutBucketPolicyCommand({ Bucket, Policy: policy }));
  const key = await new KMSClient(root).send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
  );
  const queue = await new SQSClient(root).send(new CreateQueueCommand({ QueueName: 'canaries' }));
  const KeyId = key.KeyMetadata?.Arn ?? '';
  const assume = await makeRole(ministack, KeyId);
  const [n1, star] = [await assume('n1'), await assume('*')];
  return {
    ministack,
    star,
    put: (Key, IfNoneMatch = '*', who = n1) =>
      succeeds(
        new S3Client(ministack.client(who)).send(
          new PutObjectCommand({ Bucket, Key, Body: 'x', ...(IfNoneMatch && { IfNoneMatch }) }),
        ),
      ),
    archive: (Key) =>
      succeeds(
        new S3Client(ministack.client(n1)).send(
          new PutObjectCommand({ Bucket, Key, Body: 'x', StorageClass: 'GLACIER' }),
        ),
      ),
    sign: (MessageType) =>
      succeeds(
        new KMSClient(ministack.client(n1)).send(
          new SignCommand({
            KeyId,
            Message: createHash('sha256').update('x').digest(),
            MessageType,
            SigningAlgorithm: 'ECDSA_SHA_256',
          }),
        ),
      ),
    sendBatch: () =>
      succeeds(
        new SQSClient(ministack.client(n1)).send(
          new SendMessageBatchCommand({
            QueueUrl: queue.QueueUrl,
            Entries: [{ Id: 'a', MessageBody: 'x' }],
          }),
        ),
      ),
  };
}

/** @returns a function that assumes the role with a tag */
async function makeRole(ministack: Ministack, keyArn: string) {
  const iam = new IAMClient(ministack.client());
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  };
  const RoleName = 'canary';
  const AssumeRolePolicyDocument = document(trust);
  await iam.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument }));
  const PolicyDocument = document(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
    allow('s3:PutObject', objects('tags/${aws:PrincipalTag/node}/*')),
    allow('s3:PutObject', objects('once/*')),
    allow('s3:PutObject', objects('hot/*')),
    allow('s3:PutObject', objects('role/*'), { ArnEquals: { 'aws:PrincipalArn': ROLE } }),
    allow('kms:Sign', keyArn, { StringEquals: { 'kms:MessageType': 'DIGEST' } }),
    allow('sqs:SendMessage', '*'),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'canary', PolicyDocument }));
  const UserName = 'canary';
  await iam.send(new CreateUserCommand({ UserName }));
  const mayAssume = document(allow('sts:*', '*'));
  await iam.send(
    new PutUserPolicyCommand({ UserName, PolicyName: 'sts', PolicyDocument: mayAssume }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const user = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  return async (node: string): Promise<Credentials> => {
    const { Credentials: given } = await new STSClient(ministack.client(user)).send(
      new AssumeRoleCommand({
        RoleArn: ROLE,
        RoleSessionName: 'canary',
        Tags: [{ Key: 'node', Value: node }],
      }),
    );
    return {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    };
  };
}

const objects = (path: string) => `arn:aws:s3:::${Bucket}/${path}`;
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string, Resource: string, Condition: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  Condition,
});
const deny = (path: string, Condition: object) => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:PutObject',
  Resource: objects(path),
  Condition,
});

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (error instanceof Error && /^AccessDenied/.test(error.name)) return false;
    throw error;
  }
}
