/** Who may do what, written by hand and independent of lib/access: every principal that a row does not name is denied. */
import { NODE, NODE_11 } from './principals.ts';
import type { Variant } from './requests.ts';

export interface Row {
  readonly action: string;
  readonly what: string;
  readonly variant?: Variant;
  readonly allowed: readonly string[];
  /** If nobody is allowed: the most similar request that is allowed, to show that not everything is denied. */
  readonly twin?: {
    readonly what?: string;
    readonly variant?: Variant;
    readonly action?: string;
    readonly who: string;
  };
}

/** Principals with AdministratorAccess: bucket and key policies bind them, too. */
const MIGHTY = ['administrator', 'deployer', 'root'];
const NODES_OF_A = ['node', 'node 11', 'node *', 'node cp-?'];
const READERS = ['operator', 'approver', 'auditor', ...MIGHTY];
/** Who lists the whole exchange bucket. */
const LISTERS = ['sign', 'reconcile', 'watch-signatures', ...READERS];

const row = (action: string, what: string, allowed: readonly string[], variant?: Variant): Row => ({
  action,
  what,
  allowed,
  ...(variant && { variant }),
});
const denied = (
  action: string,
  what: string,
  variant: Variant | undefined,
  twin: Row['twin'],
): Row => ({
  ...row(action, what, [], variant),
  ...(twin && { twin }),
});

const own = `exchange/requests/a/${NODE}/r/pki/apiserver.csr`;
const outcome = `exchange/certificates/a/${NODE}/r/pki/apiserver`;
const record = `authority/records/a/${NODE}/r/pki/apiserver.csr.json`;
const approval = `authority/approvals/requests/a/${NODE}/r/super-admin.conf.csr.x.json`;
const standing = 'authority/approvals/standing/a.json';
const { s3, kms } = {
  s3: {
    get: 's3:GetObject',
    put: 's3:PutObject',
    list: 's3:ListBucket',
    delete: 's3:DeleteObject',
  },
  kms: { sign: 'kms:Sign' },
};

const REQUESTS: Row[] = [
  row(s3.put, own, ['node', ...MIGHTY]),
  denied(s3.put, own, 'without a condition', { who: 'node' }),
  denied(s3.put, own, 'over plain HTTP', { who: 'node' }),
  denied(s3.put, own, 'over TLS 1.1', { who: 'node' }),
  row(s3.get, own, ['node', 'sign', 'watch-signatures', ...READERS]),
  row(s3.delete, own, ['sign', ...MIGHTY]),
  row(s3.put, `exchange/requests/a/${NODE_11}/r/admin.conf.csr`, ['node 11', ...MIGHTY]),
  row(s3.put, `exchange/requests/b/${NODE}/r/admin.conf.csr`, ['node of b', ...MIGHTY]),
  row(s3.put, 'exchange/requests/a/users/r/user.csr', ['users of a', ...MIGHTY]),
  row(s3.get, 'exchange/certificates/a/users/r/user.crt', ['users of a', 'sign', ...READERS]),
  row(s3.list, `exchange/requests/a/${NODE}/`, ['node', ...LISTERS]),
  row(s3.list, `exchange/certificates/a/${NODE}/`, ['node', ...LISTERS]),
  row(s3.list, 'exchange/', LISTERS),
];

const OUTCOMES: Row[] = [
  row(s3.get, `${outcome}.crt`, ['node', 'sign', ...READERS]),
  denied(s3.get, `${outcome}.crt`, 'over plain HTTP', { who: 'node' }),
  row(s3.put, `${outcome}.crt`, ['sign', ...MIGHTY]),
  denied(s3.put, `${outcome}.crt`, 'without a condition', { who: 'sign' }),
  row(s3.put, `${outcome}.rejected.json`, ['sign', ...MIGHTY]),
  denied(s3.put, `${outcome}.rejected.json`, 'without a condition', { who: 'sign' }),
  row(s3.put, `${outcome}.pending.json`, ['sign', ...MIGHTY], 'without a condition'),
  row(s3.delete, `${outcome}.pending.json`, ['sign', ...MIGHTY]),
  row(s3.delete, `${outcome}.crt`, MIGHTY),
  row(s3.get, 'exchange/trust/prod/ca.crt', [...NODES_OF_A, 'node of b', 'users of a', ...READERS]),
  row(s3.put, 'exchange/trust/prod/ca.crt', ['create-ca', ...MIGHTY], 'without a condition'),
];

const LEASES: Row[] = [
  row(s3.put, 'exchange/leases/a.json', [...NODES_OF_A, ...MIGHTY]),
  row(s3.put, 'exchange/leases/a.json', [...NODES_OF_A, ...MIGHTY], 'with If-Match'),
  denied(s3.put, 'exchange/leases/a.json', 'without a condition', { who: 'node' }),
  row(s3.put, 'exchange/leases/b.json', ['node of b', ...MIGHTY]),
  row(s3.get, 'exchange/leases/a.json', [...NODES_OF_A, ...READERS]),
  row(s3.delete, 'exchange/leases/a.json', MIGHTY),
  row(s3.list, 'exchange/leases/a.json', [...NODES_OF_A, ...LISTERS]),
];

const AUTHORITY: Row[] = [
  row(s3.get, 'authority/clusters/a.json', ['sign', 'reconcile', ...READERS]),
  row(s3.put, 'authority/clusters/a.json', ['operator', ...MIGHTY]),
  row(s3.put, 'authority/clusters/a.json', ['operator', ...MIGHTY], 'with If-Match'),
  denied(s3.put, 'authority/clusters/a.json', 'without a condition', { who: 'operator' }),
  row(s3.get, approval, ['sign', 'watch-signatures', ...READERS]),
  row(s3.get, standing, ['sign', 'watch-signatures', ...READERS]),
  row(s3.put, approval, ['approver', ...MIGHTY]),
  denied(s3.put, approval, 'without a condition', { who: 'approver' }),
  row(s3.put, standing, ['approver', ...MIGHTY]),
  row(s3.put, standing, ['approver', ...MIGHTY], 'with If-Match'),
  denied(s3.put, standing, 'without a condition', { who: 'approver' }),
  row(s3.put, record, ['sign', ...MIGHTY]),
  denied(s3.put, record, 'without a condition', { who: 'sign' }),
  row(s3.get, record, ['sign', 'watch-signatures', ...READERS]),
  row('s3:GetObjectVersion', record, READERS),
  row('s3:ListBucketVersions', 'authority/', READERS),
  denied(s3.delete, record, undefined, { what: 'authority/clusters/a.json', who: 'administrator' }),
  denied('s3:DeleteObjectVersion', record, undefined, {
    what: 'authority/expiry/2027-01-01/a',
    who: 'administrator',
  }),
  denied(s3.delete, 'authority/trust/prod.json', undefined, {
    what: 'authority/clusters/a.json',
    who: 'administrator',
  }),
  row(s3.put, 'authority/trust/prod.json', ['create-ca', ...MIGHTY], 'without a condition'),
  row(s3.get, 'authority/trust/prod.json', [
    'sign',
    'create-ca',
    'reconcile',
    'watch-signatures',
    ...READERS,
  ]),
  row(s3.put, 'authority/ca-records/prod/ca/1.json', ['create-ca', ...MIGHTY]),
  denied(s3.put, 'authority/ca-records/prod/ca/1.json', 'without a condition', {
    who: 'create-ca',
  }),
  row(s3.put, `authority/expiry/2027-01-01/a/${NODE}/admin.conf/r`, ['sign', ...MIGHTY]),
  row(s3.get, `authority/expiry/2027-01-01/a/${NODE}/admin.conf/r`, READERS),
  row(s3.list, 'authority/records/', [
    'sign',
    'create-ca',
    'reconcile',
    'watch-signatures',
    ...READERS,
  ]),
  row('s3:PutBucketPolicy', 'authority/', MIGHTY),
];

const KEYS: Row[] = [
  row(kms.sign, 'key of ca', ['sign', 'create-ca']),
  denied(kms.sign, 'key of ca', 'of a raw message', { who: 'sign' }),
  denied(kms.sign, 'key of ca', 'with ECDSA_SHA_384', { who: 'sign' }),
  denied(kms.sign, 'key of ca', 'with RSASSA_PKCS1_V1_5_SHA_256', { who: 'create-ca' }),
  row('kms:GetPublicKey', 'key of ca', ['create-ca', ...MIGHTY]),
  row('kms:DescribeKey', 'key of ca', MIGHTY),
  row('kms:PutKeyPolicy', 'key of ca', ['deployer', 'root']),
  row('kms:ScheduleKeyDeletion', 'key of ca', ['root']),
  row('kms:DisableKey', 'key of ca', ['root']),
  denied('kms:CreateGrant', 'key of ca', undefined, { action: 'kms:DescribeKey', who: 'root' }),
];

const QUEUES_AND_FUNCTIONS: Row[] = [
  row('sqs:SendMessage', 'queue', ['reconcile', ...MIGHTY]),
  denied('sqs:SendMessage', 'queue', 'over plain HTTP', { who: 'reconcile' }),
  row('sqs:ReceiveMessage', 'queue', ['sign', ...MIGHTY]),
  row('sqs:ReceiveMessage', 'dead letters', ['operator', ...MIGHTY]),
  row('sqs:SendMessage', 'dead letters', MIGHTY),
  row('lambda:InvokeFunction', 'function sign', MIGHTY),
  row('lambda:InvokeFunction', 'function create-ca', ['operator', ...MIGHTY]),
  row('lambda:InvokeFunction', 'function reconcile', ['operator', ...MIGHTY]),
  row('lambda:InvokeFunction', 'function watch-signatures', MIGHTY),
  row('lambda:UpdateFunctionCode', 'function sign', MIGHTY),
];

export const TABLE: readonly Row[] = [
  ...REQUESTS,
  ...OUTCOMES,
  ...LEASES,
  ...AUTHORITY,
  ...KEYS,
  ...QUEUES_AND_FUNCTIONS,
];
