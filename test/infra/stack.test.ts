/** Policies and other essentials in the template of a complete service. */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { VISIBILITY_TIMEOUT_SECONDS } from '../../lib/aws/sqs-source-queue.ts';
import { RESERVED_NODE_NAMES } from '../../lib/contract/request-kinds.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import {
  asText,
  ofType,
  type Resources,
  type Statement,
  stackOf,
  statementsOf,
  statementsOfRole,
  synthesize,
} from '../support/synthesize.ts';

const resources: Resources = synthesize({
  trustDomains: [{ name: 'prod' }, { name: 'rsa.example', keySpec: 'RSA_4096' }],
  clusters: [
    {
      name: 'prod',
      nodes: {
        assumedBy: ['ec2.amazonaws.com'],
        names: ['cp-1.prod', 'cp-10.prod'],
        controlPlanes: ['cp-1.prod'],
      },
      forwarders: { assumedBy: ['ec2.amazonaws.com', 'account'] },
      users: { assumedBy: ['account'] },
      relays: { assumedBy: ['account'] },
    },
    {
      name: 'tagged',
      nodes: {
        assumedBy: ['arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1'],
        nodeTag: 'x509Subject/CN',
        roleTag: 'x509Subject/OU',
      },
    },
  ],
  fleet: { assumedBy: ['account'] },
  operators: { assumedBy: ['account'] },
  approvers: { assumedBy: ['123456789012'] },
  auditors: { assumedBy: ['arn:aws:iam::123456789012:role/audit'] },
  importers: { assumedBy: ['arn:aws:iam::123456789012:role/platform'] },
  alarms: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms', renewalsStoppedDays: 7 },
});

const policies = [
  ...ofType(resources, 'AWS::IAM::Policy').map(([id, r]) => [id, r.Properties.PolicyDocument]),
  ...ofType(resources, 'AWS::IAM::ManagedPolicy').map(([id, r]) => [
    id,
    r.Properties.PolicyDocument,
  ]),
  ...ofType(resources, 'AWS::KMS::Key').map(([id, r]) => [id, r.Properties.KeyPolicy]),
  ...ofType(resources, 'AWS::S3::BucketPolicy').map(([id, r]) => [id, r.Properties.PolicyDocument]),
  ...ofType(resources, 'AWS::SQS::QueuePolicy').map(([id, r]) => [id, r.Properties.PolicyDocument]),
].map(([id, document]) => [String(id), statementsOf(document)] as const);

const EXCHANGE = ofType(resources, 'AWS::S3::Bucket').find(([id]) =>
  /^ServiceExchange/.test(id),
)?.[0];
const AUTHORITY = ofType(resources, 'AWS::S3::Bucket').find(([id]) =>
  /^ServiceAuthority/.test(id),
)?.[0];
const exchange = (key: string) => `<${EXCHANGE}.Arn>/${key}`;
const authority = (key: string) => `<${AUTHORITY}.Arn>/${key}`;

/** What is uploaded below `csr`. */
const CSR_NAMES = ['kubelet-client.json', 'kubelet-serving.json', 'user.json'];

/** An exact ARN: a pattern would let everyone who can create a role with such a name change policies. */
const DEPLOYER =
  'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cdk-hnb659fds-cfn-exec-role-<AWS::AccountId>-<AWS::Region>';

const allowed = (statements: readonly Statement[], action: string) =>
  statements.filter(({ Effect, Action }) => Effect === 'Allow' && Action.includes(action));
const resourcesFor = (statements: readonly Statement[], action: string) =>
  allowed(statements, action)
    .flatMap(({ Resource }) => Resource)
    .sort();

describe('all policies', () => {
  it('allow no wildcard action', () => {
    const wild = policies.flatMap(([id, statements]) =>
      statements
        .filter(({ Effect, Action }) => Effect === 'Allow' && Action.some((a) => a.includes('*')))
        .map(({ Action }) => `${id}: ${Action}`),
    );
    expect(wild).toEqual([]);
  });

  it('name their resources, except for X-Ray, which has no ARNs, and key policies, whose resource is their key', () => {
    const wild = policies
      .filter(([id]) => !/^TrustDomain.*Keys/.test(id))
      .flatMap(([, statements]) =>
        statements.filter(({ Effect, Resource }) => Effect === 'Allow' && Resource.includes('*')),
      )
      .map(({ Action }) => Action);
    const xray = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
    expect(wild).toEqual([xray, xray, xray, xray, xray]);
  });

  it('are inline: no role has a policy that AWS manages', () => {
    for (const [, { Properties }] of ofType(resources, 'AWS::IAM::Role'))
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  });
});

describe('CA keys', () => {
  const signers = policies
    .filter(([id]) => !/^TrustDomain.*Keys/.test(id))
    .filter(([, statements]) => statements.some(({ Action }) => Action.some((a) => /Sign/.test(a))))
    .map(([id]) => id.replace(/DefaultPolicy.*/, ''));
  const keys = ofType(resources, 'AWS::KMS::Key');

  it('can be used only by sign and create-ca', () => {
    expect(signers).toEqual(['ServiceSignRole', 'ServiceCreateCaRole']);
  });

  it('are one for each CA of each trust domain, have its key spec, and are retained', () => {
    expect(keys.map(([, { Properties }]) => Properties.KeySpec).sort()).toEqual([
      ...Array(4).fill('ECC_NIST_P256'),
      ...Array(4).fill('RSA_4096'),
    ]);
    for (const [, key] of keys)
      expect(key).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: { KeyUsage: 'SIGN_VERIFY' },
      });
  });

  it('have the aliases that create-ca looks for', () => {
    const aliases = ofType(resources, 'AWS::KMS::Alias').map(([, r]) => r.Properties.AliasName);
    expect(aliases.sort()).toEqual(
      ['prod', 'rsa_example'].flatMap((name) =>
        CA_NAMES.map((ca) => `alias/cakeless/${name}/${ca}`),
      ),
    );
  });

  it('sign digests only, with the one algorithm of their key spec, in role policies too', () => {
    for (const role of ['ServiceSignRole', 'ServiceCreateCaRole']) {
      const statements = allowed(statementsOfRole(resources, role), 'kms:Sign');
      expect(statements.map(({ Condition }) => Condition)).toEqual([
        { StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } },
        {
          StringEquals: {
            'kms:MessageType': 'DIGEST',
            'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256',
          },
        },
      ]);
      expect(statements.map(({ Resource }) => Resource.length)).toEqual([4, 4]);
    }
  });

  const [, { Properties }] = keys.find(([id]) => /prodKeysca/.test(id)) ?? fail('no key');
  const policy = statementsOf(Properties.KeyPolicy);
  const bySid = (sid: string) =>
    policy.find(({ Sid }) => Sid === sid) ?? fail(`no statement ${sid}`);
  const roles = [
    expect.stringMatching(/^<ServiceSignRole\w+\.Arn>$/),
    expect.stringMatching(/^<ServiceCreateCaRole\w+\.Arn>$/),
  ];

  it('allow Sign in one statement, for the two roles', () => {
    expect(allowed(policy, 'kms:Sign')).toEqual([bySid('Sign')]);
    expect(bySid('Sign')).toMatchObject({
      Action: ['kms:Sign'],
      Condition: {
        ArnLike: { 'aws:PrincipalArn': roles },
        StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' },
      },
    });
  });

  it.each([
    ['NobodyElseSigns', ['kms:Sign'], { ArnNotLike: { 'aws:PrincipalArn': roles } }],
    ['NothingButDigests', ['kms:Sign'], { StringNotEquals: { 'kms:MessageType': 'DIGEST' } }],
    [
      'NoOtherAlgorithm',
      ['kms:Sign'],
      { StringNotEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } },
    ],
    ['NoGrants', ['kms:CreateGrant'], undefined],
  ])('deny to everyone, in %s, what the design does not need', (sid, actions, condition) => {
    const statement = bySid(sid);
    expect(statement).toMatchObject({ Effect: 'Deny', Action: actions, Principal: { AWS: '*' } });
    expect(statement.Condition).toEqual(condition);
  });

  it('can be disabled or deleted by the root user only; the deployer can change their policy, and enable them', () => {
    const root = 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root';
    const guarded = [
      [
        'DisableAndDelete',
        'DenyDisableAndDelete',
        ['kms:DeleteImportedKeyMaterial', 'kms:DisableKey', 'kms:ScheduleKeyDeletion'],
        [root],
      ],
      [
        'ChangePolicy',
        'DenyPolicyChanges',
        ['kms:PutKeyPolicy', 'kms:ReplicateKey', 'kms:UpdatePrimaryRegion'],
        [DEPLOYER, root],
      ],
      ['Enable', 'DenyEnable', ['kms:CancelKeyDeletion', 'kms:EnableKey'], [DEPLOYER, root]],
    ] as const;
    for (const [allow, deny, actions, arns] of guarded) {
      expect(bySid(allow).Condition).toEqual({ ArnLike: { 'aws:PrincipalArn': [...arns] } });
      expect(bySid(deny).Condition).toEqual({ ArnNotLike: { 'aws:PrincipalArn': [...arns] } });
      for (const statement of [bySid(allow), bySid(deny)])
        expect(statement.Action).toEqual(actions);
      for (const action of actions) expect(allowed(policy, action)).toEqual([bySid(allow)]);
    }
  });

  it.each(['kms:GetParametersForImport', 'kms:ImportKeyMaterial'])(
    'that KMS made let nobody call %s',
    (action) => {
      expect(allowed(policy, action)).toEqual([]);
      const denials = policy.filter(
        ({ Effect, Action }) => Effect === 'Deny' && Action.includes(action),
      );
      expect(denials.map(({ Condition }) => Condition)).toEqual([undefined]);
    },
  );
});

describe('buckets', () => {
  const denials = (bucketId: string | undefined) =>
    ofType(resources, 'AWS::S3::BucketPolicy')
      .filter(([, { Properties }]) => Properties.Bucket.Ref === bucketId)
      .flatMap(([, { Properties }]) => statementsOf(Properties.PolicyDocument))
      .filter(({ Effect }) => Effect === 'Deny');

  it('all refuse plain HTTP and TLS below 1.2 to everyone', () => {
    const buckets = ofType(resources, 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(3);
    for (const [id] of buckets) {
      const conditions = denials(id)
        .filter(({ Action }) => Action.includes('s3:*'))
        .map(({ Condition }) => Condition);
      expect(conditions).toEqual([
        { Bool: { 'aws:SecureTransport': 'false' } },
        { NumericLessThan: { 's3:TlsVersion': 1.2 } },
      ]);
    }
  });

  it('are encrypted, closed to the public, without ACLs, and retained', () => {
    for (const [, bucket] of ofType(resources, 'AWS::S3::Bucket'))
      expect(bucket).toMatchObject({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          BucketEncryption: expect.anything(),
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        },
      });
  });

  const NEW_ONLY = { Null: { 's3:if-none-match': 'true' } };
  const COMPARED_ONLY = { Null: { 's3:if-none-match': 'true', 's3:if-match': 'true' } };

  it.each([
    [
      'WrittenOnce',
      NEW_ONLY,
      [
        'requests/*.csr',
        'requests/*/kubelet-client.json',
        'requests/*/kubelet-serving.json',
        'requests/*/user.json',
        'certificates/*.crt',
        'certificates/*.rejected.json',
      ],
    ],
    ['WrittenByComparing', COMPARED_ONLY, ['leases/*', 'reports/*']],
  ])('exchange: %s', (sid, condition, patterns) => {
    const statement = denials(EXCHANGE).find(({ Sid }) => Sid === sid);
    expect(statement).toMatchObject({ Action: ['s3:PutObject'], Principal: { AWS: '*' } });
    expect(statement?.Condition).toEqual(condition);
    expect([...(statement?.Resource ?? [])].sort()).toEqual(patterns.map(exchange).sort());
  });

  const decisions = [
    'approvals/requests/*',
    'approvals/rotations/*',
    'ca-keys/*',
    'ca-records/*',
    'records/*',
    'rotations/*',
  ];

  it.each([
    ['WrittenOnce', 's3:PutObject', NEW_ONLY, [...decisions, 'expiry/*']],
    [
      'WrittenByComparing',
      's3:PutObject',
      COMPARED_ONLY,
      ['clusters/*', 'approvals/standing/*', 'budgets/*', 'reconcile/*'],
    ],
    [
      'ObjectsStay',
      's3:DeleteObject',
      undefined,
      [...decisions, 'approvals/standing/*', 'trust/*'],
    ],
    [
      'VersionsStay',
      's3:DeleteObjectVersion',
      undefined,
      [...decisions, 'approvals/standing/*', 'clusters/*', 'trust/*'],
    ],
  ])('authority: %s', (sid, action, condition, patterns) => {
    const statement = denials(AUTHORITY).find(({ Sid }) => Sid === sid);
    expect(statement).toMatchObject({ Action: [action], Principal: { AWS: '*' } });
    expect(statement?.Condition).toEqual(condition);
    expect([...(statement?.Resource ?? [])].sort()).toEqual(patterns.map(authority).sort());
  });

  const arn = (path: string) =>
    `arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cakeless/cakeless/${path}`;
  const sign = arn('functions/cakeless-sign-<AWS::Region>');

  const CONTROL_PLANES = [arn('nodes/control-planes/*'), arn('nodes/by-tag/*')];
  const UPLOADERS = [
    ...['nodes/*', 'requesters/*', 'relays/*'].map(arn),
    ...CONTROL_PLANES,
    arn('forwarders/*'),
  ];

  it.each<[string, string | undefined, string, string[]]>([
    [
      'exchange: WrittenByNodeUserRelayControlPlaneForwarder',
      EXCHANGE,
      'requests/*.csr',
      UPLOADERS,
    ],
    [
      'exchange: WrittenByNodeUserRelayControlPlaneForwarder',
      EXCHANGE,
      'requests/*/kubelet-client.json',
      UPLOADERS,
    ],
    ['exchange: WrittenBySign', EXCHANGE, 'certificates/*.crt', [sign]],
    ['exchange: WrittenByControlPlane', EXCHANGE, 'leases/*', CONTROL_PLANES],
    ['authority: WrittenBySign', AUTHORITY, 'records/*', [sign]],
    ['authority: WrittenByApprover', AUTHORITY, 'approvals/requests/*', [arn('approvers/*')]],
    ['authority: WrittenByOperator', AUTHORITY, 'clusters/*', [arn('operators/*')]],
  ])('%s denies everyone else', (title, bucket, key, arns) => {
    const sid = title.replace(/.*: /, '');
    const statement = denials(bucket).find(({ Sid }) => Sid === sid);
    expect(statement).toMatchObject({ Action: ['s3:PutObject'], Principal: { AWS: '*' } });
    expect(statement?.Resource).toContain(`<${bucket}.Arn>/${key}`);
    expect([statement?.Condition?.ArnNotLike?.['aws:PrincipalArn']].flat()).toEqual(arns);
  });

  it('can be changed by the deployer and the root user only, and their objects by nobody', () => {
    for (const bucket of [EXCHANGE, AUTHORITY]) {
      const rest = denials(bucket).filter(({ NotAction }) => NotAction);
      expect(rest.map(({ Sid, Resource }) => [Sid, Resource])).toEqual([
        ['NothingElseOfObjects', [`<${bucket}.Arn>/*`]],
        ['NothingElseOfTheBucket', [`<${bucket}.Arn>`]],
      ]);
      expect(rest[0]).not.toHaveProperty('Condition');
      expect(rest[1]?.Condition).toEqual({
        ArnNotLike: {
          'aws:PrincipalArn': [DEPLOYER, 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root'],
        },
      });
    }
  });

  it('have policies that fit: 20 KB, however many nodes there are', () => {
    for (const [, { Properties }] of ofType(resources, 'AWS::S3::BucketPolicy'))
      expect(JSON.stringify(asText(Properties.PolicyDocument)).length).toBeLessThan(12_000);
    expect(JSON.stringify(policies)).not.toContain('role/cakeless/cakeless/nodes/cp-');
  });

  it('authority keeps all versions, and nothing in it expires but budgets and cursors; exchange is not versioned', () => {
    const rules = (id = '') => resources[id]?.Properties.LifecycleConfiguration.Rules;
    expect(resources[AUTHORITY ?? '']?.Properties.VersioningConfiguration).toEqual({
      Status: 'Enabled',
    });
    const inAuthority = rules(AUTHORITY).filter((rule: object) =>
      /Expir/.test(JSON.stringify(rule)),
    );
    expect(inAuthority).toMatchObject([
      {
        Prefix: 'budgets/',
        ExpirationInDays: 8,
        NoncurrentVersionExpiration: { NoncurrentDays: 8 },
      },
      { Prefix: 'budgets/', ExpiredObjectDeleteMarker: true },
      { Prefix: 'reconcile/', NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
    ]);
    expect(resources[EXCHANGE ?? '']?.Properties).not.toHaveProperty('VersioningConfiguration');
    const expiring = rules(EXCHANGE).filter((rule: object) => 'ExpirationInDays' in rule);
    expect(expiring).toMatchObject([
      { Prefix: 'requests/', ExpirationInDays: 90 },
      { Prefix: 'certificates/', ExpirationInDays: 91 },
      { Prefix: 'leases/', ExpirationInDays: 1 },
      { Prefix: 'reports/', ExpirationInDays: 90 },
    ]);
  });

  const filterOf = (Value: string) => ({
    Event: 's3:ObjectCreated:*',
    Filter: { S3Key: { Rules: [{ Name: 'prefix', Value }] } },
  });

  it('report every upload and every approval to the upload queue, with any suffix', () => {
    for (const [id = '', prefix] of [
      [EXCHANGE, 'requests/'],
      [AUTHORITY, 'approvals/requests/'],
    ] as const) {
      const { QueueConfigurations } = resources[id]?.Properties.NotificationConfiguration ?? {};
      expect(QueueConfigurations).toMatchObject([filterOf(prefix)]);
      expect(asText(QueueConfigurations)).toMatchObject([
        { Queue: expect.stringMatching(/^<ServiceQueueUploads/) },
      ]);
    }
  });

  it('report standing approvals to reconcile, which exists before the bucket and refers to it by name', () => {
    const { LambdaConfigurations } =
      resources[AUTHORITY ?? '']?.Properties.NotificationConfiguration ?? {};
    expect(LambdaConfigurations).toMatchObject([filterOf('approvals/standing/')]);
    const needed = Object.entries(resources)
      .filter(([id]) => /^ServiceReconcile/.test(id) && !/Often|Daily/.test(id))
      .map(([, resource]) => JSON.stringify(resource));
    expect(needed.length).toBeGreaterThan(3);
    for (const text of needed) expect(text).not.toContain(AUTHORITY);
    const [[, permission] = fail('no permission')] = ofType(
      resources,
      'AWS::Lambda::Permission',
    ).filter(([, { Properties }]) => Properties.Principal === 's3.amazonaws.com');
    expect(asText(permission.Properties)).toMatchObject({
      SourceAccount: '<AWS::AccountId>',
      SourceArn: 'arn:<AWS::Partition>:s3:::cakeless-authority-<AWS::AccountId>-<AWS::Region>',
    });
  });
});

describe('nodes', () => {
  const own = (node: string) =>
    statementsOfRole(resources, `Nodesprod${node.replaceAll(/\W/g, '')}`);

  const ofControlPlanes = ['requests/prod/csr/*', 'certificates/prod/csr/*', 'leases/prod.json'];
  const ownNames = ['*.csr', '*/kubelet-client.json', '*/kubelet-serving.json'];

  it.each([
    ['cp-1.prod', ofControlPlanes],
    ['cp-10.prod', []],
  ])('%s reaches only its own folder, and a control plane what is of all of them', (node, more) => {
    const statements = own(node);
    const put = allowed(statements, 's3:PutObject');
    const csr = more.length > 0 ? CSR_NAMES.map((name) => `requests/prod/csr/*/${name}`) : [];
    expect(put.map(({ Resource }) => Resource)).toEqual([
      [...ownNames.map((name) => `requests/prod/${node}/${name}`), ...csr].map(exchange),
      [...more.filter((key) => key.startsWith('leases')), `reports/prod/nodes/${node}.json`].map(
        exchange,
      ),
    ]);
    expect(put[0]?.Condition).toEqual({ StringEquals: { 's3:if-none-match': '*' } });
    const ofNode = [`requests/prod/${node}/*`, `certificates/prod/${node}/*`];
    const report = `reports/prod/nodes/${node}.json`;
    const readable = [...ofNode, 'trust/*', report, ...more];
    expect(resourcesFor(statements, 's3:GetObject')).toEqual(readable.map(exchange).sort());
    expect(allowed(statements, 's3:ListBucket').map(({ Condition }) => Condition)).toEqual([
      {
        StringLike: {
          's3:prefix': [...ofNode, report],
        },
      },
      ...(more.length > 0 ? [{ StringLike: { 's3:prefix': more } }] : []),
    ]);
  });

  it('have policies that fit: IAM allows 10,240 characters for the policies of a role', () => {
    const sizes = ofType(resources, 'AWS::IAM::Role').map(([id]) => {
      const own = ofType(resources, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
        JSON.stringify(asText(Properties.Roles)).includes(`<${id}>`),
      );
      const text = own.map(([, { Properties }]) => asText(Properties.PolicyDocument));
      return [id, JSON.stringify(text).length] as const;
    });
    // half of it: names of clusters and buckets can be longer than here
    expect(sizes.filter(([, size]) => size > 5_120)).toEqual([]);
    expect(Math.max(...sizes.map(([, size]) => size))).toBeGreaterThan(1_000);
  });

  it('are in folders by kind, so that a policy can name all of one kind', () => {
    const paths = ofType(resources, 'AWS::IAM::Role').map(([id, { Properties }]) => [
      id.replace(/[0-9A-F]{8}$/, ''),
      Properties.Path,
    ]);
    expect(Object.fromEntries(paths)).toEqual({
      ...Object.fromEntries(
        ['Triage', 'Sign', 'CreateCa', 'Reconcile', 'WatchSignatures'].map((name) => [
          `Service${name}Role`,
          '/cakeless/cakeless/functions/',
        ]),
      ),
      Nodesprodcp1prod: '/cakeless/cakeless/nodes/control-planes/',
      Nodesprodcp10prod: '/cakeless/cakeless/nodes/',
      NodestaggedRole: '/cakeless/cakeless/nodes/by-tag/',
      FleetRole: '/cakeless/cakeless/nodes/by-tag/',
      ForwardersprodRole: '/cakeless/cakeless/forwarders/',
      Usersprod: '/cakeless/cakeless/requesters/',
      Relaysprod: '/cakeless/cakeless/relays/',
      Operator: '/cakeless/cakeless/operators/',
      Approver: '/cakeless/cakeless/approvers/',
      Auditor: '/cakeless/cakeless/auditors/',
      Importer: '/cakeless/cakeless/importers/',
    });
  });

  it('have only these three actions, and instance profiles if EC2 assumes the roles', () => {
    const actions = own('cp-1.prod').flatMap(({ Action }) => Action);
    expect([...new Set(actions)].sort()).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject']);
    const profiles = ofType(resources, 'AWS::IAM::InstanceProfile').map(([id]) => id);
    expect(profiles.map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'ForwardersprodInstanceProfile',
      'Nodesprodcp10prodprofile',
      'Nodesprodcp1prodprofile',
    ]);
  });

  const noSlash = {
    StringNotLike: { 'aws:PrincipalTag/x509Subject/CN': ['*/*', ...RESERVED_NODE_NAMES] },
    Null: { 'aws:PrincipalTag/x509Subject/CN': 'false' },
  };

  it('can share a role whose session tag names the node: never `users` or `csr`, never with a slash', () => {
    expect(RESERVED_NODE_NAMES).toEqual(['users', 'csr']);
    const [put] = allowed(statementsOfRole(resources, 'NodestaggedRole'), 's3:PutObject');
    expect(put).toMatchObject({
      Resource: ['*.csr', '*/kubelet-client.json', '*/kubelet-serving.json'].map((name) =>
        exchange(`requests/tagged/\${aws:PrincipalTag/x509Subject/CN}/${name}`),
      ),
      Condition: { ...noSlash, StringEquals: { 's3:if-none-match': '*' } },
    });
    const all = statementsOfRole(resources, 'NodestaggedRole');
    for (const { Condition } of all) expect(Condition).toMatchObject(noSlash);
  });

  it.each([
    ['take the lease of their cluster', 'leases/tagged.json', ['s3:GetObject', 's3:PutObject']],
    ['read what was uploaded below `csr`', 'requests/tagged/csr/*', ['s3:GetObject']],
    ['upload below `csr`', 'requests/tagged/csr/*/kubelet-serving.json', ['s3:PutObject']],
  ])('may %s only if a session tag says that they are control-plane nodes', (_, key, actions) => {
    const all = statementsOfRole(resources, 'NodestaggedRole');
    const granted = all.filter(({ Resource }) => Resource.includes(exchange(key)));
    expect(granted.flatMap(({ Action }) => Action)).toEqual(actions);
    for (const { Condition } of granted)
      expect(Condition).toMatchObject({
        ...noSlash,
        StringEquals: { 'aws:PrincipalTag/x509Subject/OU': 'control-plane' },
      });
  });

  it('of a fleet are identified by two tags', () => {
    const statements = statementsOfRole(resources, 'FleetRole');
    expect(resourcesFor(statements, 's3:PutObject')).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      exchange('leases/${aws:PrincipalTag/cluster}.json'),
      exchange(`reports/\${aws:PrincipalTag/cluster}/nodes/\${aws:PrincipalTag/node}.json`),
      ...['*.csr', '*/kubelet-client.json', '*/kubelet-serving.json'].map((name) =>
        exchange(`requests/\${aws:PrincipalTag/cluster}/\${aws:PrincipalTag/node}/${name}`),
      ),
      ...CSR_NAMES.map((name) => exchange(`requests/\${aws:PrincipalTag/cluster}/csr/*/${name}`)),
    ]);
    for (const { Condition } of statements)
      expect(Condition?.StringNotLike).toEqual({
        'aws:PrincipalTag/node': ['*/*', ...RESERVED_NODE_NAMES],
        'aws:PrincipalTag/cluster': ['*/*'],
      });
  });
});

describe('people', () => {
  const writes = (role: string) =>
    statementsOfRole(resources, role)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Action, Resource }) => Action.flatMap((a) => Resource.map((r) => `${a} ${r}`)))
      .filter((line) => !/^(?:s3:(?:Get|List)|logs:)/.test(line))
      .sort();

  it.each([
    ['Auditor', []],
    [
      'Approver',
      ['approvals/requests/*', 'approvals/rotations/*', 'approvals/standing/*'].map(
        (key) => `s3:PutObject ${authority(key)}/\${aws:userid}.json`,
      ),
    ],
    [
      'ForwardersprodRole',
      CSR_NAMES.map((name) => `s3:PutObject ${exchange(`requests/prod/csr/*/${name}`)}`),
    ],
    ['Usersprod', [`s3:PutObject ${exchange('requests/prod/users/*.csr')}`]],
    ['Relaysprod', [`s3:PutObject ${exchange('requests/prod/*/*.csr')}`]],
  ])('%s writes only what is its own', (role, wanted) => {
    expect(writes(role)).toEqual(wanted);
  });

  it('operators write cluster records, invoke two functions, and delete dead letters', () => {
    const lines = writes('Operator');
    expect(lines.filter((line) => line.startsWith('s3:'))).toEqual([
      `s3:PutObject ${authority('clusters/*')}`,
    ]);
    expect(lines.filter((line) => line.startsWith('lambda:'))).toEqual([
      expect.stringMatching(/^lambda:InvokeFunction <ServiceCreateCaFunction/),
      expect.stringMatching(/^lambda:InvokeFunction <ServiceReconcileFunction/),
    ]);
    expect(lines.filter((line) => line.startsWith('sqs:')).join()).not.toContain('SendMessage');
  });
});

describe('functions', () => {
  const functions = ofType(resources, 'AWS::Lambda::Function').map(([, r]) => r.Properties);

  it('are five, on Node 24 and arm64, traced, with a log retention and no reserved concurrency', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual([
      'cakeless-create-ca',
      'cakeless-reconcile',
      'cakeless-sign',
      'cakeless-triage',
      'cakeless-watch-signatures',
    ]);
    for (const properties of functions) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: expect.anything() },
      });
      expect(properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
    for (const [, { Properties }] of ofType(resources, 'AWS::Logs::LogGroup'))
      expect(Properties.RetentionInDays).toBe(365);
  });

  it('have roles that only Lambda may assume, since those of sign and create-ca can sign', () => {
    const trust = ofType(resources, 'AWS::IAM::Role')
      .filter(([id]) => /^Service\w+Role/.test(id))
      .map(([, { Properties }]) => Properties.AssumeRolePolicyDocument.Statement);
    expect(trust).toEqual(
      Array(5).fill([
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
        },
      ]),
    );
  });

  it('triage and sign report failures by message, and the visibility timeout is six times their timeout', () => {
    const queues = ofType(resources, 'AWS::SQS::Queue');
    const mappings = ofType(resources, 'AWS::Lambda::EventSourceMapping');
    for (const [, { Properties }] of mappings) {
      expect(Properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
      // a node that waits for a certificate would wait for the window, too
      expect(Properties.MaximumBatchingWindowInSeconds).toBeUndefined();
    }
    expect(
      mappings.map(([, { Properties }]) => Properties.ScalingConfig.MaximumConcurrency),
    ).toEqual(expect.arrayContaining([5, 20]));
    for (const [reader, queue] of [
      ['cakeless-triage', 'ServiceQueueUploads'],
      ['cakeless-sign', 'ServiceQueueRequests'],
    ]) {
      const read = functions.find(({ FunctionName }) => FunctionName === reader);
      const [id, { Properties }] =
        queues.find(([one]) => one.startsWith(queue ?? '')) ?? fail('no queue');
      expect(Properties.VisibilityTimeout).toBe(6 * read.Timeout);
      // the proof that a message is in the queue sets it again
      expect(Properties.VisibilityTimeout).toBe(VISIBILITY_TIMEOUT_SECONDS);
      expect(Properties.RedrivePolicy.maxReceiveCount).toBe(5);
      expect(asText(read.Environment.Variables)).toMatchObject({
        CAKELESS_SOURCE_QUEUE_URL: `<${id}>`,
        CAKELESS_SOURCE_QUEUE_ARN: `<${id}.Arn>`,
      });
    }
    for (const [, { Properties }] of queues) expect(Properties.SqsManagedSseEnabled).toBe(true);
  });

  // SQS asks no policy when it moves a message to a dead-letter queue, so anyone with a queue could send without permission
  it.each(['ServiceQueueUploads', 'ServiceQueueRequests'])(
    'no queue of someone else can name %s as its dead-letter queue',
    (queue) => {
      const [, { Properties }] =
        ofType(resources, 'AWS::SQS::Queue').find(([id]) => id.startsWith(queue)) ??
        fail('no queue');
      expect(Properties.RedriveAllowPolicy).toEqual({ redrivePermission: 'denyAll' });
    },
  );

  it('sign and watch-signatures know the rules of trust domains that differ from the defaults, and no other function does', () => {
    const strict = synthesize({
      trustDomains: [
        { name: 'usual' },
        { name: 'strict', maxValidityPeriod: '720h', requiredApprovals: 2 },
        { name: 'long', maxValidityPeriod: '17520h' },
      ],
      approvers: { assumedBy: ['account'], sessionName: 'aws:username' },
    });
    const rules = ofType(strict, 'AWS::Lambda::Function').map(([, { Properties }]) => [
      Properties.FunctionName.replace('cakeless-', ''),
      Properties.Environment.Variables.CAKELESS_TRUST_DOMAIN_RULES,
    ]);
    const text =
      '{"long":{"maxValidityPeriod":"17520h"},"strict":{"maxValidityPeriod":"720h","requiredApprovals":2}}';
    expect(Object.fromEntries(rules)).toEqual({
      triage: undefined,
      sign: text,
      'create-ca': undefined,
      reconcile: undefined,
      'watch-signatures': text,
    });
    for (const { Environment } of functions)
      expect(Environment.Variables).not.toHaveProperty('CAKELESS_TRUST_DOMAIN_RULES');
  });

  it('reconcile runs every five minutes, and daily over the records', () => {
    const schedules = ofType(resources, 'AWS::Events::Rule')
      .map(([, { Properties }]) => [Properties.ScheduleExpression, Properties.Targets[0].Input])
      .filter(([schedule]) => schedule);
    expect(schedules).toEqual([
      ['rate(5 minutes)', '{}'],
      ['rate(1 day)', '{"records":true}'],
    ]);
  });

  const rules = ofType(resources, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);

  it('watch-signatures gets read-only calls too, since CloudTrail counts Sign as one', () => {
    const [rule] = rules.filter(({ Targets }) => Targets[0].Id === 'WatchSignatures');
    expect(rule.State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
    expect(rule.EventPattern.detail).toEqual({
      eventSource: ['kms.amazonaws.com'],
      eventName: ['Sign'],
    });
  });

  it('changes of what guards the keys are logged: buckets, queues, functions, roles, their sessions, and each trust domain', () => {
    const watched = rules
      .filter(({ Description }) => /: changes of/.test(Description ?? ''))
      .map(({ Description, EventPattern }) => [
        Description.replace('Cakeless: changes of ', ''),
        EventPattern.source[0],
      ]);
    expect(watched).toEqual([
      ['policies and settings of the buckets', 'aws.s3'],
      ['policies and settings of the queues', 'aws.sqs'],
      ['code and configuration of the functions', 'aws.lambda'],
      ['functions that have a role of the functions', 'aws.lambda'],
      ['roles and their policies', 'aws.iam'],
      ["sessions of the functions' roles", 'aws.sts'],
      ['keys of trust domain prod', 'aws.kms'],
      ['keys of trust domain rsa.example', 'aws.kms'],
    ]);
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    for (const { EventPattern } of rules)
      expect(JSON.stringify(asText(EventPattern ?? {})).length).toBeLessThan(2048);
  });
});

describe('the stack', () => {
  it('is protected from being deleted, unless the configuration says otherwise', () => {
    const protection = (config: object) => stackOf(config).terminationProtection;
    expect(protection({})).toBe(true);
    expect(protection({ terminationProtection: false })).toBe(false);
  });

  const alarms = { topicArn: 'arn:aws:sns:eu-central-1:123456789012:x' };
  const nodes = { assumedBy: ['ec2.amazonaws.com'], names: ['w-1'] };
  const cluster = (more: object) => ({
    clusters: [{ name: 'prod', nodes: { ...nodes, ...more } }],
  });

  it.each([
    ['alarms tell nobody', {}, ['alarms.topicArn is not set: nobody is told']],
    [
      'no listed node is a control plane',
      { alarms, ...cluster({}) },
      ['cluster prod: nodes.controlPlanes is not set'],
    ],
    ['nothing, if all listed nodes are workers', { alarms, ...cluster({ controlPlanes: [] }) }, []],
  ])('says at synthesis: %s', (_, config, expected) => {
    const log = jest.spyOn(console, 'error').mockImplementation();
    const warnings = Annotations.fromStack(stackOf(config))
      .findWarning('*', Match.anyValue())
      .map(({ entry }) => String(entry.data));
    expect(warnings).toEqual(expected.map((text) => expect.stringContaining(text)));
    log.mockRestore();
  });
});

function fail(why: string): never {
  throw new Error(why);
}
