/** What AWS services may do for others, and who may assume which role, evaluated as the other policies are. */
import './fast-collation.ts';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { CONFIG_FILE } from '../deployed/config-file.ts';
import { ACCOUNT, Policies, type Policy } from './template.ts';

const ANCHOR = `arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:trust-anchor/1`;
const policies = new Policies(CONFIG_FILE, {
  trustDomains: [{ name: 'prod', requiredApprovals: 2 }],
  clusters: [
    { name: 'tagged', nodes: { assumedBy: [ANCHOR], nodeTag: 'x509Subject/CN' } },
    { name: 'named', nodes: { assumedBy: [ANCHOR], names: ['cp-1'] } },
    { name: 'users', users: { assumedBy: ['account'], sessionName: 'aws:SourceIdentity' } },
  ],
  operators: { assumedBy: ['account'], conditions: IP('198.51.100.0/24') },
  approvers: { assumedBy: ['account'], sessionName: 'aws:username', mfa: true },
});

function IP(range: string) {
  return { IpAddress: { 'aws:SourceIp': range } };
}

interface Question {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly policy: Policy;
  readonly context: Record<string, string>;
}

async function isAllowed({ principal, action, resource, policy, context }: Question) {
  const isService = principal.endsWith('.amazonaws.com');
  const everything = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  };
  const result = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: { 'aws:SecureTransport': 'true', ...context },
      },
      identityPolicies: isService ? [] : [{ name: 'everything', policy: everything }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy,
    },
    {},
  );
  if (result.resultType !== 'single') throw new Error(JSON.stringify(result));
  return result.overallResult === 'Allowed';
}

describe('the upload queue takes a message', () => {
  const { arn, policy } = policies.queue('ServiceQueueUploads');
  const exchange = policies.bucket('ServiceExchange').arn;
  const send = (principal: string, context: Record<string, string>) =>
    isAllowed({ principal, action: 'sqs:SendMessage', resource: arn, policy, context });
  const event = { 'aws:SourceArn': exchange, 'aws:SourceAccount': ACCOUNT };

  it.each<[boolean, string, string, Record<string, string>]>([
    [true, 'of S3 about the exchange bucket', 's3.amazonaws.com', event],
    [
      true,
      'of S3 about the authority bucket',
      's3.amazonaws.com',
      { ...event, 'aws:SourceArn': policies.bucket('ServiceAuthority').arn },
    ],
    [
      false,
      'of S3 about another bucket',
      's3.amazonaws.com',
      { ...event, 'aws:SourceArn': 'arn:aws:s3:::mine' },
    ],
    [
      false,
      'of S3 about a bucket of this name in another account',
      's3.amazonaws.com',
      { ...event, 'aws:SourceAccount': '999999999999' },
    ],
    [false, 'of another service', 'sns.amazonaws.com', event],
    [false, 'of an administrator', `arn:aws:iam::${ACCOUNT}:role/administrator`, {}],
    [false, 'of the role of sign', policies.role('ServiceSignRole').arn, {}],
  ])('%s: %s', async (allowed, _, principal, context) => {
    expect(await send(principal, context)).toBe(allowed);
  });
});

describe('a role can be assumed', () => {
  const assume = (beginning: string, principal: string, context: Record<string, string>) =>
    isAllowed({
      principal,
      action: 'sts:AssumeRole',
      resource: policies.role(beginning).arn,
      policy: policies.trust(beginning),
      context,
    });
  const jane = `arn:aws:iam::${ACCOUNT}:user/jane`;
  const role = `arn:aws:iam::${ACCOUNT}:role/sso`;
  const mfa = { 'aws:MultiFactorAuthPresent': 'true' };
  const certificate = (CN: string, anchor = ANCHOR, account = ACCOUNT) => ({
    'aws:SourceArn': anchor,
    'aws:SourceAccount': account,
    'aws:PrincipalTag/x509Subject/CN': CN,
  });
  const anywhere = 'rolesanywhere.amazonaws.com';

  it.each<[boolean, string, string, string, Record<string, string>]>([
    [true, 'by a certificate of the trust anchor', 'Nodestagged', anywhere, certificate('cp-1')],
    [
      false,
      'by a certificate of another trust anchor of the account',
      'Nodestagged',
      anywhere,
      certificate('cp-1', ANCHOR.replace('/1', '/2')),
    ],
    [
      false,
      'by a certificate of another account',
      'Nodestagged',
      anywhere,
      certificate('cp-1', ANCHOR, '999999999999'),
    ],
    [true, 'by the certificate of the node', 'Nodesnamed', anywhere, certificate('cp-1')],
    [false, 'by the certificate of another node', 'Nodesnamed', anywhere, certificate('cp-2')],
    [
      true,
      'by an approver with a second factor under their own name',
      'Approver',
      jane,
      { ...mfa, 'aws:username': 'jane', 'sts:RoleSessionName': 'jane' },
    ],
    [
      false,
      'by an approver under another name',
      'Approver',
      jane,
      { ...mfa, 'aws:username': 'jane', 'sts:RoleSessionName': 'john' },
    ],
    [
      false,
      'by an approver without a second factor',
      'Approver',
      jane,
      { 'aws:username': 'jane', 'sts:RoleSessionName': 'jane' },
    ],
    [
      false,
      'by a role, which has no user name',
      'Approver',
      role,
      { ...mfa, 'sts:RoleSessionName': 'jane' },
    ],
    [
      true,
      'by a requester under the source identity',
      'Users',
      role,
      { 'aws:SourceIdentity': 'jane', 'sts:RoleSessionName': 'jane' },
    ],
    [
      false,
      'by a requester under another name',
      'Users',
      role,
      { 'aws:SourceIdentity': 'jane', 'sts:RoleSessionName': 'john' },
    ],
    [true, 'from a configured address', 'Operator', jane, { 'aws:SourceIp': '198.51.100.7' }],
    [false, 'from another address', 'Operator', jane, { 'aws:SourceIp': '203.0.113.7' }],
    [true, 'of sign, by Lambda', 'ServiceSignRole', 'lambda.amazonaws.com', {}],
    [false, 'of sign, by an administrator', 'ServiceSignRole', jane, {}],
  ])('%s: %s', async (allowed, _, beginning, principal, context) => {
    expect(await assume(beginning, principal, context)).toBe(allowed);
  });
});
