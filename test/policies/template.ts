/** The policies of the synthesized app, with CloudFormation's references resolved to ARNs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { CakelessStack } from '../../infra/cakeless-stack.ts';
import { type Config, readConfig } from '../../infra/config.ts';
import { FUNCTION_NAMES } from '../../lib/environment-names.ts';
import { withoutStackTraces } from '../support/synthesize.ts';

export const ACCOUNT = '000000000000';
const REGION = 'eu-central-1';

export interface Policy {
  readonly Version: string;
  readonly Statement: readonly unknown[];
}

/** A resource of a template. */
interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: properties differ for each type of resource
  readonly Properties: any;
}

const EVALUATED = [
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::Function',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
];

type Resources = Readonly<Record<string, Resource>>;

export class Policies {
  readonly #resources: Resources;

  /** @param more fields of the configuration that replace those of the file */
  constructor(configFile: string, more: Partial<Config> = {}) {
    const raw = synthesize(configFile, more);
    const evaluated = Object.entries(raw).filter(([, { Type }]) => EVALUATED.includes(Type));
    this.#resources = resolve(Object.fromEntries(evaluated), raw) as Resources;
  }

  /** The only role whose logical id starts with this text. */
  role(beginning: string): { arn: string; policies: Policy[] } {
    const [id, { Properties }] = this.#only('AWS::IAM::Role', beginning);
    const attached = this.#all('AWS::IAM::Policy').filter(([, policy]) =>
      policy.Properties.Roles.includes(nameOf(id, Properties)),
    );
    if (Properties.ManagedPolicyArns || Properties.Policies)
      throw new Error(`${id} has policies that are not evaluated here`);
    return {
      arn: arnOf(id, 'AWS::IAM::Role', Properties),
      policies: attached.map(([, policy]) => policy.Properties.PolicyDocument),
    };
  }

  /** The trust policy of a role. It has no resource: the role is meant. */
  trust(beginning: string): Policy {
    const [, { Properties }] = this.#only('AWS::IAM::Role', beginning);
    return Properties.AssumeRolePolicyDocument;
  }

  bucket(beginning: string): { arn: string; policy: Policy } {
    const [id, { Properties }] = this.#only('AWS::S3::Bucket', beginning);
    const policies = this.#all('AWS::S3::BucketPolicy').filter(
      ([, policy]) => policy.Properties.Bucket === nameOf(id, Properties),
    );
    return { arn: `arn:aws:s3:::${nameOf(id, Properties)}`, policy: onlyDocument(policies) };
  }

  queue(beginning: string): { arn: string; policy: Policy } {
    const [id, { Properties }] = this.#only('AWS::SQS::Queue', beginning);
    const name = nameOf(id, Properties);
    const policies = this.#all('AWS::SQS::QueuePolicy').filter(([, policy]) =>
      policy.Properties.Queues.some((url: string) => url.endsWith(`/${name}`)),
    );
    return { arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`, policy: onlyDocument(policies) };
  }

  key(beginning: string): { arn: string; policy: Policy } {
    const [id, { Properties }] = this.#only('AWS::KMS::Key', beginning);
    return { arn: arnOf(id, 'AWS::KMS::Key', Properties), policy: Properties.KeyPolicy };
  }

  functionArn(beginning: string): string {
    const [id, { Type, Properties }] = this.#only('AWS::Lambda::Function', beginning);
    return arnOf(id, Type, Properties);
  }

  #all(type: string): [string, Resource][] {
    return Object.entries(this.#resources).filter(([, { Type }]) => Type === type);
  }

  #only(type: string, beginning: string): [string, Resource] {
    const found = this.#all(type).filter(([id]) => id.startsWith(beginning));
    const [one] = found;
    if (found.length !== 1 || !one)
      throw new Error(`${found.length} ${type} start with ${beginning}`);
    return one;
  }
}

function onlyDocument(policies: [string, Resource][]): Policy {
  if (policies.length !== 1) throw new Error(`expected one policy, found ${policies.length}`);
  return policies[0]?.[1].Properties.PolicyDocument;
}

/** Synthesizes with empty functions: their code grants nothing. */
function synthesize(configFile: string, more: Partial<Config>): Resources {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-policies-'));
  try {
    const codeDir = join(folder, 'functions');
    for (const name of Object.values(FUNCTION_NAMES).map((one) => one.replace('cakeless-', ''))) {
      mkdirSync(join(codeDir, name), { recursive: true });
      writeFileSync(join(codeDir, name, 'index.mjs'), '');
    }
    const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
    // CDK's validation of the template takes seconds, and is part of `npm run synth`
    const validation = { builtinCloudFormationValidation: false };
    const app = new App({ outdir: join(folder, 'cdk.out'), context, ...validation });
    const alarms = { topicArn: `arn:aws:sns:${REGION}:${ACCOUNT}:alarms` };
    const config = { ...readConfig(configFile), alarms, ...more };
    return withoutStackTraces(() => {
      const stack = new CakelessStack(app, config.stackName, { config, codeDir });
      return app.synth().getStackByName(stack.stackName).template.Resources;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The physical name if the template has one, or the logical id. */
const nameOf = (id: string, properties: Resource['Properties']): string =>
  properties?.BucketName ??
  properties?.RoleName ??
  properties?.FunctionName ??
  properties?.QueueName ??
  id;

const ARNS: Readonly<Record<string, (name: string) => string>> = {
  'AWS::S3::Bucket': (name) => `arn:aws:s3:::${name}`,
  'AWS::IAM::Role': (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  'AWS::SQS::Queue': (name) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
  'AWS::KMS::Key': (name) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${name}`,
  'AWS::Lambda::Function': (name) => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
  'AWS::Logs::LogGroup': (name) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*`,
  'AWS::Events::Rule': (name) => `arn:aws:events:${REGION}:${ACCOUNT}:rule/${name}`,
};

function arnOf(id: string, type: string, properties: Resource['Properties']): string {
  const make = ARNS[type];
  if (!make) throw new Error(`unknown form of ARN: ${id} (${type})`);
  return make((type === 'AWS::IAM::Role' ? roleFolder(properties) : '') + nameOf(id, properties));
}

/** `aws:PrincipalArn` contains the path of a role. */
const roleFolder = ({ Path = '/' }: Resource['Properties']): string => Path.slice(1);

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NoValue': '',
};

/** @throws Error for an unknown function of CloudFormation, so that it is never treated as text */
function resolve(value: unknown, raw: Resources): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, raw));
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0 && name === 'Ref') return resolveReference(String(argument), raw);
  if (others.length === 0 && name.startsWith('Fn::')) return resolveFunction(name, argument, raw);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one, raw)]));
}

function resolveReference(id: string, raw: Resources): string {
  const resource = raw[id];
  if (!resource) return PSEUDO_PARAMETERS[id] ?? id;
  const name = String(resolve(nameOf(id, resource.Properties), raw));
  return resource.Type === 'AWS::SQS::Queue' ? `https://sqs/${ACCOUNT}/${name}` : name;
}

function resolveFunction(name: string, argument: unknown, raw: Resources): unknown {
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map((part) => String(resolve(part, raw))).join(separator);
  }
  if (name === 'Fn::GetAtt') {
    const [id = '', attribute] = argument as string[];
    const resource = raw[id];
    if (!resource) throw new Error(`${id} is not in the template`);
    const properties = resolve(resource.Properties, raw);
    return attribute === 'Arn' ? arnOf(id, resource.Type, properties) : `${id}.${attribute}`;
  }
  throw new Error(`${name} is not supported`);
}
