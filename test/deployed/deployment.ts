/** A deployed service and its principals: their roles, SDK clients with their credentials, and the command. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ENVIRONMENT } from '../../lib/environment-names.ts';
import { ACCOUNT, type Credentials, type Ministack } from '../stand-in/ministack.ts';
import type { Outputs } from './cdk.ts';

export type Bucket = 'exchange' | 'authority';
export type Tags = Readonly<Record<string, string>>;

/** First part of the name of the stack output with the ARN of a role. */
const ROLES = {
  operator: 'OperatorRoleArn',
  approver: 'ApproverRoleArn',
  auditor: 'AuditorRoleArn',
  'nodes of a': 'NodesaRoleArn',
  'cp-1 of b': 'NodesbRoleArncp1',
  'forwarder of a': 'ForwardersaRoleArn',
  'users of a': 'UsersaRoleArn',
  'relay of a': 'RelaysaRoleArn',
} as const;

export type RoleName = keyof typeof ROLES;

export class Deployment {
  readonly ministack: Ministack;
  outputs: Outputs;
  readonly #user: Credentials;
  #administrator: Promise<Credentials> | undefined;

  private constructor(ministack: Ministack, outputs: Outputs, user: Credentials) {
    this.ministack = ministack;
    this.outputs = outputs;
    this.#user = user;
  }

  /** Creates a user who may only assume roles, which the root user of an account cannot. */
  static async of(ministack: Ministack, outputs: Outputs): Promise<Deployment> {
    const user = await newUser(ministack, 'role-user', {
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    });
    return new Deployment(ministack, outputs, user);
  }

  output(beginning: string): string {
    const found = Object.entries(this.outputs).find(([name]) => name.startsWith(beginning));
    if (!found) throw new Error(`the stack has no output ${beginning}`);
    return found[1];
  }

  bucket(bucket: Bucket): string {
    return this.output(bucket === 'exchange' ? 'ExchangeBucket' : 'AuthorityBucket');
  }

  async assume(role: RoleName, tags: Tags = {}): Promise<Credentials> {
    const sts = new STSClient(this.ministack.client(this.#user));
    const { Credentials: given } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: this.output(ROLES[role]),
        RoleSessionName: 'test',
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    return {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    };
  }

  /** A user with the AWS managed policy AdministratorAccess. */
  administrator(): Promise<Credentials> {
    this.#administrator ??= newAdministrator(this.ministack);
    return this.#administrator;
  }

  s3(who?: Credentials): S3Client {
    return new S3Client({ ...this.ministack.client(who), forcePathStyle: true });
  }

  kms(who?: Credentials): KMSClient {
    return new KMSClient(this.ministack.client(who));
  }

  sqs(who?: Credentials): SQSClient {
    return new SQSClient(this.ministack.client(who));
  }

  lambda(who?: Credentials): LambdaClient {
    return new LambdaClient(this.ministack.client(who));
  }

  /** Creates an object with If-None-Match, as a node does. */
  create(who: Credentials, bucket: Bucket, Key: string, Body: string | Uint8Array) {
    const Bucket = this.bucket(bucket);
    return this.s3(who).send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));
  }

  /** @returns undefined if the object does not exist */
  async read(who: Credentials, bucket: Bucket, Key: string): Promise<string | undefined> {
    try {
      const input = { Bucket: this.bucket(bucket), Key };
      const { Body } = await this.s3(who).send(new GetObjectCommand(input));
      return await Body?.transformToString();
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  async keys(who: Credentials, bucket: Bucket, Prefix: string): Promise<string[]> {
    const input = { Bucket: this.bucket(bucket), Prefix };
    const { Contents = [] } = await this.s3(who).send(new ListObjectsV2Command(input));
    return Contents.map(({ Key = '' }) => Key);
  }

  /** @throws Error with the response of the function if it failed */
  async invoke(who: Credentials, output: string, event: object): Promise<unknown> {
    const input = { FunctionName: this.output(output), Payload: JSON.stringify(event) };
    const { Payload, FunctionError } = await this.lambda(who).send(new InvokeCommand(input));
    const text = Payload?.transformToString() ?? '';
    if (FunctionError) throw new Error(text);
    return JSON.parse(text);
  }

  /** The environment in which `cakeless` and the AWS CLI act as this principal. */
  environment(who: Credentials): Record<string, string> {
    return {
      ...this.ministack.environment(who),
      [ENVIRONMENT.exchangeBucket]: this.bucket('exchange'),
      [ENVIRONMENT.authorityBucket]: this.bucket('authority'),
      CAKELESS_CREATE_CA_FUNCTION: this.output('CreateCaFunction'),
    };
  }

  /** Runs the command `cakeless`. @returns its output @throws Error unless it exits with 0 */
  cakeless(who: Credentials, ...args: string[]): Promise<string> {
    const command = [resolve('client', 'cakeless.mjs'), ...args];
    const env = { ...process.env, ...this.environment(who) };
    return new Promise((done, failed) => {
      const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const output = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].on('data', (chunk) => {
          output[stream] += chunk;
        });
      child.once('error', failed);
      child.once('close', (code) => {
        if (code === 0) done(output.stdout);
        else failed(new Error(`cakeless ${args.join(' ')} exited with ${code}: ${output.stderr}`));
      });
    });
  }
}

async function newAdministrator(ministack: Ministack): Promise<Credentials> {
  const UserName = 'administrator';
  const credentials = await newUser(ministack, UserName);
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const iam = new IAMClient(ministack.client());
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  return credentials;
}

async function newUser(
  ministack: Ministack,
  UserName: string,
  allowed?: { Action: string[] },
): Promise<Credentials> {
  const iam = new IAMClient(ministack.client());
  await iam.send(new CreateUserCommand({ UserName }));
  if (allowed) {
    const Statement = [{ Effect: 'Allow', ...allowed, Resource: `arn:aws:iam::${ACCOUNT}:role/*` }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'allowed', PolicyDocument }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
}
