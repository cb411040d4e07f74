/** Who may do what, written by hand and independent of lib/access: every principal that a row does not name is denied. */
import { ALICE, NODE, NODE_11 } from './principals.ts';
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

/** What is asked, as in the title of its test. */
export const titleOf = ({ action, what, variant }: Row): string =>
  [action, what, variant].filter(Boolean).join(' ');

/** Outside the design, with AdministratorAccess: the policies of buckets, queues and keys bind them, too. */
const ADMINISTRATORS = ['administrator', 'deployer', 'false deployer', 'root'];
/** Those, and one who may do everything but IAM. */
const MIGHTY = [...ADMINISTRATORS, 'power user'];
/** Who may change policies: what they can do then is not in this table. */
const GUARDIANS = ['deployer', 'root'];
const CONTROL_PLANES_OF_A = ['control plane'];
const NODES_OF_A = ['node', 'node 11', 'node *', 'node cp-?', 'worker by tag', 'control plane'];
/** Three sessions of one node. */
const NODE_ITSELF = ['node', 'worker by tag', 'control plane'];
/** Who carries CSRs of the certificates API of cluster a. */
const FORWARDERS_OF_A = ['control plane', 'forwarder of a'];
const RELAY = 'relays of a';
const PEOPLE = ['operator', 'approver', 'approver bob', 'auditor'];
/** Reading is not denied to anyone: what is in the buckets is not secret. */
const READERS = [...PEOPLE, ...MIGHTY, 's3 full access', 'backup role'];
/** Who lists the whole exchange bucket. */
const LISTERS = ['sign', 'create-ca', 'reconcile', 'watch-signatures', ...READERS];

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

const KUBELET_NAMES = ['kubelet-client.json', 'kubelet-serving.json'];
const CSR_NAMES = [...KUBELET_NAMES, 'user.json'];
const WORKER = 'worker-1.prod.example.com';
const csr = 'exchange/requests/a/csr/uid/kubelet-client.json';
const own = `exchange/requests/a/${NODE}/r/pki/apiserver.csr`;
const outcome = `exchange/certificates/a/${NODE}/r/pki/apiserver`;
const record = `authority/records/a/${NODE}/r/pki/apiserver.csr.json`;
const budget = `authority/budgets/a/${NODE}/2027-01-01.json`;
const expiry = `authority/expiry/2027-01-01/a/${NODE}/admin.conf`;
const approval = `authority/approvals/requests/a/${NODE}/r/super-admin.conf.csr/digest/${ALICE}.json`;
const standing = `authority/approvals/standing/a/${ALICE}.json`;
const ofRotation = `authority/approvals/rotations/prod/digest/${ALICE}.json`;
const step = 'authority/rotations/prod/ca/1-2/0000000001.json';
const { s3, kms, sqs } = {
  s3: {
    get: 's3:GetObject',
    put: 's3:PutObject',
    list: 's3:ListBucket',
    delete: 's3:DeleteObject',
    deleteVersion: 's3:DeleteObjectVersion',
  },
  kms: { sign: 'kms:Sign' },
  sqs: { send: 'sqs:SendMessage', receive: 'sqs:ReceiveMessage' },
};

const REQUESTS: Row[] = [
  row(s3.put, own, [...NODE_ITSELF, RELAY]),
  denied(s3.put, own, 'without a condition', { who: 'node' }),
  denied(s3.put, own, 'over plain HTTP', { who: 'node' }),
  denied(s3.put, own, 'over TLS 1.1', { who: 'node' }),
  row(s3.put, own, [...NODE_ITSELF, RELAY], 'in STANDARD'),
  denied(s3.put, own, 'in DEEP_ARCHIVE', { who: 'node' }),
  row(s3.put, own, [...NODE_ITSELF, RELAY], 'with SSE-S3'),
  denied(s3.put, own, 'with SSE-KMS', { who: 'node' }),
  denied(s3.put, own, 'with a KMS key', { who: 'node' }),
  denied(s3.put, own, 'with SSE-C', { who: 'node' }),
  ...['key', 'csr.txt', 'CSR', 'csr/'].map((suffix) =>
    denied(s3.put, `exchange/requests/a/${NODE}/r/junk.${suffix}`, undefined, {
      what: own,
      who: 'node',
    }),
  ),
  row(s3.get, own, [...NODE_ITSELF, RELAY, 'sign', 'watch-signatures', ...READERS]),
  row(s3.delete, own, ['sign', 'root']),
  row(s3.deleteVersion, own, ['root']),
  row(s3.put, `exchange/requests/a/${NODE_11}/r/admin.conf.csr`, ['node 11', RELAY]),
  row(s3.put, `exchange/requests/b/${NODE}/r/admin.conf.csr`, ['node of b']),
  row(s3.put, 'exchange/requests/a/users/r/user.csr', ['users of a', RELAY]),
  // no plain node, and no relay: who uploads there speaks for every worker
  ...CSR_NAMES.flatMap((name) => [
    row(s3.put, `exchange/requests/a/csr/uid/${name}`, FORWARDERS_OF_A),
    denied(s3.put, `exchange/requests/a/csr/uid/${name}`, 'without a condition', {
      who: 'forwarder of a',
    }),
    row(s3.put, `exchange/requests/b/csr/uid/${name}`, ['node of b', 'forwarder of b']),
    denied(s3.put, `exchange/requests/a/users/uid/${name}`, undefined, {
      what: 'exchange/requests/a/users/uid/user.csr',
      who: 'users of a',
    }),
  ]),
  ...['kubelet-client.csr', 'pki/apiserver.csr'].map((name) =>
    row(s3.put, `exchange/requests/a/csr/uid/${name}`, [RELAY]),
  ),
  ...['junk.json', 'x-kubelet-client.json', 'kubelet-client.json.txt', 'KUBELET-CLIENT.json'].map(
    (name) =>
      denied(s3.put, `exchange/requests/a/csr/uid/${name}`, undefined, {
        what: csr,
        who: 'forwarder of a',
      }),
  ),
  ...['in DEEP_ARCHIVE', 'with SSE-C', 'over plain HTTP'].map((variant) =>
    denied(s3.put, csr, variant, { who: 'forwarder of a' }),
  ),
  ...KUBELET_NAMES.flatMap((name) => [
    // the service judges which nodes may
    row(s3.put, `exchange/requests/a/${NODE}/uid/${name}`, NODE_ITSELF),
    denied(s3.put, `exchange/requests/a/${NODE}/uid/${name}`, 'without a condition', {
      who: 'node',
    }),
    row(s3.put, `exchange/requests/b/${WORKER}/uid/${name}`, ['worker of b']),
  ]),
  ...['user.json', 'junk.json', 'admin.conf.json'].map((name) =>
    denied(s3.put, `exchange/requests/a/${NODE}/uid/${name}`, undefined, {
      what: `exchange/requests/a/${NODE}/uid/kubelet-client.json`,
      who: 'node',
    }),
  ),
  row(s3.get, csr, [...FORWARDERS_OF_A, RELAY, 'sign', 'watch-signatures', ...READERS]),
  row(s3.delete, csr, ['sign', 'root']),
  row(s3.list, 'exchange/requests/a/csr/', [...FORWARDERS_OF_A, RELAY, ...LISTERS]),
  row(s3.list, 'exchange/certificates/a/csr/', [...FORWARDERS_OF_A, RELAY, ...LISTERS]),
  row(s3.get, 'exchange/certificates/a/users/r/user.crt', [
    'users of a',
    RELAY,
    'sign',
    ...READERS,
  ]),
  row(s3.list, `exchange/requests/a/${NODE}/`, [...NODE_ITSELF, RELAY, ...LISTERS]),
  row(s3.list, `exchange/certificates/a/${NODE}/`, [...NODE_ITSELF, RELAY, ...LISTERS]),
  row(s3.list, 'exchange/', LISTERS),
];

const OUTCOMES: Row[] = [
  row(s3.get, `${outcome}.crt`, [...NODE_ITSELF, RELAY, 'sign', ...READERS]),
  denied(s3.get, `${outcome}.crt`, 'over plain HTTP', { who: 'node' }),
  row(s3.get, 'exchange/certificates/a/csr/uid/kubelet-client.crt', [
    ...FORWARDERS_OF_A,
    RELAY,
    'sign',
    ...READERS,
  ]),
  denied(s3.put, 'exchange/certificates/a/csr/uid/kubelet-client.json', undefined, {
    what: `${outcome}.crt`,
    who: 'sign',
  }),
  row(s3.put, 'exchange/certificates/a/csr/uid/kubelet-client.crt', ['sign']),
  row(s3.put, `${outcome}.crt`, ['sign']),
  denied(s3.put, `${outcome}.crt`, 'without a condition', { who: 'sign' }),
  row(s3.put, `${outcome}.rejected.json`, ['sign']),
  denied(s3.put, `${outcome}.rejected.json`, 'without a condition', { who: 'sign' }),
  row(s3.put, `${outcome}.pending.json`, ['sign'], 'without a condition'),
  row(s3.delete, `${outcome}.pending.json`, ['sign', 'root']),
  row(s3.delete, `${outcome}.crt`, ['root']),
  row(s3.get, 'exchange/trust/prod/ca.crt', [
    ...NODES_OF_A,
    'node of b',
    'worker of b',
    'forwarder of a',
    'forwarder of b',
    'users of a',
    RELAY,
    'importer',
    'reconcile',
    ...READERS,
  ]),
  row(s3.put, 'exchange/trust/prod/ca.crt', ['create-ca', 'reconcile'], 'without a condition'),
  row(s3.delete, 'exchange/trust/prod/ca.crt', ['root']),
];

const LEASES: Row[] = [
  row(s3.put, 'exchange/leases/a.json', CONTROL_PLANES_OF_A),
  row(s3.put, 'exchange/leases/a.json', CONTROL_PLANES_OF_A, 'with If-Match'),
  denied(s3.put, 'exchange/leases/a.json', 'without a condition', { who: 'control plane' }),
  denied(s3.put, 'exchange/leases/a.json', 'in DEEP_ARCHIVE', { who: 'control plane' }),
  denied(s3.put, 'exchange/leases/a.json', 'with SSE-C', { who: 'control plane' }),
  row(s3.put, 'exchange/leases/b.json', ['node of b']),
  row(s3.get, 'exchange/leases/a.json', [...CONTROL_PLANES_OF_A, ...READERS]),
  row(s3.delete, 'exchange/leases/a.json', ['root']),
  row(s3.list, 'exchange/leases/a.json', [...CONTROL_PLANES_OF_A, ...LISTERS]),
];

const report = `exchange/reports/a/nodes/${NODE}.json`;
const clusterReport = 'exchange/reports/a/cluster.json';

const REPORTS: Row[] = [
  row(s3.put, report, NODE_ITSELF),
  row(s3.put, report, NODE_ITSELF, 'with If-Match'),
  denied(s3.put, report, 'without a condition', { who: 'node' }),
  denied(s3.put, report, 'in DEEP_ARCHIVE', { who: 'node' }),
  row(s3.get, report, [...NODE_ITSELF, 'create-ca', 'reconcile', ...READERS]),
  row(s3.list, report, [...NODE_ITSELF, ...LISTERS]),
  row(s3.delete, report, ['root']),
  // a folder below the own key, and what is not a report
  denied(s3.put, `exchange/reports/a/nodes/${NODE}/x.json`, undefined, {
    what: report,
    who: 'node',
  }),
  denied(s3.put, 'exchange/reports/a.json', undefined, { what: report, who: 'node' }),
  // of the cluster, by those who forward its CSRs
  row(s3.put, clusterReport, FORWARDERS_OF_A),
  row(s3.put, clusterReport, FORWARDERS_OF_A, 'with If-Match'),
  denied(s3.put, clusterReport, 'without a condition', { who: 'forwarder of a' }),
  denied(s3.put, clusterReport, 'in DEEP_ARCHIVE', { who: 'forwarder of a' }),
  row(s3.put, clusterReport.replace('/a/', '/b/'), ['node of b', 'forwarder of b']),
  row(s3.get, clusterReport, [...FORWARDERS_OF_A, 'create-ca', 'reconcile', ...READERS]),
  row(s3.list, clusterReport, [...FORWARDERS_OF_A, ...LISTERS]),
  row(s3.delete, clusterReport, ['root']),
  denied(s3.put, `${clusterReport}/x.json`, undefined, {
    what: clusterReport,
    who: 'forwarder of a',
  }),
];

const CLUSTERS: Row[] = [
  row(s3.get, 'authority/clusters/a.json', [RELAY, 'sign', 'create-ca', 'reconcile', ...READERS]),
  row(s3.get, 'authority/clusters/b.json', ['sign', 'create-ca', 'reconcile', ...READERS]),
  row(s3.put, 'authority/clusters/a.json', ['operator']),
  row(s3.put, 'authority/clusters/a.json', ['operator'], 'with If-Match'),
  denied(s3.put, 'authority/clusters/a.json', 'without a condition', { who: 'operator' }),
  row(s3.delete, 'authority/clusters/a.json', ['root']),
  denied(s3.deleteVersion, 'authority/clusters/a.json', undefined, {
    action: s3.delete,
    who: 'root',
  }),
];

const APPROVALS: Row[] = [
  row(s3.get, approval, ['sign', 'watch-signatures', ...READERS]),
  row(s3.get, standing, ['sign', 'reconcile', 'watch-signatures', ...READERS]),
  // each under its own name: alice's are hers
  // who changes the phase of a rotation cannot approve it
  row(s3.get, ofRotation, ['create-ca', ...READERS]),
  ...[approval, ofRotation].flatMap((what) => [
    row(s3.put, what, ['approver']),
    row(s3.put, what.replace('alice', 'bob'), ['approver bob']),
    denied(s3.put, what.replace(ALICE, `${ALICE}/x`), undefined, { what, who: 'approver' }),
    denied(s3.put, what.replace(ALICE, `x${ALICE}`), undefined, { what, who: 'approver' }),
    denied(s3.put, what, 'without a condition', { who: 'approver' }),
    denied(s3.put, what, 'with If-Match', { who: 'approver' }),
  ]),
  row(s3.put, standing, ['approver']),
  row(s3.put, standing.replace('alice', 'bob'), ['approver bob']),
  row(s3.put, standing, ['approver'], 'with If-Match'),
  denied(s3.put, standing, 'without a condition', { who: 'approver' }),
  ...[approval, ofRotation, standing].flatMap((what) => [
    denied(s3.delete, what, undefined, { what: 'authority/clusters/a.json', who: 'root' }),
    denied(s3.deleteVersion, what, undefined, { what: `${expiry}/r`, who: 'root' }),
  ]),
];

const LEDGER: Row[] = [
  row(s3.put, record, ['sign']),
  denied(s3.put, record, 'without a condition', { who: 'sign' }),
  row(s3.get, record, ['sign', 'create-ca', 'watch-signatures', ...READERS]),
  row('s3:GetObjectVersion', record, READERS),
  row('s3:ListBucketVersions', 'authority/', READERS),
  denied(s3.delete, record, undefined, { what: 'authority/clusters/a.json', who: 'root' }),
  denied(s3.deleteVersion, record, undefined, {
    what: `${expiry}/r`,
    who: 'root',
  }),
  denied(s3.delete, 'authority/trust/prod.json', undefined, {
    what: 'authority/clusters/a.json',
    who: 'root',
  }),
  row(s3.put, 'authority/trust/prod.json', ['create-ca'], 'without a condition'),
  row(s3.get, 'authority/trust/prod.json', [
    'sign',
    'create-ca',
    'reconcile',
    'watch-signatures',
    ...READERS,
  ]),
  denied(s3.deleteVersion, 'authority/trust/prod.json', undefined, {
    what: `${expiry}/r`,
    who: 'root',
  }),
  ...['authority/ca-records/prod/ca/1.json', 'authority/ca-keys/1.json'].flatMap((what) => [
    row(s3.put, what, ['create-ca']),
    denied(s3.put, what, 'without a condition', { who: 'create-ca' }),
    row(s3.get, what, ['create-ca', 'watch-signatures', ...READERS]),
    denied(s3.delete, what, undefined, { what: 'authority/clusters/a.json', who: 'root' }),
    denied(s3.deleteVersion, what, undefined, { what: `${expiry}/r`, who: 'root' }),
  ]),
  row(s3.put, step, ['create-ca']),
  denied(s3.put, step, 'without a condition', { who: 'create-ca' }),
  denied(s3.put, step, 'with If-Match', { who: 'create-ca' }),
  row(s3.get, step, ['create-ca', ...READERS]),
  denied(s3.delete, step, undefined, { what: 'authority/clusters/a.json', who: 'root' }),
  denied(s3.deleteVersion, step, undefined, { what: `${expiry}/r`, who: 'root' }),
  row(s3.put, `${expiry}/r`, ['sign']),
  denied(s3.put, `${expiry}/r`, 'without a condition', { who: 'sign' }),
  row(s3.get, `${expiry}/r`, ['create-ca', ...READERS]),
  row(s3.delete, `${expiry}/r`, ['root']),
  row(s3.put, budget, ['sign']),
  row(s3.put, budget, ['sign'], 'with If-Match'),
  denied(s3.put, budget, 'without a condition', { who: 'sign' }),
  row(s3.get, budget, ['sign', ...READERS]),
  row(s3.put, 'authority/reconcile/cursor.json', ['reconcile']),
  row(s3.put, 'authority/reconcile/cursor.json', ['reconcile'], 'with If-Match'),
  denied(s3.put, 'authority/reconcile/cursor.json', 'without a condition', { who: 'reconcile' }),
  row(s3.delete, 'authority/reconcile/cursor.json', ['root']),
  row(s3.get, 'authority/reconcile/cursor.json', ['reconcile', ...READERS]),
  // nobody is told by others than reconcile how far a rotation is
  row(s3.put, 'authority/reconcile/rotations/prod.json', ['reconcile']),
  // approvers and auditors, too, who cannot call create-ca
  row(s3.get, 'authority/reconcile/rotations/prod.json', ['reconcile', ...READERS]),
  // who resets a budget can request more
  row(s3.delete, budget, ['root']),
  row(s3.list, 'authority/records/', [
    'sign',
    'create-ca',
    'reconcile',
    'watch-signatures',
    ...READERS,
  ]),
  ...['exchange/secrets/x', 'exchange/x', 'authority/orders/x.json'].map((what) =>
    denied(s3.put, what, undefined, { what: own, who: 'node' }),
  ),
];

/** What changes an object or its bucket without s3:PutObject. */
const BUCKETS: Row[] = ['exchange', 'authority'].flatMap((bucket) => [
  ...[
    's3:PutBucketPolicy',
    's3:DeleteBucketPolicy',
    's3:PutBucketVersioning',
    's3:PutBucketNotification',
    's3:PutBucketLogging',
    's3:PutBucketAcl',
    's3:PutBucketOwnershipControls',
    's3:PutBucketPublicAccessBlock',
    's3:PutBucketObjectLockConfiguration',
    's3:PutEncryptionConfiguration',
    's3:PutLifecycleConfiguration',
    's3:PutReplicationConfiguration',
    's3:DeleteBucket',
  ].map((action) => row(action, `${bucket}/`, GUARDIANS)),
  ...[
    's3:ReplicateObject',
    's3:ReplicateDelete',
    's3:ReplicateTags',
    's3:RestoreObject',
    's3:PutObjectAcl',
    's3:PutObjectTagging',
    's3:PutObjectVersionTagging',
    's3:PutObjectRetention',
    's3:PutObjectLegalHold',
    's3:BypassGovernanceRetention',
    's3:ObjectOwnerOverrideToBucketOwner',
    's3:UpdateObjectEncryption',
  ].map((action) =>
    denied(action, bucket === 'exchange' ? own : record, undefined, {
      action: s3.put,
      who: bucket === 'exchange' ? 'node' : 'sign',
    }),
  ),
]);

const KEYS: Row[] = [
  row(kms.sign, 'key of ca', ['sign', 'create-ca']),
  denied(kms.sign, 'key of ca', 'of a raw message', { who: 'sign' }),
  denied(kms.sign, 'key of ca', 'with ECDSA_SHA_384', { who: 'sign' }),
  denied(kms.sign, 'key of ca', 'with RSASSA_PKCS1_V1_5_SHA_256', { who: 'create-ca' }),
  row('kms:GetPublicKey', 'key of ca', ['create-ca', ...MIGHTY]),
  row('kms:DescribeKey', 'key of ca', ['create-ca', ...MIGHTY]),
  row('kms:PutKeyPolicy', 'key of ca', GUARDIANS),
  row('kms:ReplicateKey', 'key of ca', GUARDIANS),
  row('kms:UpdatePrimaryRegion', 'key of ca', GUARDIANS),
  row('kms:EnableKey', 'key of ca', GUARDIANS),
  row('kms:CancelKeyDeletion', 'key of ca', GUARDIANS),
  row('kms:ScheduleKeyDeletion', 'key of ca', ['root']),
  row('kms:DisableKey', 'key of ca', ['root']),
  row('kms:DeleteImportedKeyMaterial', 'key of ca', ['root']),
  // KMS made it: nothing is imported into it
  ...['kms:GetParametersForImport', 'kms:ImportKeyMaterial'].map((action) =>
    denied(action, 'key of ca', undefined, { action: 'kms:DescribeKey', who: 'root' }),
  ),
  denied('kms:CreateGrant', 'key of ca', undefined, { action: 'kms:DescribeKey', who: 'root' }),
];

const RSA = 'with RSASSA_PKCS1_V1_5_SHA_256';
const { parameters, material } = {
  parameters: 'kms:GetParametersForImport',
  material: 'kms:ImportKeyMaterial',
};

/** The key of a CA of an existing cluster, and one that KMS made in the same trust domain. */
const IMPORTED_KEYS: Row[] = [
  row(parameters, 'imported key', ['importer']),
  denied(parameters, 'imported key', 'with RSAES_OAEP_SHA_256', { who: 'importer' }),
  denied(parameters, 'imported key', 'without a wrapping algorithm', { who: 'importer' }),
  row(material, 'imported key', ['importer']),
  denied(material, 'imported key', 'of material that expires', { who: 'importer' }),
  denied(material, 'imported key', 'without an expiration model', { who: 'importer' }),
  ...[parameters, material].map((action) =>
    denied(action, 'made key beside it', undefined, { what: 'imported key', who: 'importer' }),
  ),
  ...['imported key', 'made key beside it'].flatMap((what) => [
    // an importer cannot use what they imported, nor take it away
    row(kms.sign, what, ['sign', 'create-ca'], RSA),
    denied(kms.sign, what, undefined, { variant: RSA, who: 'sign' }),
    denied(kms.sign, what, 'of a raw message', { variant: RSA, who: 'sign' }),
    row('kms:GetPublicKey', what, ['create-ca', ...MIGHTY]),
    row('kms:DescribeKey', what, ['create-ca', ...MIGHTY]),
    ...[
      'kms:PutKeyPolicy',
      'kms:ReplicateKey',
      'kms:UpdatePrimaryRegion',
      'kms:EnableKey',
      'kms:CancelKeyDeletion',
    ].map((action) => row(action, what, GUARDIANS)),
    ...['kms:ScheduleKeyDeletion', 'kms:DisableKey', 'kms:DeleteImportedKeyMaterial'].map(
      (action) => row(action, what, ['root']),
    ),
    denied('kms:CreateGrant', what, undefined, { action: 'kms:DescribeKey', who: 'root' }),
  ]),
];

const QUEUES: Row[] = [
  row(sqs.send, 'queue', ['triage', 'reconcile']),
  denied(sqs.send, 'queue', 'over plain HTTP', { who: 'reconcile' }),
  row(sqs.receive, 'queue', ['sign']),
  row('sqs:ChangeMessageVisibility', 'queue', ['sign']),
  row('sqs:DeleteMessage', 'queue', ['sign']),
  row('sqs:GetQueueAttributes', 'queue', ['sign', 'sqs full access', ...MIGHTY]),
  // S3 alone sends to it: test/policies/services.test.ts
  denied(sqs.send, 'uploads', undefined, { action: sqs.receive, who: 'triage' }),
  row(sqs.receive, 'uploads', ['triage']),
  row('sqs:ChangeMessageVisibility', 'uploads', ['triage']),
  row('sqs:DeleteMessage', 'uploads', ['triage']),
  row(sqs.receive, 'dead letters', ['operator']),
  row('sqs:DeleteMessage', 'dead letters', ['operator']),
  row('sqs:PurgeQueue', 'dead letters', ['operator']),
  denied('sqs:ChangeMessageVisibility', 'dead letters', undefined, {
    action: 'sqs:DeleteMessage',
    who: 'operator',
  }),
  denied(sqs.send, 'dead letters', undefined, { action: sqs.receive, who: 'operator' }),
  ...['queue', 'uploads'].map((what) =>
    denied('sqs:PurgeQueue', what, undefined, { what: 'dead letters', who: 'operator' }),
  ),
  ...['queue', 'uploads', 'dead letters'].flatMap((what) =>
    [
      'sqs:SetQueueAttributes',
      'sqs:AddPermission',
      'sqs:RemovePermission',
      'sqs:DeleteQueue',
      'sqs:StartMessageMoveTask',
    ].map((action) => row(action, what, GUARDIANS)),
  ),
];

/**
 * Policies of functions and roles cannot deny. The functions prove that a message is in their queue, and a service control
 * policy denies the rest: test/policies/organization.slow.test.ts.
 */
const FUNCTIONS_AND_ROLES: Row[] = [
  ...['sign', 'triage', 'watch-signatures'].map((name) =>
    row('lambda:InvokeFunction', `function ${name}`, ['lambda invoker', ...MIGHTY]),
  ),
  row('lambda:InvokeFunction', 'function reconcile', ['operator', 'lambda invoker', ...MIGHTY]),
  row('lambda:InvokeFunction', 'function create-ca', [
    'operator',
    'importer',
    'lambda invoker',
    ...MIGHTY,
  ]),
  row('lambda:UpdateFunctionCode', 'function sign', MIGHTY),
  row('lambda:UpdateFunctionConfiguration', 'function sign', MIGHTY),
  ...['iam:CreateRole', 'iam:UpdateAssumeRolePolicy', 'iam:PutRolePolicy', 'iam:PassRole'].flatMap(
    (action) =>
      ['a role of approvers', 'the role of sign'].map((what) =>
        row(action, what, ['iam administrator', ...ADMINISTRATORS]),
      ),
  ),
];

export const TABLE: readonly Row[] = [
  ...REQUESTS,
  ...OUTCOMES,
  ...LEASES,
  ...REPORTS,
  ...CLUSTERS,
  ...APPROVALS,
  ...LEDGER,
  ...BUCKETS,
  ...KEYS,
  ...IMPORTED_KEYS,
  ...QUEUES,
  ...FUNCTIONS_AND_ROLES,
];
