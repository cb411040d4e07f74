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
}

export const NODE = 'cp-1.prod.example.com';
/** A name that starts with the other one. */
export const NODE_11 = 'cp-1.prod.example.com.au';

const everything: Policy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** The table's name for each principal of the design: a new one does not compile without a role here. */
export const DESIGNED = {
  node: 'node',
  user: 'users of a',
  operator: 'operator',
  approver: 'approver',
  auditor: 'auditor',
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
  return {
    node: node({ node: NODE }),
    'node 11': node({ node: NODE_11 }),
    'node *': node({ node: '*' }),
    'node cp-?': node({ node: 'cp-?.prod.example.com' }),
    ...Object.fromEntries(
      RESERVED_NODE_NAMES.map((word) => [`node ${word}`, node({ node: word })]),
    ),
    'node with path': node({ node: `${NODE}/r` }),
    'node without tag': node({}),
    'node of b': own('Nodesb'),
    'users of a': own('Usersa'),
    operator: own('Operator'),
    approver: own('Approver'),
    auditor: own('Auditor'),
    triage: own('ServiceTriageRole'),
    sign: own('ServiceSignRole'),
    'create-ca': own('ServiceCreateCaRole'),
    reconcile: own('ServiceReconcileRole'),
    'watch-signatures': own('ServiceWatchSignaturesRole'),
    administrator: mighty(`arn:aws:iam::${ACCOUNT}:role/administrator`),
    deployer: mighty(
      `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-eu-central-1`,
    ),
    root: mighty(`arn:aws:iam::${ACCOUNT}:root`),
    stranger: mighty('arn:aws:iam::999999999999:role/administrator', '999999999999'),
    anonymous: { arn: undefined, account: 'anonymous', policies: [], tags: {} },
  };
}
