/** Keys that the stack does not create: given by ARN, or in another account. */
import { Stack } from 'aws-cdk-lib';
import { twoAccounts } from '../../infra/examples/two-accounts.ts';
import {
  codeDir,
  newApp,
  ofType,
  resourcesOf,
  statementsOf,
  statementsOfRole,
  synthesize,
} from '../support/synthesize.ts';

const arn = (id: string) => `arn:aws:kms:eu-central-1:111111111111:key/${id}`;
const keys = {
  ca: arn('1'),
  'etcd-ca': arn('2'),
  'front-proxy-ca': arn('3'),
  'kubelet-ca': arn('4'),
};

describe('a trust domain with keys by ARN', () => {
  const resources = synthesize({
    trustDomains: [
      { name: 'given', keys, keySpec: 'ECC_NIST_P384', validityDays: 1825 },
      { name: 'made', multiRegion: true },
    ],
  });

  it('creates no keys', () => {
    expect(ofType(resources, 'AWS::KMS::Key').map(([id]) => id)).toEqual(
      ['ca', 'etcdca', 'frontproxyca', 'kubeletca'].map((ca) =>
        expect.stringMatching(`^TrustDomainmadeKeys${ca}`),
      ),
    );
  });

  it('lets the two functions sign with them, with the algorithm of their key spec', () => {
    for (const role of ['ServiceSignRole', 'ServiceCreateCaRole']) {
      const [statement] = statementsOfRole(resources, role).filter(({ Resource }) =>
        Resource.includes(keys.ca),
      );
      expect(statement).toMatchObject({ Action: ['kms:Sign'], Resource: Object.values(keys) });
      expect(statement?.Condition?.StringEquals).toEqual({
        'kms:MessageType': 'DIGEST',
        'kms:SigningAlgorithm': 'ECDSA_SHA_384',
      });
    }
  });

  it('passes those keys to create-ca', () => {
    const [[, given] = []] = ofType(resources, 'Custom::CakelessTrustDomain');
    expect(given?.Properties).toMatchObject({ trustDomain: 'given', keys, validityDays: 1825 });
  });

  it('has the CAs that have a key, and no other', () => {
    const { 'kubelet-ca': _, ...others } = keys;
    const three = synthesize({ trustDomains: [{ name: 'three', keys: others }] });
    const [[, made] = []] = ofType(three, 'Custom::CakelessTrustDomain');
    expect(made?.Properties.keys).toEqual(others);
    expect(JSON.stringify(three)).not.toContain(keys['kubelet-ca']);
    for (const role of ['ServiceSignRole', 'ServiceCreateCaRole'])
      expect(statementsOfRole(three, role).map(({ Resource }) => Resource)).toContainEqual(
        Object.values(others),
      );
  });

  it('can have multi-region keys', () => {
    for (const [, { Properties }] of ofType(resources, 'AWS::KMS::Key'))
      expect(Properties.MultiRegion).toBe(true);
  });
});

it('a trust domain without createCertificates gets keys only, and its CA certificates in a ceremony', () => {
  const resources = synthesize({ trustDomains: [{ name: 'prod', createCertificates: false }] });
  expect(ofType(resources, 'AWS::KMS::Key')).toHaveLength(4);
  expect(ofType(resources, 'Custom::CakelessTrustDomain')).toEqual([]);
});

it('the configuration can name key administrators and break-glass principals', () => {
  const admin = 'arn:aws:iam::123456789012:role/deployer';
  const breakGlass = 'arn:aws:iam::123456789012:role/break-glass';
  const resources = synthesize({
    trustDomains: [{ name: 'prod' }],
    keyAdministrators: [admin],
    breakGlass: [breakGlass],
  });
  const [[, key] = []] = ofType(resources, 'AWS::KMS::Key');
  const conditions = Object.fromEntries(
    statementsOf(key?.Properties.KeyPolicy).map(({ Sid, Condition }) => [Sid, Condition]),
  );
  expect(conditions.ChangePolicy).toEqual({
    ArnLike: { 'aws:PrincipalArn': [admin, breakGlass] },
  });
  expect(conditions.DisableAndDelete).toEqual({ ArnLike: { 'aws:PrincipalArn': [breakGlass] } });
});

describe('the example with two accounts', () => {
  const accounts = { securityAccount: '111111111111', platformAccount: '222222222222' };
  const app = newApp();
  twoAccounts(app, { ...accounts, region: 'eu-central-1', keys, codeDir: codeDir() });
  const [security, platform] = ['CakelessKeys', 'Cakeless'].map((id) =>
    resourcesOf(app.node.findChild(id) as Stack),
  );

  it('names the roles of the platform account in the policies of keys in the security account', () => {
    const made = ofType(security ?? {}, 'AWS::KMS::Key');
    expect(made).toHaveLength(4);
    for (const [, { Properties }] of made) {
      const sign = statementsOf(Properties.KeyPolicy).find(({ Sid }) => Sid === 'Sign');
      expect(JSON.stringify(sign?.Principal)).toContain(':iam::222222222222:root');
      expect(sign?.Condition?.ArnLike).toEqual({
        'aws:PrincipalArn': [
          'arn:aws:iam::222222222222:role/cakeless/cakeless/functions/cakeless-sign-eu-central-1',
          'arn:aws:iam::222222222222:role/cakeless/cakeless/functions/cakeless-create-ca-eu-central-1',
        ],
      });
      const end = statementsOf(Properties.KeyPolicy).find(({ Sid }) => Sid === 'DisableAndDelete');
      expect(JSON.stringify(end)).not.toContain('222222222222');
    }
  });

  it('names them as the service does', () => {
    const names = ofType(platform ?? {}, 'AWS::IAM::Role').map(
      ([, { Properties }]) => `role${Properties.Path}${Properties.RoleName}`,
    );
    expect(names).toEqual(
      expect.arrayContaining([
        'role/cakeless/cakeless/functions/cakeless-sign-eu-central-1',
        'role/cakeless/cakeless/functions/cakeless-create-ca-eu-central-1',
      ]),
    );
  });

  it('creates no key in the platform account', () => {
    expect(ofType(platform ?? {}, 'AWS::KMS::Key')).toEqual([]);
  });

  it('starts with the stack of the keys alone', () => {
    const start = newApp();
    twoAccounts(start, { ...accounts, region: 'eu-central-1' });
    expect(start.node.children.filter(Stack.isStack).map(({ node }) => node.id)).toEqual([
      'CakelessKeys',
    ]);
  });
});
