/** CAs below a corporate root: their keys are as those of CAs that are made, and nothing creates their certificates. */
import { readFileSync } from 'node:fs';
import { checkConfig } from '../../infra/config.ts';
import {
  codeDir,
  ofType,
  type Resources,
  statementsOf,
  synthesize,
} from '../support/synthesize.ts';

const page = readFileSync('docs/deployment.md', 'utf8');
const [, shown = ''] = /## CAs below a corporate root.*?```json\n(.*?)```/s.exec(page) ?? [];
const code = codeDir();
const ALL = ['ca', 'etcd-ca', 'front-proxy-ca', 'kubelet-ca'];
const synth = (trustDomain: object) =>
  synthesize({ trustDomains: [{ name: 'prod', ...trustDomain }] }, code);

const example = synthesize(JSON.parse(shown), code);
const made = synth({});

const keysIn = (resources: Resources) =>
  ofType(resources, 'AWS::KMS::Key').map(([, { Properties, ...rest }]) => ({
    ...rest,
    origin: Properties.Origin,
    description: Properties.Description,
    policy: statementsOf(Properties.KeyPolicy),
  }));
const createdBy = (resources: Resources) =>
  ofType(resources, 'Custom::CakelessTrustDomain').map(([, { Properties }]) =>
    Object.keys(Properties.keys),
  );

it('the example of docs/deployment.md has the keys and aliases of a trust domain that is made', () => {
  expect(keysIn(example)).toHaveLength(4);
  expect(keysIn(example)).toEqual(keysIn(made));
  const aliases = ofType(example, 'AWS::KMS::Alias').map(
    ([, { Properties }]) => Properties.AliasName,
  );
  expect(aliases).toEqual(ALL.map((ca) => `alias/cakeless/prod/${ca}`));
});

it('the functions may do with these keys what they may with those of CAs that are made', () => {
  const policies = (resources: Resources) =>
    ofType(resources, 'AWS::IAM::Policy').map(([id, { Properties }]) => [
      id,
      statementsOf(Properties.PolicyDocument),
    ]);
  expect(policies(example)).toEqual(policies(made));
});

it.each<[string, object, string[][]]>([
  ['none, if every CA is subordinate', { origin: 'subordinate' }, []],
  [
    'none, if ca is subordinate: a trust domain begins with it',
    { cas: { ca: { origin: 'subordinate' }, 'etcd-ca': {} } },
    [],
  ],
  [
    'those of the CAs that are made, if ca is one of them',
    { cas: { ca: {}, 'etcd-ca': {}, 'kubelet-ca': { origin: 'subordinate' } } },
    [['ca', 'etcd-ca']],
  ],
  [
    'none beside CAs of an existing cluster',
    { cas: { ca: { origin: 'adopted' }, 'kubelet-ca': { origin: 'subordinate' } } },
    [],
  ],
  ['all, if none is subordinate', {}, [ALL]],
])('the deployment creates these CA certificates: %s', (_, trustDomain, expected) => {
  expect(createdBy(synth(trustDomain))).toEqual(expected);
});

it.each([
  [
    { origin: 'subordinate', validityDays: 365 },
    'trust domain prod: validityDays is for CA certificates that are created, but those of ca come from an outside CA: remove it',
  ],
  [
    { cas: { ca: { origin: 'subordinate' } }, createCertificates: true },
    'trust domain prod: createCertificates is true, but ca needs a certificate from an outside CA (cakeless trust-domain csr): remove it, and have the other CAs created after that (cakeless trust-domain create)',
  ],
])('refuses %j', (trustDomain, problem) => {
  const config = { trustDomains: [{ name: 'prod', ...trustDomain }] };
  expect(() => checkConfig(config, 'file')).toThrow(problem);
});
