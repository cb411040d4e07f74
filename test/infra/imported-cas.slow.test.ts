/** CAs of existing clusters: keys without key material, and who may import into them. */
import { readFileSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { CakelessService, newImporterRole, TrustDomain } from '../../infra/index.ts';
import {
  codeDir,
  newApp,
  ofType,
  type Resources,
  resourcesOf,
  type Statement,
  statementsOf,
  statementsOfRole,
  synthesize,
  withoutStackTraces,
} from '../support/synthesize.ts';

const EXAMPLE = JSON.parse(readFileSync('infra/examples/existing-cluster.config.json', 'utf8'));
const code = codeDir();
const { importers, ...withoutImporters } = EXAMPLE;
const resources = synthesize(EXAMPLE, code);
const later = synthesize(withoutImporters, code);

const IMPORTED = ['ca', 'etcd-ca', 'front-proxy-ca'];
const IMPORTS = ['kms:GetParametersForImport', 'kms:ImportKeyMaterial'];
const IMPORTER_ROLES =
  'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/cakeless/cakeless/importers/*';

const idOf = (ca: string, domain = 'prod') => `TrustDomain${domain}Keys${ca.replaceAll('-', '')}`;
const keyOf = (from: Resources, ca: string) =>
  ofType(from, 'AWS::KMS::Key').find(([id]) => new RegExp(`^${idOf(ca)}[0-9A-F]{8}$`).test(id)) ??
  fail(`no key of ${ca}`);
const policyOf = (from: Resources, ca: string) =>
  statementsOf(keyOf(from, ca)[1].Properties.KeyPolicy);
const arnOf = (ca: string) => `<${keyOf(resources, ca)[0]}.Arn>`;
const about = (statements: readonly Statement[], actions: readonly string[]) =>
  statements.filter(({ Action }) => Action.some((action) => actions.includes(action)));
const summary = ({ Sid, Effect, Action, Condition }: Statement) => [Sid, Effect, Action, Condition];

describe('the keys', () => {
  it('of imported CAs have no key material, and those of other CAs are made by KMS', () => {
    const origins = ofType(resources, 'AWS::KMS::Key').map(([id, { Properties }]) => [
      id.slice(0, -8),
      Properties.Origin,
    ]);
    expect(Object.fromEntries(origins)).toEqual({
      ...Object.fromEntries(IMPORTED.map((ca) => [idOf(ca), 'EXTERNAL'])),
      [idOf('kubelet-ca')]: undefined,
    });
  });

  it('have each the key spec of its CA, and an alias, and stay', () => {
    for (const [ca, spec] of [
      ...IMPORTED.map((one) => [one, 'RSA_2048'] as const),
      ['kubelet-ca', 'ECC_NIST_P256'] as const,
    ])
      expect(keyOf(resources, ca)[1]).toMatchObject({
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' },
      });
    expect(
      ofType(resources, 'AWS::KMS::Alias').map(([, { Properties }]) => Properties.AliasName),
    ).toEqual([...IMPORTED, 'kubelet-ca'].map((ca) => `alias/cakeless/prod/${ca}`));
  });

  it.each([
    ['ca', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ['kubelet-ca', 'ECDSA_SHA_256'],
  ])('%s signs with the algorithm of its key spec: %s', (ca, algorithm) => {
    const conditions = about(policyOf(resources, ca), ['kms:Sign']).map(
      ({ Condition }) =>
        Condition?.StringEquals?.['kms:SigningAlgorithm'] ??
        Condition?.StringNotEquals?.['kms:SigningAlgorithm'],
    );
    expect(conditions.filter(Boolean)).toEqual([algorithm, algorithm]);
  });

  it('get no CA certificates from the deployment: the cluster has them', () => {
    expect(ofType(resources, 'Custom::CakelessTrustDomain')).toEqual([]);
  });
});

describe('importing', () => {
  it.each(IMPORTED)('into the key of %s is for importers, in one form only', (ca) => {
    const [wrapping, model] = ['kms:WrappingAlgorithm', 'kms:ExpirationModel'];
    const [algorithm, forever] = ['RSA_AES_KEY_WRAP_SHA_256', 'KEY_MATERIAL_DOES_NOT_EXPIRE'];
    const named = { 'aws:PrincipalArn': [IMPORTER_ROLES] };
    const [parameters, material] = IMPORTS.map((action) => [action]);
    expect(about(policyOf(resources, ca), IMPORTS).map(summary)).toEqual([
      [
        'WrappingKey',
        'Allow',
        parameters,
        { ArnLike: named, StringEquals: { [wrapping]: algorithm } },
      ],
      ['Import', 'Allow', material, { ArnLike: named, StringEquals: { [model]: forever } }],
      ['NobodyElseGetsWrappingKeys', 'Deny', parameters, { ArnNotLike: named }],
      ['NoOtherWrapping', 'Deny', parameters, { StringNotEquals: { [wrapping]: algorithm } }],
      ['NobodyElseImports', 'Deny', material, { ArnNotLike: named }],
      ['NothingThatExpires', 'Deny', material, { StringNotEquals: { [model]: forever } }],
    ]);
  });

  it('into a key that KMS made is denied to everyone', () => {
    const statements = about(policyOf(resources, 'kubelet-ca'), IMPORTS);
    expect(statements.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([
      ['Deny', undefined],
      ['Deny', undefined],
    ]);
  });

  it('is denied to everyone as soon as the configuration has no importers', () => {
    for (const ca of IMPORTED) {
      const statements = about(policyOf(later, ca), IMPORTS);
      expect(statements.filter(({ Effect }) => Effect === 'Allow')).toEqual([]);
      const unconditional = statements.filter(({ Condition }) => Condition === undefined);
      expect(unconditional.map(({ Action }) => Action)).toEqual(IMPORTS.map((action) => [action]));
    }
    expect(JSON.stringify(later)).not.toContain('/importers/');
  });

  it('ends with a deployment that changes key policies, and nothing else but the role', () => {
    const changed = Object.keys(later).filter(
      (id) => JSON.stringify(later[id]) !== JSON.stringify(resources[id]),
    );
    const [keys, others] = [/^TrustDomainprodKeys(?:ca|etcdca|frontproxyca)[0-9A-F]{8}$/, /Bucket/];
    expect(changed.filter((id) => keys.test(id))).toHaveLength(3);
    expect(changed.filter((id) => !keys.test(id) && !others.test(id))).toEqual([]);
    const gone = Object.keys(resources).filter((id) => !(id in later));
    expect(gone.map((id) => id.slice(0, -8))).toEqual(['Importer', 'ImporterDefaultPolicy']);
  });
});

describe('the role of importers', () => {
  const statements = statementsOfRole(resources, 'Importer');
  const resourcesOfAction = (action: string) =>
    about(statements, [action]).flatMap(({ Resource }) => Resource);

  it('imports into exactly the keys of the imported CAs', () => {
    for (const action of IMPORTS) expect(resourcesOfAction(action)).toEqual(IMPORTED.map(arnOf));
  });

  it('invokes create-ca, reads trust bundles, and does nothing else', () => {
    expect(statements.flatMap(({ Action }) => Action).sort()).toEqual(
      [...IMPORTS, 'lambda:InvokeFunction', 's3:GetObject'].sort(),
    );
    expect(resourcesOfAction('lambda:InvokeFunction')).toEqual([
      expect.stringMatching(/^<ServiceCreateCaFunction/),
    ]);
  });

  it('is the same, whether it is created before the trust domain or after it', () => {
    const roleOf = (order: readonly ('role' | 'trust domain')[]) => {
      const stack = new Stack(newApp(), 'Cakeless');
      const service = new CakelessService(stack, 'Service', { codeDir: code });
      const make = {
        role: () => newImporterRole(stack, 'Importer', service, importers),
        'trust domain': () =>
          new TrustDomain(stack, 'TrustDomain-prod', { service, ...EXAMPLE.trustDomains[0] }),
      };
      for (const one of order) make[one]();
      const made = withoutStackTraces(() => statementsOfRole(resourcesOf(stack), 'Importer'));
      return made.map((statement) => JSON.stringify(statement)).sort();
    };
    const before = roleOf(['role', 'trust domain']);
    expect(before).toHaveLength(statements.length);
    expect(roleOf(['trust domain', 'role'])).toEqual(before);
  });
});

describe('the functions', () => {
  it.each(['ServiceSignRole', 'ServiceCreateCaRole'])(
    '%s signs with each key, and the algorithm of that key',
    (role) => {
      const signs = about(statementsOfRole(resources, role), ['kms:Sign']);
      expect(
        signs.map(({ Resource, Condition }) => [
          Condition?.StringEquals?.['kms:SigningAlgorithm'],
          Resource,
        ]),
      ).toEqual([
        ['RSASSA_PKCS1_V1_5_SHA_256', IMPORTED.map(arnOf)],
        ['ECDSA_SHA_256', [arnOf('kubelet-ca')]],
      ]);
    },
  );

  it('create-ca sees whether a key was imported, and gets the public key', () => {
    const statements = statementsOfRole(resources, 'ServiceCreateCaRole');
    for (const action of ['kms:DescribeKey', 'kms:GetPublicKey'])
      expect(about(statements, [action]).flatMap(({ Resource }) => Resource)).toEqual(
        [...IMPORTED, 'kubelet-ca'].map(arnOf),
      );
  });

  it('cannot import', () => {
    const roles = ofType(resources, 'AWS::IAM::Policy').filter(([id]) => /^Service/.test(id));
    for (const [, { Properties }] of roles)
      expect(about(statementsOf(Properties.PolicyDocument), IMPORTS)).toEqual([]);
  });
});

it('each import, request for a wrapping key and deletion of key material raises guards-changed', () => {
  const [, rule] =
    ofType(resources, 'AWS::Events::Rule').find(([id]) => /GuardWatchKeysprod/.test(id)) ??
    fail('no rule');
  expect(rule.Properties.State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
  expect(rule.Properties.EventPattern.detail.eventName).toEqual(
    expect.arrayContaining([
      ...IMPORTS.map((action) => action.replace('kms:', '')),
      'DeleteImportedKeyMaterial',
    ]),
  );
  expect(rule.Properties.EventPattern.detail.resources.ARN).toHaveLength(4);
});

it.each([...IMPORTED, 'kubelet-ca'])(
  'deleting the key material of %s is denied to all but break-glass',
  (ca) => {
    const root = { 'aws:PrincipalArn': ['arn:<AWS::Partition>:iam::<AWS::AccountId>:root'] };
    const statements = about(policyOf(resources, ca), ['kms:DeleteImportedKeyMaterial']);
    expect(statements.map(({ Effect, Condition }) => [Effect, Condition])).toEqual([
      ['Allow', { ArnLike: root }],
      ['Deny', { ArnNotLike: root }],
    ]);
  },
);

describe('a trust domain of clusters with external etcd', () => {
  const { 'etcd-ca': _, ...cas } = EXAMPLE.trustDomains[0].cas;
  const external = synthesize({ trustDomains: [{ name: 'prod', origin: 'adopted', cas }] }, code);

  it('has no etcd-ca, and nothing refers to one', () => {
    expect(ofType(external, 'AWS::KMS::Key').map(([id]) => id.slice(0, -8))).toEqual(
      ['ca', 'front-proxy-ca', 'kubelet-ca'].map((ca) => idOf(ca)),
    );
    expect(JSON.stringify(external)).not.toMatch(/etcd-?ca/);
  });

  it('gets CA certificates for those that it has, if they are made', () => {
    const made = synthesize({ trustDomains: [{ name: 'prod', cas }] }, code);
    const [[, resource] = fail('no custom resource')] = ofType(made, 'Custom::CakelessTrustDomain');
    expect(Object.keys(resource.Properties.keys)).toEqual(Object.keys(cas));
  });
});

describe('imported keys by ARN', () => {
  const key = (id: number) => `arn:aws:kms:eu-central-1:111111111111:key/${id}`;
  const keys = { ca: key(1), 'front-proxy-ca': key(2) };
  const given = synthesize(
    { trustDomains: [{ name: 'prod', origin: 'adopted', keySpec: 'RSA_4096', keys }] },
    code,
  );

  it('are not created here, and get no CA certificates from the deployment', () => {
    expect(ofType(given, 'AWS::KMS::Key')).toEqual([]);
    expect(ofType(given, 'Custom::CakelessTrustDomain')).toEqual([]);
  });

  it('can be seen and used by create-ca', () => {
    const statements = statementsOfRole(given, 'ServiceCreateCaRole');
    for (const action of ['kms:DescribeKey', 'kms:GetPublicKey', 'kms:Sign'])
      expect(about(statements, [action]).flatMap(({ Resource }) => Resource)).toEqual(
        Object.values(keys),
      );
  });
});

it('CAs of one trust domain can differ in their origin', () => {
  const mixed = synthesize(
    { trustDomains: [{ name: 'prod', cas: { ca: { origin: 'adopted' }, 'etcd-ca': {} } }] },
    code,
  );
  expect(keyOf(mixed, 'ca')[1].Properties.Origin).toBe('EXTERNAL');
  expect(keyOf(mixed, 'etcd-ca')[1].Properties.Origin).toBeUndefined();
});

it('docs/deployment.md shows the example as it is', () => {
  const page = readFileSync('docs/deployment.md', 'utf8');
  const [, shown = ''] = /## CAs of existing clusters.*?```json\n(.*?)```/s.exec(page) ?? [];
  expect(EXAMPLE).toMatchObject(JSON.parse(shown));
});

function fail(why: string): never {
  throw new Error(why);
}
