import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig, configSchema, readConfig } from '../../infra/config.ts';
import { retentionOf } from '../../infra/retention.ts';
import { firstColumnOf } from '../docs/marked-table.ts';
import { fieldPaths } from '../docs/schema-fields.ts';

const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/1';
const nodes = (more: object) => ({
  clusters: [{ name: 'prod', nodes: { assumedBy: ['account'], ...more } }],
});

describe('a configuration is refused, and the message says where, if', () => {
  it.each<[string, unknown, string]>([
    ['a field is unknown', { trustDomain: [] }, 'has unknown fields: trustDomain'],
    [
      'a name is no RFC 1123 subdomain',
      { trustDomains: [{ name: 'Prod' }] },
      'trustDomains[0].name: must be an RFC 1123 subdomain (lower case)',
    ],
    [
      'a kind of key is unknown',
      { trustDomains: [{ name: 'prod', keySpec: 'RSA_1024' }] },
      'trustDomains[0].keySpec: must be one of ECC_NIST_P256',
    ],
    [
      'a key is named by its alias',
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
      'a CA has no key while the others have',
      { trustDomains: [{ name: 'prod', keys: { ca: KEY, 'etcd-ca': KEY } }] },
      'trustDomains[0].keys.front-proxy-ca: must be of type string',
    ],
    [
      'two CAs have one key',
      {
        trustDomains: [{ name: 'prod', keys: { ca: KEY, 'etcd-ca': KEY, 'front-proxy-ca': KEY } }],
      },
      `key ${KEY} is there twice`,
    ],
    [
      'a trust domain is there twice',
      { trustDomains: [{ name: 'prod' }, { name: 'prod' }] },
      'trust domain prod is there twice',
    ],
    ['a node is called users', nodes({ names: ['users'] }), 'no node can be called users'],
    [
      'a node name has a slash, which would reach into the place of another',
      nodes({ names: ['cp-1/x'] }),
      'clusters[0].nodes.names[0]: must be an RFC 1123 subdomain (lower case)',
    ],
    [
      'a node name is longer than a common name takes',
      nodes({ names: ['n'.repeat(53)] }),
      'at most 52 characters',
    ],
    [
      'EC2 is to take a role for many nodes, though it sets no session tags',
      nodes({ assumedBy: ['ec2.amazonaws.com'] }),
      'nodes of cluster prod: EC2 sets no session tags',
    ],
    [
      'everybody may assume a role',
      { operators: { assumedBy: ['*'] } },
      'operators.assumedBy[0]: must be account, a 12-digit account',
    ],
    [
      'requests expire before the daily reconcile is done with their records',
      { requestExpirationDays: 7 },
      'requestExpirationDays: must be at least 14',
    ],
    ['the event source is to run once at a time', { maxConcurrency: 1 }, 'must be at least 2'],
    [
      'CloudWatch does not look so far back',
      { alarms: { renewalsStoppedDays: 30 } },
      'alarms.renewalsStoppedDays: must be at most 7',
    ],
  ])('%s', (_, value, message) => {
    expect(() => checkConfig(value, 'my.json')).toThrow(message);
    expect(() => checkConfig(value, 'my.json')).toThrow('my.json:');
  });

  it('logs are to be kept for a number of days that CloudWatch does not know', () => {
    expect(() => checkConfig({ logRetentionDays: 31 }, 'my.json')).toThrow(
      'logRetentionDays is 31; CloudWatch Logs keeps logs for 1,',
    );
  });

  it('several things are wrong: all are named', () => {
    const value = { account: '1', maxConcurrency: 1 };
    expect(() => checkConfig(value, 'my.json')).toThrow(/account: .*\n.*maxConcurrency: /);
  });
});

it('every field is explained in docs/deployment.md, and no other', () => {
  const explained = firstColumnOf('docs/deployment.md', 'config');
  expect(explained.sort()).toEqual(fieldPaths(configSchema).sort());
});

it('the example of a fleet is a good one, and shows every field but two', () => {
  const shown = Object.keys(readConfig('infra/examples/fleet.config.json'));
  const all = Object.keys(configSchema.shape);
  expect(all.filter((field) => !shown.includes(field))).toEqual([
    'namePrefix',
    'keyAdministrators',
  ]);
});

it('the configuration of this repository is a good one', () => {
  expect(readConfig().trustDomains).toEqual([{ name: 'prod' }]);
});

it('another file may be named, and one that is no JSON is named', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cakeless-config-')), 'config.json');
  writeFileSync(file, '{ "stackName": "Second", "namePrefix": "second" }');
  expect(readConfig(file)).toMatchObject({ stackName: 'Second', trustDomains: [] });
  writeFileSync(file, '{');
  expect(() => readConfig(file)).toThrow(`${file}: `);
  expect(() => readConfig(`${file}.missing`)).toThrow('no such file');
});

it('logs are kept for a year, or for as long as is said', () => {
  expect(retentionOf()).toBe(365);
  expect(retentionOf(30)).toBe(30);
});
