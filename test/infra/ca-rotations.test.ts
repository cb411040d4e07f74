/** Keys for new versions of CAs: what they are like, who may use them, and which configurations are refused. */
import { Stack } from 'aws-cdk-lib';
import { CakelessService } from '../../infra/cakeless-service.ts';
import { checkConfig } from '../../infra/config.ts';
import {
  codeDir,
  newApp,
  ofType,
  type Resource,
  type Resources,
  resourcesOf,
  statementsOf,
  statementsOfRole,
  synthesize,
} from '../support/synthesize.ts';

const code = codeDir();
const arn = (id: number) => `arn:aws:kms:eu-central-1:111111111111:key/${id}`;

function keyBehind(resources: Resources, alias: string): [string, Resource] {
  const [, found] =
    ofType(resources, 'AWS::KMS::Alias').find(
      ([, { Properties }]) => Properties.AliasName === alias,
    ) ?? [];
  const [id = ''] = (found?.Properties.TargetKeyId['Fn::GetAtt'] ?? []) as string[];
  const key = resources[id];
  if (!key) throw new Error(`no key behind ${alias}`);
  return [id, key];
}

describe('a trust domain with a key for a rotation', () => {
  const resources = synthesize(
    {
      trustDomains: [
        {
          name: 'prod',
          origin: 'adopted',
          keySpec: 'RSA_2048',
          rotations: [
            { ca: 'ca', version: 2, keySpec: 'ECC_NIST_P384' },
            { ca: 'etcd-ca', version: 3 },
          ],
        },
      ],
    },
    code,
  );
  const [firstId, first] = keyBehind(resources, 'alias/cakeless/prod/ca');
  const [newId, created] = keyBehind(resources, 'alias/cakeless/prod/ca/2');

  it('makes it in KMS, with its own key spec, even if the first one is imported', () => {
    expect(first.Properties).toMatchObject({ Origin: 'EXTERNAL', KeySpec: 'RSA_2048' });
    expect(created.Properties).toMatchObject({
      KeySpec: 'ECC_NIST_P384',
      Description: 'Cakeless: ca of trust domain prod, version 2',
    });
    expect(created.Properties.Origin).toBeUndefined();
    const [, later] = keyBehind(resources, 'alias/cakeless/prod/etcd-ca/3');
    expect(later.Properties.KeySpec).toBe('RSA_2048');
  });

  it('keeps it, as the first one', () => {
    expect([created.DeletionPolicy, created.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('denies others the same as with the first one, and nobody imports into it', () => {
    const sidsOf = ({ Properties }: Resource, effect: string) =>
      statementsOf(Properties.KeyPolicy)
        .filter(({ Effect }) => Effect === effect)
        .map(({ Sid }) => Sid);
    const denied = sidsOf(created, 'Deny');
    expect(denied).toEqual(
      expect.arrayContaining([
        'NobodyElseSigns',
        'NoGrants',
        'NothingButDigests',
        'NobodyElseImports',
        'DenyPolicyChanges',
        'DenyDisableAndDelete',
      ]),
    );
    expect(sidsOf(created, 'Allow')).not.toContain('Import');
  });

  it.each(['ServiceSignRole', 'ServiceCreateCaRole'])(
    '%s may sign with the old and the new key, each with its own algorithm',
    (role) => {
      const signing = statementsOfRole(resources, role).filter(({ Action }) =>
        Action.includes('kms:Sign'),
      );
      const algorithmOf = (id: string) =>
        signing.find(({ Resource }) => Resource.some((one) => one.includes(`<${id}.`)))?.Condition
          ?.StringEquals?.['kms:SigningAlgorithm'];
      expect([algorithmOf(firstId), algorithmOf(newId)]).toEqual([
        'RSASSA_PKCS1_V1_5_SHA_256',
        'ECDSA_SHA_384',
      ]);
    },
  );

  it('reports changes of what guards it', () => {
    const watching = ofType(resources, 'AWS::Events::Rule').map(([, { Properties }]) =>
      JSON.stringify(Properties.EventPattern ?? {}),
    );
    expect(watching.some((text) => text.includes(firstId) && text.includes(newId))).toBe(true);
  });
});

it('the deployment makes no certificate for it: a rotation does', () => {
  const resources = synthesize(
    { trustDomains: [{ name: 'prod', rotations: [{ ca: 'ca', version: 2 }] }] },
    code,
  );
  const [newId] = keyBehind(resources, 'alias/cakeless/prod/ca/2');
  const [[, made] = []] = ofType(resources, 'Custom::CakelessTrustDomain');
  expect(Object.keys(made?.Properties.keys)).toHaveLength(4);
  expect(JSON.stringify(made?.Properties)).not.toContain(newId);
});

it('a key that exists is used, and none is created', () => {
  const resources = synthesize(
    {
      trustDomains: [
        {
          name: 'prod',
          keys: { ca: arn(1) },
          rotations: [{ ca: 'ca', version: 2, key: arn(2), keySpec: 'RSA_4096' }],
        },
      ],
    },
    code,
  );
  expect(ofType(resources, 'AWS::KMS::Key')).toEqual([]);
  const signing = statementsOfRole(resources, 'ServiceSignRole').filter(({ Action }) =>
    Action.includes('kms:Sign'),
  );
  expect(signing.map(({ Resource }) => Resource)).toEqual([[arn(1)], [arn(2)]]);
});

it.each(['ServiceCreateCa', 'ServiceReconcile'])(
  '%s gets shorter gates only if they are given',
  (name) => {
    const given = JSON.stringify({ heardSeconds: 60 });
    const variablesOf = (gateRules?: string) => {
      const stack = new Stack(newApp(), 'Test');
      new CakelessService(stack, 'Service', { codeDir: code, gateRules });
      const [[, created] = []] = ofType(resourcesOf(stack), 'AWS::Lambda::Function').filter(
        ([id]) => id.startsWith(name),
      );
      return created?.Properties.Environment.Variables;
    };
    expect(variablesOf(given)).toMatchObject({ CAKELESS_GATE_RULES: given });
    expect(variablesOf()).not.toHaveProperty('CAKELESS_GATE_RULES');
  },
);

it.each<[string, object, string]>([
  [
    'is for a CA that the trust domain does not have',
    { cas: { ca: {} }, rotations: [{ ca: 'etcd-ca', version: 2 }] },
    'trust domain prod: rotations has a key for etcd-ca, which the trust domain does not have',
  ],
  [
    'is for the first version',
    { rotations: [{ ca: 'ca', version: 1 }] },
    'trustDomains[0].rotations[0].version: ',
  ],
  [
    'is listed twice',
    {
      rotations: [
        { ca: 'ca', version: 2 },
        { ca: 'ca', version: 2 },
      ],
    },
    'trust domain prod: rotations has version 2 of ca twice',
  ],
  [
    'is not given, where the other keys are',
    { keys: { ca: arn(1) }, rotations: [{ ca: 'ca', version: 2 }] },
    'trust domain prod: rotations has no key for version 2 of ca, but the other keys are given in keys: add its ARN as key',
  ],
  [
    'is that of another CA',
    { keys: { ca: arn(1) }, rotations: [{ ca: 'ca', version: 2, key: arn(1) }] },
    `key ${arn(1)} is listed twice`,
  ],
])('a configuration is refused if the key of a rotation %s', (_, more, message) => {
  expect(() => checkConfig({ trustDomains: [{ name: 'prod', ...more }] }, 'test')).toThrow(message);
});
