/** The example of a service control policy closes what policies of resources cannot. docs/deployment.md shows it. */
import { readFileSync } from 'node:fs';
import { CONFIG_FILE } from '../deployed/config-file.ts';
import { isAllowed } from './evaluate.ts';
import { type Principal, principalsOf } from './principals.ts';
import { requestsOf } from './requests.ts';
import { TABLE } from './table.ts';
import { ACCOUNT, Policies, type Policy } from './template.ts';

const FILE = 'infra/examples/service-control-policy.json';
const policy: Policy = JSON.parse(readFileSync(FILE, 'utf8'));
const policies = new Policies(CONFIG_FILE);
const ask = requestsOf(policies);
const principals = principalsOf(policies);
const { administrator } = principals;
if (!administrator) throw new Error('no administrator');

const role = (name: string): Principal => ({
  ...administrator,
  arn: `arn:aws:iam::${ACCOUNT}:role/${name}`,
});
const everyone: Record<string, Principal> = {
  ...principals,
  pipeline: role('cakeless-pipeline'),
  'deploy role': role(`cdk-hnb659fds-deploy-role-${ACCOUNT}-eu-central-1`),
  'publishing role': role(`cdk-hnb659fds-file-publishing-role-${ACCOUNT}-eu-central-1`),
  foundation: role('platform-foundation'),
};

const ROLE = `arn:aws:iam::${ACCOUNT}:role`;
const STACK = `arn:aws:cloudformation:eu-central-1:${ACCOUNT}:stack/Cakeless/1`;

const TRUSTS_THE_ACCOUNT: Policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      Action: 'sts:AssumeRole',
    },
  ],
};

async function whoMay(action: string, resource: string): Promise<string[]> {
  const got: string[] = [];
  for (const [name, who] of Object.entries(everyone)) {
    const trust = action === 'sts:AssumeRole' && { resourcePolicy: TRUSTS_THE_ACCOUNT };
    const asked = { action, resource, context: {}, ...trust };
    if (who.arn && who.account === ACCOUNT && (await isAllowed(who, asked, [policy])))
      got.push(name);
  }
  return got.sort();
}

it.each<[string, string, string[]]>([
  ['lambda:InvokeFunction', 'function sign', ['deployer']],
  ['lambda:InvokeFunction', 'function triage', ['deployer']],
  ['lambda:InvokeFunction', 'function watch-signatures', ['deployer']],
  ['lambda:InvokeFunction', 'function create-ca', ['deployer', 'importer', 'operator']],
  ['lambda:InvokeFunction', 'function reconcile', ['deployer', 'operator']],
  ['lambda:UpdateFunctionCode', 'function sign', ['deployer']],
  ['lambda:UpdateFunctionConfiguration', 'function sign', ['deployer']],
  ['lambda:AddPermission', 'function sign', ['deployer']],
  ['iam:CreateRole', 'a role of approvers', ['deployer']],
  ['iam:UpdateAssumeRolePolicy', 'the role of sign', ['deployer']],
  ['iam:PutRolePolicy', 'the role of sign', ['deployer']],
  ['iam:PassRole', 'the role of sign', ['deployer']],
])('%s of %s: %s', async (action, what, allowed) => {
  expect(await whoMay(action, ask(action, what).resource)).toEqual(allowed);
});

it('even the root user cannot remove the policy of a bucket', async () => {
  const bucket = policies.bucket('ServiceAuthority');
  for (const action of ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy'])
    expect(await whoMay(action, bucket.arn)).toEqual(['deployer']);
});

it.each<[string, string, string[]]>([
  ['cloudformation:CreateChangeSet', STACK, ['deploy role']],
  ['cloudformation:DeleteStack', STACK, ['deploy role']],
  ['sts:AssumeRole', `${ROLE}/cdk-hnb659fds-deploy-role-${ACCOUNT}-eu-central-1`, ['pipeline']],
  [
    'sts:AssumeRole',
    `${ROLE}/cdk-hnb659fds-file-publishing-role-${ACCOUNT}-eu-central-1`,
    ['pipeline'],
  ],
  [
    'iam:PassRole',
    `${ROLE}/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-eu-central-1`,
    ['deploy role', 'foundation'],
  ],
  ...['cfn-exec-role-x', 'deploy-role-x', 'file-publishing-role-x'].flatMap(
    (name): [string, string, string[]][] =>
      ['iam:PutRolePolicy', 'iam:UpdateAssumeRolePolicy', 'iam:DeleteRolePermissionsBoundary'].map(
        (action) => [action, `${ROLE}/cdk-hnb659fds-${name}`, ['deploy role', 'foundation']],
      ),
  ),
  // the roles that the policy itself trusts: a pattern of ARNs is no better than who may create such a role
  ...['cakeless-pipeline', 'platform-foundation'].flatMap((name): [string, string, string[]][] =>
    ['iam:CreateRole', 'iam:UpdateAssumeRolePolicy', 'iam:PassRole'].map((action) => [
      action,
      `${ROLE}/${name}`,
      ['foundation'],
    ]),
  ),
])('%s of %s: only who deploys', async (action, resource, allowed) => {
  expect(await whoMay(action, resource)).toEqual(allowed);
});

// CDK uploads the code of the functions, and the template, under their digests, and does not replace what exists
it.each(['s3:PutObject', 's3:DeleteObject', 's3:PutObjectAcl'])(
  '%s of the code that is going to be deployed: only who publishes it',
  async (action) => {
    const asset = `arn:aws:s3:::cdk-hnb659fds-assets-${ACCOUNT}-eu-central-1/digest.zip`;
    expect(await whoMay(action, asset)).toEqual(['foundation', 'publishing role']);
  },
);

it('leaves everything else as it is: roles of the design keep what they have', async () => {
  const rows = TABLE.filter(
    ({ what, variant }) => !variant && /^(?:exchange|authority|queue|key)/.test(what),
  );
  const kept = ['node', 'operator', 'approver', 'importer', 'sign', 'create-ca', 'reconcile'];
  for (const { action, what, allowed } of rows)
    for (const name of allowed.filter((one) => kept.includes(one))) {
      const who = principals[name];
      if (!who) throw new Error(name);
      expect(await isAllowed(who, ask(action, what), [policy])).toBe(true);
    }
});

it('is small enough for AWS Organizations, without its spaces', () => {
  expect(JSON.stringify(policy).length).toBeLessThan(5120);
});
