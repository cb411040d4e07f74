import { bucketDenials, bucketGrants } from '../../../lib/access/grants.ts';
import { BUCKET_ACCESS, OBJECT_ACCESS } from '../../../lib/access/objects.ts';
import { PEOPLE, PRINCIPALS, type Principal } from '../../../lib/access/principals.ts';
import { KEY_ACCESS, NOTIFICATIONS, SERVICE_ACCESS } from '../../../lib/access/services.ts';
import { PREFIXES } from '../../../lib/contract/prefixes.ts';

const isOneOf = (principals: readonly string[]) => (principal: Principal) =>
  principals.includes(principal);

describe('the table of objects', () => {
  it('has one row for each prefix of the contract', () => {
    const rows = OBJECT_ACCESS.map(({ bucket, prefix }) => `${bucket}/${prefix}`);
    const prefixes = PREFIXES.map(({ bucket, prefix }) => `${bucket}/${prefix}`);
    expect(rows.sort()).toEqual(prefixes.sort());
  });

  it.each(OBJECT_ACCESS)('$bucket/$prefix has readers and exactly one kind of writer', (row) => {
    const writers = new Set(row.put.map(({ by }) => by.join()));
    expect(row.get.length).toBeGreaterThan(0);
    expect(writers.size).toBe(1);
  });

  it('gives nodes and users nothing in authority', () => {
    const bound = isOneOf(['node', 'user']);
    const { list, versions } = BUCKET_ACCESS.authority;
    const named = OBJECT_ACCESS.filter(({ bucket }) => bucket === 'authority').flatMap(
      ({ get, put, delete: deletions = [] }) => [
        ...get,
        ...[...put, ...deletions].flatMap(({ by }) => by),
      ],
    );
    expect([...named, ...list, ...versions].filter(bound)).toEqual([]);
  });

  it('lets no principal that uploads write approvals, cluster records or the ledger', () => {
    const writersOf = (prefix: string) =>
      OBJECT_ACCESS.filter((row) => row.prefix.startsWith(prefix)).flatMap(({ put }) =>
        put.flatMap(({ by }) => by),
      );
    const uploaders = writersOf('requests/');
    expect(uploaders).toEqual(['node', 'user']);
    for (const prefix of ['approvals/', 'clusters/', 'records/', 'trust/', 'ca-'])
      expect(writersOf(prefix).filter(isOneOf(uploaders))).toEqual([]);
    expect(writersOf('approvals/').filter(isOneOf(writersOf('clusters/')))).toEqual([]);
  });

  it('forbids deleting what is written once in authority, except the expiry index', () => {
    const once = OBJECT_ACCESS.filter(
      ({ bucket, put }) =>
        bucket === 'authority' && put.some(({ condition }) => condition === 'new'),
    );
    const lost = once.filter(({ keeps = [] }) => keeps.length < 2).map(({ prefix }) => prefix);
    expect(lost).toEqual(['expiry/']);
  });
});

describe('grants of one principal', () => {
  it('name the folder of a node, and the lease of its cluster', () => {
    const node = { principal: 'node', cluster: 'a', node: 'cp-1' } as const;
    expect(bucketGrants(node, 'exchange')).toEqual([
      {
        bucket: 'exchange',
        verb: 'list',
        prefixes: ['requests/a/cp-1/*', 'certificates/a/cp-1/*', 'leases/a.json'],
      },
      {
        bucket: 'exchange',
        verb: 'get',
        keys: ['requests/a/cp-1/*', 'certificates/a/cp-1/*', 'trust/*', 'leases/a.json'],
        condition: undefined,
      },
      { bucket: 'exchange', verb: 'put', keys: ['requests/a/cp-1/*'], condition: 'new' },
      { bucket: 'exchange', verb: 'put', keys: ['leases/a.json'], condition: 'compared' },
    ]);
    expect(bucketGrants(node, 'authority')).toEqual([]);
  });

  it('name the folder of users, and no lease', () => {
    const grants = bucketGrants({ principal: 'user', cluster: 'a' }, 'exchange');
    const puts = grants.filter(({ verb }) => verb === 'put');
    expect(puts).toEqual([
      { bucket: 'exchange', verb: 'put', keys: ['requests/a/users/*'], condition: 'new' },
    ]);
    expect(JSON.stringify(grants)).not.toContain('leases');
  });

  it('take the name of a node literally, even with a replacement pattern in it', () => {
    const node = { principal: 'node', cluster: 'a', node: '$&' } as const;
    expect(bucketGrants(node, 'exchange')).toContainEqual(
      expect.objectContaining({ verb: 'put', keys: ['requests/a/$&/*'] }),
    );
  });

  it('let sign delete requests and pending outcomes only', () => {
    const deletions = bucketGrants({ principal: 'sign' }, 'exchange').filter(
      ({ verb }) => verb === 'delete',
    );
    expect(deletions).toEqual([
      {
        bucket: 'exchange',
        verb: 'delete',
        keys: ['requests/*', 'certificates/*.pending.json'],
        condition: undefined,
      },
    ]);
  });

  it.each(PEOPLE)(
    'let %s read all objects of both buckets, with the versions of authority',
    (principal) => {
      const keys = (bucket: 'exchange' | 'authority', verb: string) =>
        bucketGrants({ principal }, bucket).flatMap((grant) =>
          grant.verb === verb && 'keys' in grant ? grant.keys : [],
        );
      for (const bucket of ['exchange', 'authority'] as const)
        expect(keys(bucket, 'get')).toEqual(
          OBJECT_ACCESS.filter((row) => row.bucket === bucket).map(({ prefix }) => `${prefix}*`),
        );
      expect(keys('authority', 'get-version')).toEqual(keys('authority', 'get'));
      expect(keys('exchange', 'get-version')).toEqual([]);
    },
  );
});

describe('denials', () => {
  it('of exchange are puts without their condition', () => {
    expect(bucketDenials('exchange')).toEqual([
      {
        verb: 'put',
        unless: 'new',
        keys: ['requests/*', 'certificates/*.crt', 'certificates/*.rejected.json'],
      },
      { verb: 'put', unless: 'compared', keys: ['leases/*'] },
    ]);
  });

  it('of authority are puts without their condition, and deletions of what it keeps', () => {
    const kept = [
      'trust/*',
      'ca-records/*',
      'ca-keys/*',
      'records/*',
      'approvals/requests/*',
      'approvals/standing/*',
    ];
    expect(bucketDenials('authority')).toEqual([
      {
        verb: 'put',
        unless: 'new',
        keys: ['ca-records/*', 'ca-keys/*', 'records/*', 'approvals/requests/*', 'expiry/*'],
      },
      {
        verb: 'put',
        unless: 'compared',
        keys: ['clusters/*', 'approvals/standing/*', 'budgets/*', 'reconcile/*'],
      },
      { verb: 'delete', keys: kept },
      { verb: 'delete-version', keys: ['clusters/*', ...kept] },
    ]);
  });
});

describe('queues, functions, logs and keys', () => {
  it('name known principals, and no action twice for the same resource and principal', () => {
    const grants = SERVICE_ACCESS.flatMap(({ resource, actions, by }) =>
      by.flatMap((who) => actions.map((action) => `${who} ${action} ${resource}`)),
    );
    expect(new Set(grants).size).toBe(grants.length);
    const named = SERVICE_ACCESS.flatMap(({ by }) => by);
    expect(named.filter((who) => !PRINCIPALS.includes(who))).toEqual([]);
  });

  it('let nobody invoke sign or watch-signatures, and nobody send to the queues except triage and reconcile', () => {
    const who = (resource: string, may: string) =>
      SERVICE_ACCESS.filter((row) => row.resource === resource && row.may === may).flatMap(
        ({ by }) => by,
      );
    expect(who('function sign', 'invoke')).toEqual([]);
    expect(who('function watch-signatures', 'invoke')).toEqual([]);
    expect(who('function triage', 'invoke')).toEqual([]);
    expect(who('upload queue', 'send')).toEqual([]);
    expect(who('request queue', 'send')).toEqual(['triage', 'reconcile']);
  });

  it('send events for writes under prefixes of the contract, none below another', () => {
    expect(NOTIFICATIONS.map(({ bucket, prefix, to }) => `${bucket}/${prefix} to ${to}`)).toEqual([
      'exchange/requests/ to upload queue',
      'authority/approvals/requests/ to upload queue',
      'authority/approvals/standing/ to function reconcile',
    ]);
    for (const { bucket, prefix } of NOTIFICATIONS)
      expect(PREFIXES.some((one) => one.bucket === bucket && one.prefix.startsWith(prefix))).toBe(
        true,
      );
  });

  it('deny Sign, grants, key policy changes and key deletion to everyone else', () => {
    const denied = KEY_ACCESS.filter(({ denialSid }) => denialSid).flatMap(
      ({ actions }) => actions,
    );
    expect(denied).toEqual([
      'kms:PutKeyPolicy',
      'kms:ReplicateKey',
      'kms:UpdatePrimaryRegion',
      'kms:DisableKey',
      'kms:ScheduleKeyDeletion',
      'kms:Sign',
      'kms:CreateGrant',
    ]);
  });

  it.each(KEY_ACCESS)(
    'CA keys, $may: a statement allows it exactly if a row names someone',
    (row) => {
      expect(row.sid !== undefined).toBe(row.by.length > 0);
    },
  );
});
