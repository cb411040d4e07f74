/** Policies and other essentials in the template of a complete service. */
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import {
  ofType,
  type Resources,
  type Statement,
  statementsOf,
  statementsOfRole,
  synthesize,
} from '../support/synthesize.ts';

const resources: Resources = synthesize({
  trustDomains: [{ name: 'prod' }, { name: 'rsa.example', keySpec: 'RSA_4096' }],
  clusters: [
    {
      name: 'prod',
      nodes: { assumedBy: ['ec2.amazonaws.com'], names: ['cp-1.prod', 'cp-10.prod'] },
      users: { assumedBy: ['account'] },
    },
    {
      name: 'tagged',
      nodes: { assumedBy: ['rolesanywhere.amazonaws.com'], nodeTag: 'x509Subject/CN' },
    },
  ],
  fleet: { assumedBy: ['account'] },
  operators: { assumedBy: ['account'] },
  approvers: { assumedBy: ['123456789012'] },
  auditors: { assumedBy: ['arn:aws:iam::123456789012:role/audit'] },
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
    expect(wild).toEqual([xray, xray, xray, xray]);
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

  it('are three for each trust domain, have its key spec, and are retained', () => {
    expect(keys.map(([, { Properties }]) => Properties.KeySpec).sort()).toEqual([
      ...Array(3).fill('ECC_NIST_P256'),
      ...Array(3).fill('RSA_4096'),
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
      expect(statements.map(({ Resource }) => Resource.length)).toEqual([3, 3]);
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

  it('can be disabled or deleted by the root user only; the deployer can change their policy too', () => {
    const root = 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root';
    const deployer =
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cdk-*-cfn-exec-role-<AWS::AccountId>-<AWS::Region>';
    const guarded = [
      [
        'DisableAndDelete',
        'DenyDisableAndDelete',
        ['kms:DisableKey', 'kms:ScheduleKeyDeletion'],
        [root],
      ],
      [
        'ChangePolicy',
        'DenyPolicyChanges',
        ['kms:PutKeyPolicy', 'kms:ReplicateKey', 'kms:UpdatePrimaryRegion'],
        [deployer, root],
      ],
    ] as const;
    for (const [allow, deny, actions, arns] of guarded) {
      expect(bySid(allow).Condition).toEqual({ ArnLike: { 'aws:PrincipalArn': [...arns] } });
      expect(bySid(deny).Condition).toEqual({ ArnNotLike: { 'aws:PrincipalArn': [...arns] } });
      for (const statement of [bySid(allow), bySid(deny)])
        expect(statement.Action).toEqual(actions);
      for (const action of actions) expect(allowed(policy, action)).toEqual([bySid(allow)]);
    }
  });
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
    ['WrittenOnce', NEW_ONLY, ['requests/*', 'certificates/*.crt', 'certificates/*.rejected.json']],
    ['WrittenByComparing', COMPARED_ONLY, ['leases/*']],
  ])('exchange: %s', (sid, condition, patterns) => {
    const statement = denials(EXCHANGE).find(({ Sid }) => Sid === sid);
    expect(statement).toMatchObject({ Action: ['s3:PutObject'], Principal: { AWS: '*' } });
    expect(statement?.Condition).toEqual(condition);
    expect([...(statement?.Resource ?? [])].sort()).toEqual(patterns.map(exchange).sort());
  });

  const decisions = ['approvals/requests/*', 'ca-keys/*', 'ca-records/*', 'records/*'];

  it.each([
    ['WrittenOnce', 's3:PutObject', NEW_ONLY, [...decisions, 'expiry/*']],
    ['WrittenByComparing', 's3:PutObject', COMPARED_ONLY, ['clusters/*', 'approvals/standing/*']],
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

  it('authority keeps all versions, and nothing in it expires; exchange is not versioned', () => {
    const rules = (id = '') => resources[id]?.Properties.LifecycleConfiguration.Rules;
    expect(resources[AUTHORITY ?? '']?.Properties.VersioningConfiguration).toEqual({
      Status: 'Enabled',
    });
    expect(JSON.stringify(rules(AUTHORITY))).not.toContain('Expiration');
    expect(resources[EXCHANGE ?? '']?.Properties).not.toHaveProperty('VersioningConfiguration');
    const expiring = rules(EXCHANGE).filter((rule: object) => 'ExpirationInDays' in rule);
    expect(expiring).toMatchObject([
      { Prefix: 'requests/', ExpirationInDays: 90 },
      { Prefix: 'certificates/', ExpirationInDays: 91 },
    ]);
  });

  it('send the queue an event for every upload and every approval, with any suffix', () => {
    const filters = [EXCHANGE, AUTHORITY].map(
      (id = '') => resources[id]?.Properties.NotificationConfiguration.QueueConfigurations,
    );
    expect(filters).toMatchObject(
      ['requests/', 'approvals/'].map((Value) => [
        { Event: 's3:ObjectCreated:*', Filter: { S3Key: { Rules: [{ Name: 'prefix', Value }] } } },
      ]),
    );
  });
});

describe('nodes', () => {
  const own = (node: string) =>
    statementsOfRole(resources, `Nodesprod${node.replaceAll(/\W/g, '')}`);

  it.each(['cp-1.prod', 'cp-10.prod'])('%s reaches only its own folder', (node) => {
    const statements = own(node);
    const put = allowed(statements, 's3:PutObject');
    expect(put.map(({ Resource }) => Resource)).toEqual([
      [exchange(`requests/prod/${node}/*`)],
      [exchange('leases/prod.json')],
    ]);
    expect(put[0]?.Condition).toEqual({ StringEquals: { 's3:if-none-match': '*' } });
    expect(resourcesFor(statements, 's3:GetObject')).toEqual([
      exchange(`certificates/prod/${node}/*`),
      exchange('leases/prod.json'),
      exchange(`requests/prod/${node}/*`),
      exchange('trust/*'),
    ]);
    expect(allowed(statements, 's3:ListBucket').map(({ Condition }) => Condition)).toEqual([
      {
        StringLike: {
          's3:prefix': [
            `requests/prod/${node}/*`,
            `certificates/prod/${node}/*`,
            'leases/prod.json',
          ],
        },
      },
    ]);
  });

  it('have only these three actions, and instance profiles if EC2 assumes the roles', () => {
    const actions = own('cp-1.prod').flatMap(({ Action }) => Action);
    expect([...new Set(actions)].sort()).toEqual(['s3:GetObject', 's3:ListBucket', 's3:PutObject']);
    expect(ofType(resources, 'AWS::IAM::InstanceProfile')).toHaveLength(2);
  });

  const noSlash = {
    StringNotLike: { 'aws:PrincipalTag/x509Subject/CN': ['*/*', 'users'] },
    Null: { 'aws:PrincipalTag/x509Subject/CN': 'false' },
  };

  it('can share a role whose session tag names the node: never `users`, never with a slash', () => {
    const [put] = allowed(statementsOfRole(resources, 'NodestaggedRole'), 's3:PutObject');
    expect(put).toMatchObject({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      Resource: [exchange('requests/tagged/${aws:PrincipalTag/x509Subject/CN}/*')],
      Condition: { ...noSlash, StringEquals: { 's3:if-none-match': '*' } },
    });
    const all = statementsOfRole(resources, 'NodestaggedRole');
    for (const { Condition } of all) expect(Condition).toMatchObject(noSlash);
  });

  it('of a fleet are identified by two tags', () => {
    const statements = statementsOfRole(resources, 'FleetRole');
    expect(resourcesFor(statements, 's3:PutObject')).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      exchange('leases/${aws:PrincipalTag/cluster}.json'),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
      exchange('requests/${aws:PrincipalTag/cluster}/${aws:PrincipalTag/node}/*'),
    ]);
    for (const { Condition } of statements)
      expect(Condition?.StringNotLike).toEqual({
        'aws:PrincipalTag/node': ['*/*', 'users'],
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
      ['approvals/requests/*', 'approvals/standing/*'].map(
        (key) => `s3:PutObject ${authority(key)}`,
      ),
    ],
    ['Usersprod', [`s3:PutObject ${exchange('requests/prod/users/*')}`]],
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

  it('are four, on Node 24 and arm64, traced, with a log retention and no reserved concurrency', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).sort()).toEqual([
      'cakeless-create-ca',
      'cakeless-reconcile',
      'cakeless-sign',
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
      Array(4).fill([
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
        },
      ]),
    );
  });

  it('sign reports failures by message, and the visibility timeout is six times its timeout', () => {
    const [[, mapping] = fail('no mapping')] = ofType(resources, 'AWS::Lambda::EventSourceMapping');
    expect(mapping.Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    const [timeout] = functions
      .filter(({ FunctionName }) => FunctionName === 'cakeless-sign')
      .map(({ Timeout }) => Timeout);
    const queues = ofType(resources, 'AWS::SQS::Queue').map(([, r]) => r.Properties);
    const [requests] = queues.filter(({ RedrivePolicy }) => RedrivePolicy);
    expect(requests.VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeout);
    for (const queue of queues) expect(queue.SqsManagedSseEnabled).toBe(true);
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

  it('watch-signatures gets read-only calls too, since CloudTrail counts Sign as one', () => {
    const [rule] = ofType(resources, 'AWS::Events::Rule')
      .map(([, { Properties }]) => Properties)
      .filter(({ EventPattern }) => EventPattern);
    expect(rule.State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
    expect(rule.EventPattern.detail).toEqual({
      eventSource: ['kms.amazonaws.com'],
      eventName: ['Sign'],
    });
  });
});

function fail(why: string): never {
  throw new Error(why);
}
