/** Principals of the design, and others that must not get anything. */
import type { Principal as Designed } from '../../lib/access/principals.ts';
import { RESERVED_NODE_NAMES } from '../../lib/contract/request-kinds.ts';
import { ACCOUNT, type Policies, type Policy } from './template.ts';

export interface Principal {
  /** ARN; undefined for anonymous requests. */
  readonly arn: string | undefined;
  readonly account: string;
  readonly policies: readonly Policy[];
  readonly tags: Readonly<Record<string, string>>;
  /** `aws:userid`; what it is matters only for approvers. */
  readonly userid?: string;
}

export const NODE = 'cp-1.prod.example.com';
/** A name that starts with the other one. */
export const NODE_11 = 'cp-1.prod.example.com.au';

/** `aws:userid` of two approvers. */
export const ALICE = 'AROAAPPROVER:alice';
export const BOB = 'AROAAPPROVER:bob';

const allow = (statement: object): Policy => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Resource: '*', ...statement }],
});
const everything = allow({ Action: '*' });

/** Policies that accounts have, for purposes that have nothing to do with Cakeless. */
const OUTSIDE: Readonly<Record<string, Policy>> = {
  's3 writer': allow({ Action: 's3:PutObject' }),
  's3 full access': allow({ Action: 's3:*' }),
  'sqs full access': allow({ Action: 'sqs:*' }),
  'lambda invoker': allow({ Action: 'lambda:InvokeFunction' }),
  // what AWSBackupServiceRolePolicyForS3Restore allows for buckets, and what replication to another bucket needs
  'backup role': allow({
    Action: [
      's3:ListBucket',
      's3:ListBucketVersions',
      's3:PutBucketVersioning',
      's3:PutBucketOwnershipControls',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:PutObject',
      's3:PutObjectAcl',
      's3:PutObjectTagging',
      's3:DeleteObject',
      's3:RestoreObject',
      's3:ReplicateObject',
      's3:ReplicateDelete',
      's3:ReplicateTags',
    ],
  }),
  // AWS's PowerUserAccess
  'power user': allow({ NotAction: ['iam:*', 'organizations:*', 'account:*'] }),
  'iam administrator': allow({ Action: 'iam:*' }),
};

/** The table's name for each principal of the design: a new one does not compile without a role here. */
export const DESIGNED = {
  node: 'node',
  'control-plane': 'control plane',
  forwarder: 'forwarder of a',
  user: 'users of a',
  relay: 'relays of a',
  operator: 'operator',
  approver: 'approver',
  auditor: 'auditor',
  importer: 'importer',
  triage: 'triage',
  sign: 'sign',
  'create-ca': 'create-ca',
  reconcile: 'reconcile',
  'watch-signatures': 'watch-signatures',
} as const satisfies Record<Designed, string>;

export function principalsOf(policies: Policies): Record<string, Principal> {
  const own = (beginning: string, tags: Record<string, string> = {}): Principal => ({
    ...policies.role(beginning),
    account: ACCOUNT,
    tags,
  });
  const mighty = (arn: string, account = ACCOUNT): Principal => ({
    arn,
    account,
    policies: [everything],
    tags: {},
  });
  const node = (tags: Record<string, string>) => own('Nodesa', tags);
  const outside = (name: string, policy: Policy): Principal => ({
    arn: `arn:aws:iam::${ACCOUNT}:role/${name.replaceAll(' ', '-')}`,
    account: ACCOUNT,
    policies: [policy],
    tags: {},
  });
  return {
    node: node({ node: NODE }),
    'control plane': node({ node: NODE, role: 'control-plane' }),
    'worker by tag': node({ node: NODE, role: 'worker' }),
    'node 11': node({ node: NODE_11 }),
    'node *': node({ node: '*' }),
    'node cp-?': node({ node: 'cp-?.prod.example.com' }),
    ...Object.fromEntries(
      RESERVED_NODE_NAMES.map((word) => [`node ${word}`, node({ node: word })]),
    ),
    'node with path': node({ node: `${NODE}/r` }),
    'node without tag': node({}),
    'node of b': own('Nodesbcp1'),
    'worker of b': own('Nodesbworker1'),
    'forwarder of a': own('Forwardersa'),
    'forwarder of b': own('Forwardersb'),
    'users of a': own('Usersa'),
    'relays of a': own('Relaysa'),
    operator: own('Operator'),
    approver: { ...own('Approver'), userid: ALICE },
    'approver bob': { ...own('Approver'), userid: BOB },
    auditor: own('Auditor'),
    importer: own('Importer'),
    triage: own('ServiceTriageRole'),
    sign: own('ServiceSignRole'),
    'create-ca': own('ServiceCreateCaRole'),
    reconcile: own('ServiceReconcileRole'),
    'watch-signatures': own('ServiceWatchSignaturesRole'),
    ...Object.fromEntries(
      Object.entries(OUTSIDE).map(([name, policy]) => [name, outside(name, policy)]),
    ),
    administrator: mighty(`arn:aws:iam::${ACCOUNT}:role/administrator`),
    deployer: mighty(
      `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-eu-central-1`,
    ),
    // a name that the pattern cdk-*-cfn-exec-role-… would have matched
    'false deployer': mighty(
      `arn:aws:iam::${ACCOUNT}:role/cdk-mine-cfn-exec-role-${ACCOUNT}-eu-central-1`,
    ),
    root: mighty(`arn:aws:iam::${ACCOUNT}:root`),
    stranger: mighty('arn:aws:iam::999999999999:role/administrator', '999999999999'),
    anonymous: { arn: undefined, account: 'anonymous', policies: [], tags: {} },
  };
}
