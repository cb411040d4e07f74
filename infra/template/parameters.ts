/** What the plain template leaves open, as parameters of the stack. */
import { Aws, CfnCondition, CfnParameter, Fn, type Stack } from 'aws-cdk-lib';
import type { CakelessConfig, PeopleConfig } from '../config-fields.ts';

/** Where the template expects its files. */
export const CODE_BUCKET = 'CodeBucket';
export const CODE_PREFIX = 'CodePrefix';

const DEPLOYER = 'DeployerArn';
const TOPIC = 'AlarmTopicArn';
const HAS_TOPIC = 'HasAlarmTopic';
const NO_TOPIC = 'none';

/** Parameters for principals, and the role that each may assume. */
const PRINCIPALS = {
  NodePrincipal: 'the role of the nodes, and choose the node with session tags',
  OperatorPrincipal: 'the role of operators',
  ApproverPrincipal: 'the role of approvers',
  AuditorPrincipal: 'the role of auditors',
};

/** The configuration of the artifact if no file is given: a trust domain, a role for nodes, and roles of people. */
export function openConfig(): CakelessConfig {
  const people = (parameter: keyof typeof PRINCIPALS): PeopleConfig => ({
    assumedBy: [
      Fn.conditionIf(`${parameter}IsAccount`, Aws.ACCOUNT_ID, Fn.ref(parameter)).toString(),
    ],
  });
  return {
    trustDomains: [{ name: 'fleet' }],
    fleet: people('NodePrincipal'),
    operators: people('OperatorPrincipal'),
    approvers: people('ApproverPrincipal'),
    auditors: people('AuditorPrincipal'),
  };
}

/** Fills in what the configuration does not specify. Without `cdk bootstrap`, there is no default role to deploy with. */
export function filledIn(config: CakelessConfig): CakelessConfig {
  return {
    ...config,
    deployers: config.deployers ?? [Fn.ref(DEPLOYER)],
    alarms: {
      ...config.alarms,
      topicArn:
        config.alarms?.topicArn ??
        Fn.conditionIf(HAS_TOPIC, Fn.ref(TOPIC), Aws.NO_VALUE).toString(),
    },
  };
}

/** Declares the parameters that the filled-in configuration refers to. */
export function declareParameters(stack: Stack, config: CakelessConfig, open: boolean): void {
  new CfnParameter(stack, CODE_BUCKET, {
    description: 'Bucket, in this region, that contains the uploaded files',
  });
  new CfnParameter(stack, CODE_PREFIX, {
    description: 'Prefix of the keys of the uploaded files, with a slash at the end; may be empty',
    default: '',
    allowedPattern: '^(?:.+/)?$',
  });
  if (config.deployers === undefined) declareDeployer(stack);
  if (config.alarms?.topicArn === undefined) declareTopic(stack);
  if (open)
    for (const [id, whose] of Object.entries(PRINCIPALS)) declarePrincipal(stack, id, whose);
}

function declareDeployer(stack: Stack): void {
  new CfnParameter(stack, DEPLOYER, {
    description:
      'ARN of the role that deploys the stack; nobody else may change policies and settings of buckets, queues and keys',
    allowedPattern: '^arn:aws[a-z-]*:(?:iam|sts)::\\d{12}:(?:root|[a-z-]+/[^*?]{4}.*)$',
  });
}

function declareTopic(stack: Stack): void {
  new CfnParameter(stack, TOPIC, {
    description: 'ARN of the SNS topic, in this region, that alarms notify; or none',
    default: NO_TOPIC,
    allowedPattern: '^(?:none|arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:.+)$',
  });
  new CfnCondition(stack, HAS_TOPIC, {
    expression: Fn.conditionNot(Fn.conditionEquals(Fn.ref(TOPIC), NO_TOPIC)),
  });
}

function declarePrincipal(stack: Stack, id: string, whose: string): void {
  new CfnParameter(stack, id, {
    description: `Who may assume ${whose}: account (anyone in this account whom IAM allows), a 12-digit account, or the ARN of a principal`,
    allowedPattern: '^(?:account|\\d{12}|arn:aws[a-z-]*:(?:iam|sts)::\\d{12}:.+)$',
  });
  new CfnCondition(stack, `${id}IsAccount`, {
    expression: Fn.conditionEquals(Fn.ref(id), 'account'),
  });
}
