import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fn } from 'aws-cdk-lib';
import type * as z from 'zod/mini';
import { checkConfig, configSchema, readConfig } from '../../infra/config.ts';
import type { CakelessConfig } from '../../infra/config-fields.ts';
import { retentionOf } from '../../infra/retention.ts';
import { RESERVED_NODE_NAMES } from '../../lib/contract/request-kinds.ts';
import { firstColumnOf } from '../docs/marked-table.ts';
import { fieldPaths } from '../docs/schema-fields.ts';

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/1';
const ANCHOR = 'arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1';
const nodes = (more: object) => ({
  clusters: [{ name: 'prod', nodes: { assumedBy: ['account'], ...more } }],
});

describe('a configuration is refused, with a message that says where, if', () => {
  it.each<[string, unknown, string]>([
    ['a field is unknown', { trustDomain: [] }, 'has unknown fields: trustDomain'],
    [
      'a name is not an RFC 1123 subdomain',
      { trustDomains: [{ name: 'Prod' }] },
      'trustDomains[0].name: must be an RFC 1123 subdomain (lower case)',
    ],
    [
      'a key spec is unknown',
      { trustDomains: [{ name: 'prod', keySpec: 'RSA_1024' }] },
      'trustDomains[0].keySpec: must be one of ECC_NIST_P256',
    ],
    [
      'a key is an alias',
      {
        trustDomains: [
          {
            name: 'prod',
            keys: { ca: 'alias/cakeless/prod/ca', 'etcd-ca': KEY, 'front-proxy-ca': KEY },
          },
        ],
      },
      'trustDomains[0].keys.ca: must be the ARN of a KMS key',
    ],
    [
      'ca has no key',
      { trustDomains: [{ name: 'prod', keys: { 'etcd-ca': KEY, 'kubelet-ca': KEY } }] },
      'trustDomains[0].keys.ca: must be of type string',
    ],
    [
      'a key is that of no CA',
      { trustDomains: [{ name: 'prod', keys: { ca: KEY, 'kubelets-ca': KEY } }] },
      'kubelets-ca',
    ],
    [
      'two CAs share a key',
      {
        trustDomains: [{ name: 'prod', keys: { ca: KEY, 'etcd-ca': KEY, 'front-proxy-ca': KEY } }],
      },
      `key ${KEY} is listed twice`,
    ],
    [
      'a trust domain has no ca',
      { trustDomains: [{ name: 'prod', cas: { 'etcd-ca': {} } }] },
      'trustDomains[0].cas.ca: must be of type object',
    ],
    [
      'the name of a CA is unknown',
      { trustDomains: [{ name: 'prod', cas: { ca: {}, 'front-proxy': {} } }] },
      'trustDomains[0].cas: has unknown fields: front-proxy',
    ],
    [
      'the origin of a CA is unknown',
      { trustDomains: [{ name: 'prod', cas: { ca: { origin: 'imported' } } }] },
      'trustDomains[0].cas.ca.origin: must be one of made, adopted, subordinate',
    ],
    [
      'the key of kubelet-ca is to be imported',
      { trustDomains: [{ name: 'prod', cas: { ca: {}, 'kubelet-ca': { origin: 'adopted' } } }] },
      'trust domain prod: kubelet-ca cannot be adopted, because kubeadm clusters have no such CA: remove its origin, and KMS makes its key',
    ],
    [
      'a CA is listed, and only others have keys',
      { trustDomains: [{ name: 'prod', cas: { ca: {}, 'etcd-ca': {} }, keys: { ca: KEY } }] },
      "trust domain prod: cas has etcd-ca, but keys has no key for it: add the key's ARN to keys, or remove etcd-ca from cas",
    ],
    [
      'a CA that is not listed has a key',
      {
        trustDomains: [
          { name: 'prod', cas: { ca: {} }, keys: { ca: KEY, 'etcd-ca': KEY.replace(/1$/, '2') } },
        ],
      },
      'trust domain prod: keys has a key for etcd-ca, but cas does not list it: add etcd-ca to cas, or remove its key',
    ],
    [
      'the certificate of an adopted CA is to have another validity',
      { trustDomains: [{ name: 'prod', origin: 'adopted', validityDays: 365 }] },
      'trust domain prod: validityDays is for CA certificates that are created, but those of ca, etcd-ca, front-proxy-ca stay as the cluster has them: remove it',
    ],
    [
      'the certificate of an adopted CA is to be created',
      {
        trustDomains: [
          { name: 'prod', cas: { ca: { origin: 'adopted' } }, createCertificates: true },
        ],
      },
      'trust domain prod: createCertificates is true, but ca must be adopted (cakeless trust-domain adopt): remove it',
    ],
    [
      "any certificate of a trust anchor may assume the importers' role",
      { importers: { assumedBy: [ANCHOR] } },
      'importers: every certificate of the trust anchor could assume the role: name one in conditions',
    ],
    [
      'a trust domain is listed twice',
      { trustDomains: [{ name: 'prod' }, { name: 'prod' }] },
      'trust domain prod is listed twice',
    ],
    ...RESERVED_NODE_NAMES.map((word): [string, unknown, string] => [
      `a node is called ${word}`,
      nodes({ names: [word] }),
      `${word}: no node can have this name`,
    ]),
    [
      'any certificate of a trust anchor may assume the role of a forwarder',
      { clusters: [{ name: 'prod', forwarders: { assumedBy: [ANCHOR] } }] },
      'forwarders of cluster prod: every certificate of the trust anchor could assume the role: name one in conditions',
    ],
    [
      'an alarm for CSRs covers more hours than CloudWatch allows',
      { clusters: [{ name: 'prod', csrSigningSilentHours: 169 }] },
      'clusters[0].csrSigningSilentHours: must be at most 168',
    ],
    [
      'a node name has a slash, which would reach into the folder of another node',
      nodes({ names: ['cp-1/x'] }),
      'clusters[0].nodes.names[0]: must be an RFC 1123 subdomain (lower case)',
    ],
    [
      'a node name is too long for a common name',
      nodes({ names: ['n'.repeat(53)] }),
      'at most 52 characters',
    ],
    [
      'EC2, which sets no session tags, may assume a role of many nodes',
      nodes({ assumedBy: ['ec2.amazonaws.com'] }),
      'nodes of cluster prod: EC2 sets no session tags',
    ],
    [
      'there are nested stacks, but no roles for them',
      nodes({ nestedStacks: 2 }),
      'cluster prod: nodes.nestedStacks is for the roles of nodes.names, which is missing',
    ],
    [
      'IAM Roles Anywhere may assume a role for any trust anchor',
      nodes({ assumedBy: ['rolesanywhere.amazonaws.com'] }),
      'clusters[0].nodes.assumedBy[0]: must be account, a 12-digit account, an AWS service such as ec2.amazonaws.com, the ARN of a principal, or, for IAM Roles Anywhere, the ARN of a trust anchor',
    ],
    [
      "any certificate of a trust anchor may assume a person's role",
      { approvers: { assumedBy: [ANCHOR] } },
      'approvers: every certificate of the trust anchor could assume the role: name one in conditions',
    ],
    [
      'a control-plane node has no role',
      nodes({ names: ['w-1'], controlPlanes: ['cp-1'] }),
      'cluster prod: control-plane node cp-1 is not in nodes.names',
    ],
    [
      'two approvals are required, and an approver chooses the name of a session',
      {
        trustDomains: [{ name: 'prod', requiredApprovals: 2 }],
        approvers: { assumedBy: ['account'] },
      },
      'trust domain prod requires 2 approvals, but an approver who chooses the name of a session counts as several: set approvers.sessionName',
    ],
    [
      'a session is named after something that its owner chooses',
      { approvers: { assumedBy: ['account'], sessionName: 'aws:RequestTag/name' } },
      'approvers.sessionName: must be aws:username, aws:SourceIdentity or aws:PrincipalTag/TAG',
    ],
    [
      'the longest validity is not a duration',
      { trustDomains: [{ name: 'prod', maxValidityPeriod: 'a year' }] },
      'trustDomains[0].maxValidityPeriod: must be a duration such as 8760h',
    ],
    [
      'the rules of trust domains exceed the environment of a function',
      {
        trustDomains: Array.from({ length: 60 }, (_, i) => ({
          name: `${'long-name-'.repeat(3)}${i}`,
          maxValidityPeriod: '720h',
        })),
      },
      'the rules of 60 trust domains take',
    ],
    [
      'a pattern of deployers means every role',
      { deployers: ['arn:aws:iam::123456789012:role/*'] },
      'deployers[0]: must be the ARN of a principal, or a pattern with the start of its name',
    ],
    [
      'everyone may assume a role',
      { operators: { assumedBy: ['*'] } },
      'operators.assumedBy[0]: must be account, a 12-digit account',
    ],
    [
      'requests expire while reconcile may still publish their outcomes',
      { requestExpirationDays: 7 },
      'requestExpirationDays: must be at least 14',
    ],
    ['maxConcurrency is 1', { maxConcurrency: 1 }, 'must be at least 2'],
    [
      'alarms notify a topic in another region',
      {
        region: 'eu-central-1',
        alarms: { topicArn: 'arn:aws:sns:us-east-1:123456789012:oncall' },
      },
      'alarms.topicArn: the topic is in us-east-1, but an alarm can notify only topics in its region, eu-central-1',
    ],
    [
      'a trust domain requires no approval',
      { trustDomains: [{ name: 'prod', requiredApprovals: 0 }] },
      'trustDomains[0].requiredApprovals: must be greater than 0',
    ],
    [
      'an alarm covers more days than CloudWatch allows',
      { alarms: { renewalsStoppedDays: 30 } },
      'alarms.renewalsStoppedDays: must be at most 7',
    ],
  ])('%s', (_, value, message) => {
    expect(() => checkConfig(value, 'my.json')).toThrow(message);
    expect(() => checkConfig(value, 'my.json')).toThrow('my.json:');
  });

  it('logs have a retention that CloudWatch does not offer', () => {
    expect(() => checkConfig({ logRetentionDays: 31 }, 'my.json')).toThrow(
      'logRetentionDays is 31; allowed: 1,',
    );
  });

  it('several fields are invalid: all of them are named', () => {
    const value = { account: '1', maxConcurrency: 1 };
    expect(() => checkConfig(value, 'my.json')).toThrow(/account: .*\n.*maxConcurrency: /);
  });
});

it('a value that is known only at deployment is left to AWS', () => {
  const later = Fn.importValue('somebody');
  const people = { assumedBy: [later] };
  const config = { operators: people, deployers: [later], alarms: { topicArn: later } };
  expect(checkConfig(config, 'app.ts')).toMatchObject(config);
});

/** With every field, so that a field that only one of two types has makes them differ. */
type Whole<T> = T extends object ? { readonly [Key in keyof T]-?: Whole<T[Key]> } : T;
type Written = Whole<CakelessConfig>;
type Read = Whole<Omit<z.input<typeof configSchema>, '$schema' | 'stackName'>>;

it('the type of a configuration has exactly the fields of the schema, besides $schema and the name of the stack', () => {
  // tsc compares the types, in both directions
  const read = (written: Written): Read => written;
  const written = (config: Read): Written => config;
  expect([read, written]).toHaveLength(2);
});

it('docs/deployment.md explains every field, and no other', () => {
  const explained = firstColumnOf('docs/deployment.md', 'config');
  expect(explained.sort()).toEqual(fieldPaths(configSchema).sort());
});

it('the example of a fleet is valid, and has every field except three', () => {
  const shown = Object.keys(readConfig('infra/examples/fleet.config.json'));
  const all = Object.keys(configSchema.shape);
  expect(all.filter((field) => !shown.includes(field))).toEqual([
    'namePrefix',
    'keyAdministrators',
    'terminationProtection',
  ]);
});

it('the configuration of this repository is valid', () => {
  expect(readConfig().trustDomains).toEqual([{ name: 'prod' }]);
});

it('the example of an existing cluster is valid', () => {
  const { trustDomains } = readConfig('infra/examples/existing-cluster.config.json');
  expect(trustDomains.map(({ origin }) => origin)).toEqual(['adopted']);
});

it('reads another file if one is given, and names a file that is not JSON', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cakeless-config-')), 'config.json');
  writeFileSync(file, '{ "stackName": "Second", "namePrefix": "second" }');
  expect(readConfig(file)).toMatchObject({ stackName: 'Second', trustDomains: [] });
  writeFileSync(file, '{');
  expect(() => readConfig(file)).toThrow(`${file}: `);
  expect(() => readConfig(`${file}.missing`)).toThrow('no such file');
});

it('keeps logs for a year, or for the configured number of days', () => {
  expect(retentionOf()).toBe(365);
  expect(retentionOf(30)).toBe(30);
});
