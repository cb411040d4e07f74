import { bucketDenials, bucketGrants, bucketReservations } from '../../../lib/access/grants.ts';
import { BUCKET_ACCESS, OBJECT_ACCESS } from '../../../lib/access/objects.ts';
import {
  BOUND_PRINCIPALS,
  PEOPLE,
  PRINCIPALS,
  type Principal,
} from '../../../lib/access/principals.ts';
import {
  KEY_ACCESS,
  messageReservations,
  NOTIFICATIONS,
  QUEUES,
  SERVICE_ACCESS,
} from '../../../lib/access/services.ts';
import { WRAPPING_ALGORITHM } from '../../../lib/ca/wrap-key.ts';
import { PREFIXES } from '../../../lib/contract/prefixes.ts';
import { REQUEST_KINDS } from '../../../lib/contract/request-kinds.ts';

const isOneOf = (principals: readonly string[]) => (principal: Principal) =>
  principals.includes(principal);

describe('the table of objects', () => {
  it('has one row for each prefix of the contract', () => {
    const rows = OBJECT_ACCESS.map(({ bucket, prefix }) => `${bucket}/${prefix}`);
    const prefixes = PREFIXES.map(({ bucket, prefix }) => `${bucket}/${prefix}`);
    expect(rows.sort()).toEqual(prefixes.sort());
  });

  it.each(OBJECT_ACCESS)('$bucket/$prefix has readers and exactly one kind of writer', (row) => {
    const bound = (one: Principal) => BOUND_PRINCIPALS.some((other) => other === one);
    const kindOf = (by: readonly Principal[]) => (by.every(bound) ? 'bound' : by.join());
    const writers = new Set(row.put.map(({ by }) => kindOf(by)));
    expect(row.get.length).toBeGreaterThan(0);
    expect(writers.size).toBe(1);
  });

  it('gives nodes, users and forwarders nothing in authority', () => {
    const bound = isOneOf(['node', 'control-plane', 'forwarder', 'user']);
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
    expect([...new Set(uploaders)]).toEqual([
      'node',
      'user',
      'relay',
      'control-plane',
      'forwarder',
    ]);
    for (const prefix of ['approvals/', 'clusters/', 'records/', 'trust/', 'ca-', 'rotations/'])
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

  it('lets each kind of request be uploaded by someone, kubeadm files by their suffix and objects by their names', () => {
    const [requests] = OBJECT_ACCESS.filter(({ prefix }) => prefix === 'requests/');
    expect(requests?.put.map(({ by, suffixes }) => [by, suffixes])).toEqual([
      [['node', 'user', 'relay'], ['.csr']],
      [['node'], ['/kubelet-client.json', '/kubelet-serving.json']],
      [
        ['control-plane', 'forwarder'],
        ['/kubelet-client.json', '/kubelet-serving.json', '/user.json'],
      ],
    ]);
    const endings = requests?.put.flatMap(({ suffixes = [] }) => suffixes) ?? [];
    for (const { certificates } of REQUEST_KINDS)
      for (const path of certificates.keys())
        expect(endings.filter((ending) => `/${path}`.endsWith(ending))).not.toEqual([]);
  });
});

describe('grants of one principal', () => {
  it('name the folder of a node', () => {
    const node = { principal: 'node', cluster: 'a', node: 'cp-1' } as const;
    expect(bucketGrants(node, 'exchange')).toEqual([
      {
        bucket: 'exchange',
        verb: 'list',
        prefixes: ['requests/a/cp-1/*', 'certificates/a/cp-1/*', 'reports/a/nodes/cp-1.json'],
      },
      {
        bucket: 'exchange',
        verb: 'get',
        keys: [
          'requests/a/cp-1/*',
          'certificates/a/cp-1/*',
          'trust/*',
          'reports/a/nodes/cp-1.json',
        ],
        condition: undefined,
      },
      {
        bucket: 'exchange',
        verb: 'put',
        keys: [
          'requests/a/cp-1/*.csr',
          'requests/a/cp-1/*/kubelet-client.json',
          'requests/a/cp-1/*/kubelet-serving.json',
        ],
        condition: 'new',
      },
      {
        bucket: 'exchange',
        verb: 'put',
        keys: ['reports/a/nodes/cp-1.json'],
        condition: 'compared',
      },
    ]);
    expect(bucketGrants(node, 'authority')).toEqual([]);
  });

  const folders = ['requests/a/csr/*', 'certificates/a/csr/*'];
  const csrPut = {
    bucket: 'exchange',
    verb: 'put',
    keys: ['kubelet-client', 'kubelet-serving', 'user'].map(
      (name) => `requests/a/csr/*/${name}.json`,
    ),
    condition: 'new',
  };

  it('name the lease and the report of the cluster, and the folder of CSRs, for its control-plane nodes, and nothing else', () => {
    const node = { principal: 'control-plane', cluster: 'a' } as const;
    const compared = ['leases/a.json', 'reports/a/cluster.json'];
    const keys = [...folders, ...compared];
    expect(bucketGrants(node, 'exchange')).toEqual([
      { bucket: 'exchange', verb: 'list', prefixes: keys },
      { bucket: 'exchange', verb: 'get', keys, condition: undefined },
      csrPut,
      { bucket: 'exchange', verb: 'put', keys: compared, condition: 'compared' },
    ]);
    expect(bucketGrants(node, 'authority')).toEqual([]);
  });

  it('name the folder of CSRs, the report of the cluster and the trust bundles for a forwarder, and no node', () => {
    const forwarder = { principal: 'forwarder', cluster: 'a' } as const;
    const report = 'reports/a/cluster.json';
    expect(bucketGrants(forwarder, 'exchange')).toEqual([
      { bucket: 'exchange', verb: 'list', prefixes: [...folders, report] },
      {
        bucket: 'exchange',
        verb: 'get',
        keys: [...folders, 'trust/*', report],
        condition: undefined,
      },
      csrPut,
      { bucket: 'exchange', verb: 'put', keys: [report], condition: 'compared' },
    ]);
    expect(bucketGrants(forwarder, 'authority')).toEqual([]);
  });

  it('name every folder of one cluster, and its record, for a relay', () => {
    const relay = { principal: 'relay', cluster: 'a' } as const;
    const keysOf = (bucket: 'exchange' | 'authority') =>
      bucketGrants(relay, bucket).map((grant) => 'keys' in grant && grant.keys);
    expect(keysOf('exchange')).toEqual([
      false,
      ['requests/a/*/*', 'certificates/a/*/*', 'trust/*'],
      ['requests/a/*/*.csr'],
    ]);
    expect(keysOf('authority')).toEqual([false, ['clusters/a.json']]);
  });

  it('name the approver in the keys of approvals', () => {
    const puts = bucketGrants({ principal: 'approver' }, 'authority').flatMap((grant) =>
      grant.verb === 'put' && 'keys' in grant ? grant.keys : [],
    );
    expect(puts).toEqual(
      ['requests', 'rotations', 'standing'].map(
        (kind) => `approvals/${kind}/*/\${aws:userid}.json`,
      ),
    );
  });

  it('name the folder of users, and no lease', () => {
    const grants = bucketGrants({ principal: 'user', cluster: 'a' }, 'exchange');
    const puts = grants.filter(({ verb }) => verb === 'put');
    expect(puts).toEqual([
      { bucket: 'exchange', verb: 'put', keys: ['requests/a/users/*.csr'], condition: 'new' },
    ]);
    expect(JSON.stringify(grants)).not.toContain('leases');
  });

  it('take the name of a node literally, even with a replacement pattern in it', () => {
    const node = { principal: 'node', cluster: 'a', node: '$&' } as const;
    expect(bucketGrants(node, 'exchange')).toContainEqual(
      expect.objectContaining({
        verb: 'put',
        keys: expect.arrayContaining(['requests/a/$&/*.csr']),
      }),
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

const UPLOADED = [
  'requests/*.csr',
  'requests/*/kubelet-client.json',
  'requests/*/kubelet-serving.json',
  'requests/*/user.json',
];

describe('denials', () => {
  it('of exchange are puts without their condition', () => {
    expect(bucketDenials('exchange')).toEqual([
      {
        verb: 'put',
        unless: 'new',
        keys: [...UPLOADED, 'certificates/*.crt', 'certificates/*.rejected.json'],
      },
      { verb: 'put', unless: 'compared', keys: ['leases/*', 'reports/*'] },
    ]);
  });

  it('of authority are puts without their condition, and deletions of what it keeps', () => {
    const kept = [
      'trust/*',
      'ca-records/*',
      'ca-keys/*',
      'rotations/*',
      'records/*',
      'approvals/requests/*',
      'approvals/standing/*',
      'approvals/rotations/*',
    ];
    expect(bucketDenials('authority')).toEqual([
      {
        verb: 'put',
        unless: 'new',
        keys: [
          'ca-records/*',
          'ca-keys/*',
          'rotations/*',
          'records/*',
          'approvals/requests/*',
          'approvals/rotations/*',
          'expiry/*',
        ],
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

describe('reservations', () => {
  const lines = (bucket: 'exchange' | 'authority') =>
    bucketReservations(bucket).map(({ verb, by, breakGlass, keys, everyOtherKey }) => {
      const who = [...by, ...(breakGlass ? ['break-glass'] : [])].join(', ') || 'nobody';
      return `${verb} ${everyOtherKey ? 'others than ' : ''}${keys.join(', ')}: ${who}`;
    });

  it('of exchange give each prefix to its writers, and no other key to anyone', () => {
    expect(lines('exchange')).toEqual([
      `put ${UPLOADED.join(', ')}: node, user, relay, control-plane, forwarder`,
      'put certificates/*.crt, certificates/*.rejected.json, certificates/*.pending.json: sign',
      'put trust/*: create-ca, reconcile',
      'put leases/*: control-plane',
      'put reports/*: node, control-plane, forwarder',
      `put others than ${UPLOADED.join(', ')}, certificates/*.crt, certificates/*.rejected.json, certificates/*.pending.json, trust/*, leases/*, reports/*: nobody`,
      'delete requests/*, certificates/*.pending.json: sign, break-glass',
      'delete others than requests/*, certificates/*.pending.json: break-glass',
      'delete-version others than : break-glass',
    ]);
  });

  it('of authority give each prefix to its writers, and no other key to anyone', () => {
    expect(lines('authority')).toEqual([
      'put clusters/*: operator',
      'put trust/*, ca-records/*, ca-keys/*, rotations/*: create-ca',
      'put records/*, expiry/*, budgets/*: sign',
      'put approvals/requests/*, approvals/standing/*, approvals/rotations/*: approver',
      'put reconcile/*: reconcile',
      'put others than clusters/*, trust/*, ca-records/*, ca-keys/*, rotations/*, records/*, expiry/*, budgets/*, approvals/requests/*, approvals/standing/*, approvals/rotations/*, reconcile/*: nobody',
      'delete others than : break-glass',
      'delete-version others than : break-glass',
    ]);
  });

  it('of each queue give every message action to the principals of its rows, and to nobody else', () => {
    for (const queue of QUEUES) {
      const reserved = messageReservations(queue).flatMap(({ actions, by }) =>
        actions.map((action) => `${action.replace('sqs:', '')}: ${by.join(', ') || 'nobody'}`),
      );
      expect([queue, ...reserved]).toEqual([queue, ...(RESERVED_MESSAGES[queue] ?? [])]);
    }
  });
});

const receivedBy = (who: string) =>
  ['ReceiveMessage', 'ChangeMessageVisibility', 'DeleteMessage'].map((one) => `${one}: ${who}`);
const RESERVED_MESSAGES: Readonly<Record<string, readonly string[]>> = {
  'upload queue': ['SendMessage: nobody', 'PurgeQueue: nobody', ...receivedBy('triage')],
  'request queue': ['SendMessage: triage, reconcile', ...receivedBy('sign'), 'PurgeQueue: nobody'],
  'dead-letter queue': [
    'SendMessage: nobody',
    'ChangeMessageVisibility: nobody',
    'ReceiveMessage: operator',
    'DeleteMessage: operator',
    'PurgeQueue: operator',
  ],
};

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
    expect(who('function triage', 'invoke')).toEqual([]);
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
      expect(PREFIXES).toContainEqual(expect.objectContaining({ bucket, prefix }));
  });

  it('deny Sign, grants, imports, key policy changes, and what disables or enables keys to everyone else', () => {
    const denied = KEY_ACCESS.filter(({ denialSid }) => denialSid).flatMap(
      ({ actions }) => actions,
    );
    expect(denied).toEqual([
      'kms:PutKeyPolicy',
      'kms:ReplicateKey',
      'kms:UpdatePrimaryRegion',
      'kms:EnableKey',
      'kms:CancelKeyDeletion',
      'kms:DisableKey',
      'kms:ScheduleKeyDeletion',
      'kms:DeleteImportedKeyMaterial',
      'kms:Sign',
      'kms:GetParametersForImport',
      'kms:ImportKeyMaterial',
      'kms:CreateGrant',
    ]);
  });

  it('allow imports wrapped as the command wraps them, and in no other way', () => {
    const row = KEY_ACCESS.find(({ actions }) => actions.includes('kms:GetParametersForImport'));
    expect(row?.only?.value).toBe(WRAPPING_ALGORITHM);
  });

  it.each(KEY_ACCESS)(
    'CA keys, $may: a statement allows it exactly if a row names someone',
    (row) => {
      expect(row.sid !== undefined).toBe(row.by.length > 0);
    },
  );
});
