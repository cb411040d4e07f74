/** How CSRs of the certificates API are processed: kubelets of workers and control-plane nodes, and users. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findSigningOrder } from '../../../lib/audit/find-signing-order.ts';
import type { CsrObject } from '../../../lib/certificates-api/csr-object.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import {
  type ApiCsr,
  BOOTSTRAPPER,
  bytesOf,
  clientCsr,
  keyOf,
  servingCsr,
  UID,
  userCsr,
} from '../../support/api-csr.ts';
import { approve } from '../../support/approve.ts';
import { describeCertificate } from '../../support/describe-certificate.ts';
import { InMemoryService, START } from '../../support/in-memory-service.ts';

const RECORD: ClusterRecordDocument = {
  cluster: 'prod',
  trustDomain: 'fleet',
  kubernetesVersion: 'v1.37.2',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  networking: { serviceSubnet: '10.96.0.0/12,fd00:10:96::/112' },
  apiServer: { certSANs: ['kube.example.com', '203.0.113.5'] },
  nodes: [
    { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' },
    {
      name: 'w-1',
      addresses: ['10.20.0.21', 'fd00:20::21'],
      role: 'worker',
      kubelet: { certSANs: ['w-1.prod.example.com'] },
    },
    { name: 'w-2', addresses: ['10.20.0.22'], role: 'worker' },
  ],
  nodeRules: [
    {
      namePattern: 'ip-*.eu-central-1.compute.internal',
      addressRanges: ['10.20.8.0/22'],
      role: 'worker',
      kubelet: {
        certSANs: ['ec2-*.eu-central-1.compute.amazonaws.com'],
        addressRanges: ['198.51.100.0/24'],
      },
    },
  ],
  csrSigning: { kubeletClient: {}, kubeletServing: {}, kubeAPIServerClient: {} },
  users: {
    organizations: ['team-a', 'system:masters'],
    maxValidityPeriod: '24h',
    approvalRequired: false,
  },
};

async function serviceWith(changes: Partial<ClusterRecordDocument> = {}) {
  const memory = await InMemoryService.open();
  declare(memory, changes);
  return memory;
}

const declare = (memory: InMemoryService, changes: Partial<ClusterRecordDocument> = {}) => {
  const record = { ...RECORD, ...changes };
  memory.authority.seed(`clusters/${record.cluster}.json`, JSON.stringify(record));
};

async function ask(memory: InMemoryService, object: CsrObject, place = 'csr', attempt = 1) {
  const key = keyOf(object, place, attempt);
  memory.exchange.seed(key, bytesOf(object));
  const done = await memory.process(key);
  const { rejected, ...outcome } = memory.outcome(key);
  const violations = (rejected?.violations ?? []) as { code: string; got: string }[];
  return { key, done, ...outcome, codes: violations.map(({ code }) => code), violations };
}

const W1: ApiCsr = { cn: 'system:node:w-1' };
const W1_NAMES = { ...W1, names: ['w-1', '10.20.0.21'] };
const CP1: ApiCsr = { cn: 'system:node:cp-1' };

function isGolden(certificate: string | undefined, name: string) {
  const text = describeCertificate(certificate ?? '');
  const file = resolve('test', 'fixtures', 'golden', `${name}.txt`);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  expect(existsSync(file)).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('a kubelet gets', () => {
  it('a client certificate, in the expiry index under the name of its node', async () => {
    const memory = await serviceWith();
    const { certificate } = await ask(memory, clientCsr({ ...W1, spec: BOOTSTRAPPER }));
    isGolden(certificate, 'kubelet-client');
    const indexed = [...memory.authority.objects.keys()].filter((key) => key.startsWith('expiry/'));
    expect(indexed).toEqual([
      expect.stringMatching(`^expiry/2027-11-24/prod/w-1/kubelet-client/${UID}/1-[0-9a-f]+$`),
    ]);
  });

  it('a serving certificate of kubelet-ca, with the names in the order of the profile', async () => {
    const memory = await serviceWith();
    const names = ['w-1.prod.example.com', 'w-1', 'fd00:20::21', '10.20.0.21'];
    const { certificate, done } = await ask(memory, servingCsr({ ...W1, names }));
    expect(done).toMatchObject({ outcome: 'issued', record: { ca: 'kubelet-ca' } });
    isGolden(certificate, 'kubelet-serving');
  });

  it.each<[string, CsrObject, string?]>([
    [
      '1.22, with key encipherment',
      clientCsr({
        ...W1,
        spec: { usages: ['key encipherment', 'digital signature', 'client auth'] },
      }),
    ],
    ['rotation by the node itself', clientCsr(W1)],
    [
      '1.26, serving',
      servingCsr({
        ...W1_NAMES,
        spec: { usages: ['key encipherment', 'digital signature', 'server auth'] },
      }),
    ],
    [
      'an external cloud provider up to 1.30, whose first CSR has the hostname alone',
      servingCsr({ ...W1, names: ['w-1'] }),
    ],
    ['dual stack', servingCsr({ ...W1, names: ['w-1', '10.20.0.21', 'fd00:20::21'] })],
    ['IPv6 alone', servingCsr({ ...W1, names: ['fd00:20::21'] })],
    [
      'AWS, by a rule',
      servingCsr({
        cn: 'system:node:ip-10-20-8-7.eu-central-1.compute.internal',
        names: [
          'ec2-198-51-100-7.eu-central-1.compute.amazonaws.com',
          'ip-10-20-8-7.eu-central-1.compute.internal',
          '10.20.8.7',
          '198.51.100.7',
        ],
      }),
    ],
    ['a control-plane node, below its own name', clientCsr({ ...CP1, spec: BOOTSTRAPPER }), 'cp-1'],
    ['its serving certificate', servingCsr({ ...CP1, names: ['cp-1', '10.20.0.11'] }), 'cp-1'],
    [
      'a person who approved a serving CSR first',
      servingCsr({ ...W1_NAMES, status: { conditions: [{ type: 'Approved', status: 'True' }] } }),
    ],
  ])('a certificate for the CSR of %s', async (...[, object, place]) => {
    const { codes, done } = await ask(await serviceWith(), object, place);
    expect(codes).toEqual([]);
    expect(done.outcome).toBe('issued');
  });

  it.each([
    ['what the record allows, if it asks for nothing', undefined, undefined, 8760 * 3600],
    ['clusterSigningDuration', '720h', undefined, 720 * 3600],
    ['less, if it asks for less', '720h', 600, 600],
    ['no more than the record allows', '720h', 2 ** 31 - 1, 720 * 3600],
  ])('a validity of %s', async (_, clusterSigningDuration, expirationSeconds, seconds) => {
    const csrSigning = { ...RECORD.csrSigning, clusterSigningDuration };
    const memory = await serviceWith({ csrSigning });
    const { done } = await ask(memory, clientCsr({ ...W1, spec: { expirationSeconds } }));
    expect(done).toMatchObject({ record: { validitySeconds: seconds } });
    const { certificate } = (done as unknown as { record: { certificate: { notAfter: string } } })
      .record;
    expect(certificate.notAfter).toBe(new Date(START.getTime() + seconds * 1000).toISOString());
  });
});

describe('a CSR is refused, with every reason:', () => {
  const masters = ['system:nodes', 'system:masters'];
  const named = (...names: string[]) => servingCsr({ ...W1, names: ['w-1', ...names] });
  it.each<[string, CsrObject, string[], string?]>([
    ['no organization', clientCsr({ ...W1, o: [] }), ['subject-organization']],
    ['two organizations', clientCsr({ ...W1, o: masters }), ['subject-organization']],
    ['system:masters', clientCsr({ ...W1, o: ['system:masters'] }), ['subject-organization']],
    ['an unknown node', clientCsr({ cn: 'system:node:w-9' }), ['node-unknown']],
    ['no node', clientCsr({ cn: 'system:node:' }), ['subject-common-name']],
    ['another user', clientCsr({ cn: 'admin' }), ['subject-common-name']],
    ['upper case', clientCsr({ cn: 'system:node:W-1' }), ['subject-common-name']],
    ['a reserved word', clientCsr({ cn: 'system:node:csr' }), ['subject-common-name']],
    ['a control-plane node below csr/', clientCsr({ ...CP1, spec: BOOTSTRAPPER }), ['csr-place']],
    ['a worker below its own name', clientCsr(W1), ['csr-place'], 'w-1'],
    ['another node below a name', clientCsr(W1), ['subject-common-name'], 'cp-1'],
    ['a client with names', clientCsr(W1_NAMES), ['san-not-allowed']],
    ['a server without names', servingCsr(W1), ['san-missing']],
    ['localhost', named('localhost'), ['san-not-allowed', 'san-forbidden']],
    ['127.0.0.1', named('127.0.0.1'), ['san-not-allowed', 'san-forbidden']],
    ['::1', named('::1'), ['san-not-allowed', 'san-forbidden']],
    ['kubernetes', named('kubernetes'), ['san-not-allowed', 'san-forbidden']],
    [
      'the API server of the service',
      named('kubernetes.default.svc.cluster.local'),
      ['san-not-allowed', 'san-forbidden'],
    ],
    ['the service address', named('10.96.0.1'), ['san-not-allowed', 'san-forbidden']],
    ['another service', named('fd00:10:96::7'), ['san-not-allowed', 'san-forbidden']],
    ['the endpoint', named('api.prod.example.com'), ['san-not-allowed', 'san-forbidden']],
    ['a name of the API servers', named('kube.example.com'), ['san-not-allowed', 'san-forbidden']],
    ['another node', named('w-2'), ['san-not-allowed', 'san-forbidden']],
    ['its address', named('10.20.0.22'), ['san-not-allowed', 'san-forbidden']],
    ['a wildcard', named('*.prod.example.com'), ['san-not-allowed', 'san-forbidden']],
    ['upper case in a name', named('W-1.prod.example.com'), ['san-malformed']],
    ['a trailing dot', named('w-1.prod.example.com.'), ['san-malformed']],
    ['no usages', clientCsr({ ...W1, spec: { usages: [] } }), ['csr-usages']],
    ['a CA', clientCsr({ ...W1, spec: { usages: ['cert sign', 'client auth'] } }), ['csr-usages']],
    [
      'both usages',
      servingCsr({
        ...W1_NAMES,
        spec: { usages: ['digital signature', 'server auth', 'client auth'] },
      }),
      ['csr-usages'],
    ],
    [
      'another requester',
      clientCsr({ ...W1, spec: { username: 'system:node:w-2' } }),
      ['csr-requester'],
    ],
    [
      'a bootstrap token for a serving certificate',
      servingCsr({ ...W1_NAMES, spec: BOOTSTRAPPER }),
      ['csr-requester'],
    ],
    ['a client that nobody approved', clientCsr({ ...W1, status: {} }), ['csr-not-approved']],
    [
      'a denied server',
      servingCsr({ ...W1_NAMES, status: { conditions: [{ type: 'Denied', status: 'True' }] } }),
      ['csr-not-approved'],
    ],
    [
      'a failed client',
      clientCsr({
        ...W1,
        status: {
          conditions: [
            { type: 'Approved', status: 'True' },
            { type: 'Failed', status: 'True' },
          ],
        },
      }),
      ['csr-not-approved'],
    ],
    [
      'everything at once',
      clientCsr({
        cn: 'system:node:w-9',
        o: [],
        names: ['x'],
        spec: { usages: [], username: '' },
        status: {},
      }),
      [
        'csr-usages',
        'csr-not-approved',
        'node-unknown',
        'subject-organization',
        'csr-requester',
        'san-not-allowed',
      ],
    ],
  ])('%s', async (...[, object, codes, place]) => {
    const memory = await serviceWith();
    const refused = await ask(memory, object, place);
    expect([...refused.codes].sort()).toEqual([...codes].sort());
    expect(refused.certificate).toBeUndefined();
    expect(memory.keys.signed).toEqual([]);
  });

  it.each<[string, Partial<ClusterRecordDocument>, CsrObject, string[]]>([
    ['no csrSigning', { csrSigning: undefined }, clientCsr(W1), ['csr-signing-not-allowed']],
    [
      'no such signer',
      { csrSigning: { kubeletClient: {} } },
      servingCsr(W1_NAMES),
      ['csr-signing-not-allowed'],
    ],
    [
      'another role',
      { csrSigning: { kubeletClient: { roles: ['control-plane'] } } },
      clientCsr(W1),
      ['certificate-name-role'],
    ],
    [
      'another uploader',
      { csrSigning: { ...RECORD.csrSigning, uploaders: ['AWS:AROAFORWARDER:*'] } },
      clientCsr(W1),
      ['uploader-not-allowed'],
    ],
    ['keys of another kind', { allowedKeys: ['RSA-2048'] }, clientCsr(W1), ['key-not-allowed']],
    ['no rule for users', { users: undefined }, userCsr({ cn: 'jane' }), ['users-not-allowed']],
    ['too many names', { limits: { maxNames: 1 } }, servingCsr(W1_NAMES), ['san-too-many']],
    [
      'ten years',
      { csrSigning: { kubeletClient: {}, clusterSigningDuration: '87600h' } },
      clientCsr(W1),
      ['validity-too-long'],
    ],
  ])('a record with %s', async (_, changes, object, codes) => {
    expect((await ask(await serviceWith(changes), object)).codes).toEqual(codes);
  });

  it('no record', async () => {
    const memory = await serviceWith();
    memory.authority.objects.delete('clusters/prod.json');
    expect((await ask(memory, clientCsr(W1))).codes).toEqual(['cluster-unknown']);
  });
});

describe('attempts of one CSR', () => {
  const unknown = { nodes: RECORD.nodes.filter(({ name }) => name !== 'w-1') };
  const object = clientCsr(W1);

  it('the second is issued after the record was fixed, and no third after it', async () => {
    const memory = await serviceWith(unknown);
    expect((await ask(memory, object)).codes).toEqual(['node-unknown']);
    declare(memory);
    expect((await ask(memory, object, 'csr', 2)).done.outcome).toBe('issued');
    expect((await ask(memory, object, 'csr', 3)).codes).toEqual(['attempt-order']);
    // the first is what it was, even if it is looked at again
    expect((await memory.process(keyOf(object))).outcome).toBe('rejected');
    expect(memory.keys.signed.length).toBe(1);
  });

  it.each<[string, CsrObject, number]>([
    ['no attempt before it', object, 2],
    ['an attempt left out', object, 3],
  ])('is refused with %s', async (_, csr, attempt) => {
    const memory = await serviceWith();
    expect((await ask(memory, csr, 'csr', attempt)).codes).toEqual(['attempt-order']);
  });

  it('is refused after a reason that stays, and a refused attempt does not start a new order', async () => {
    const memory = await serviceWith();
    const wrong = clientCsr({ ...W1, o: [] });
    expect((await ask(memory, wrong)).codes).toEqual(['subject-organization']);
    expect((await ask(memory, object, 'csr', 2)).codes).toEqual(['attempt-order']);
    expect((await ask(memory, object, 'csr', 3)).codes).toEqual(['attempt-order']);
  });

  it('follow a refusal for the budget, which is recorded first: then the first attempt is never issued', async () => {
    const memory = await serviceWith({ limits: { nodeRequestsPerDay: 1 } });
    const other = clientCsr({ ...W1, uid: 'a-0' });
    expect((await ask(memory, other)).done.outcome).toBe('issued');
    expect((await ask(memory, object)).codes).toEqual(['budget-exceeded']);
    expect(memory.authority.objects.has(recordKey(keyOf(object)))).toBe(false);
    declare(memory);
    memory.now = new Date(START.getTime() + 60_000);
    expect((await ask(memory, object, 'csr', 2)).done.outcome).toBe('issued');
    expect((await memory.process(keyOf(object))).outcome).toBe('rejected');
    expect(memory.keys.signed.length).toBe(2);
  });
});

describe('a user', () => {
  it('gets what the rule allows, shortened to its longest validity', async () => {
    const memory = await serviceWith();
    const object = userCsr({ cn: 'jane', o: ['team-a'], spec: { expirationSeconds: 3600 } });
    const { done } = await ask(memory, object);
    expect(done).toMatchObject({ outcome: 'issued', record: { validitySeconds: 3600 } });
    const longer = userCsr({ cn: 'jane', uid: 'u-2', spec: { expirationSeconds: 2 ** 31 - 1 } });
    expect((await ask(memory, longer)).done).toMatchObject({ record: { validitySeconds: 86_400 } });
  });

  it('never gets system:masters, even if the rule lists it', async () => {
    const object = userCsr({ cn: 'jane', o: ['system:masters'] });
    expect((await ask(await serviceWith(), object)).codes).toEqual(['subject-organization']);
  });

  it('waits for an approver if the rule requires one', async () => {
    const memory = await serviceWith({ users: { approvalRequired: true } });
    const { key, done } = await ask(memory, userCsr({ cn: 'jane' }));
    expect(done.outcome).toBe('pending');
    expect((await approve(memory, key)).outcome).toBe('issued');
  });
});

describe('a record that someone else wrote', () => {
  it.each<[string, (text: string) => string]>([
    ['another CA', (text) => text.replaceAll('"ca": "kubelet-ca"', '"ca": "ca"')],
    ['names of the API server', (text) => text.replaceAll('10.20.0.21', '10.96.0.1')],
  ])('is not signed: %s', async (_, forge) => {
    const memory = await serviceWith();
    const object = servingCsr({ ...W1, names: ['w-1', '10.20.0.21'] });
    const { key } = await ask(memory, object);
    const record = memory.authority.text(recordKey(key)) ?? '';
    const other = await serviceWith();
    other.exchange.seed(key, bytesOf(object));
    other.authority.seed(recordKey(key), forge(record));
    expect((await other.process(key)).misfits).not.toEqual([]);
    expect(other.keys.signed).toEqual([]);
  });

  const CLAIMED = {
    cluster: 'edge',
    nodes: [{ name: 'x', addresses: ['10.20.0.21'], role: 'control-plane' as const }],
    nodeRules: [],
  };

  const asWorker = RECORD.nodes.map((node) => ({ ...node, role: 'worker' as const }));
  it.each<[string, CsrObject, Partial<ClusterRecordDocument>]>([
    ['the client of a control plane', clientCsr({ ...CP1, spec: BOOTSTRAPPER }), {}],
    ['the server of a control plane', servingCsr({ ...CP1, names: ['cp-1', '10.20.0.11'] }), {}],
    ['a client, without csrSigning', clientCsr(W1), { csrSigning: undefined }],
    ['a server, without csrSigning', servingCsr(W1_NAMES), { csrSigning: undefined }],
    ['an unknown client', clientCsr(W1), { nodes: RECORD.nodes.slice(0, 1), nodeRules: [] }],
  ])('is not signed below csr/: %s', async (_, object, changes) => {
    const memory = await serviceWith({ nodes: asWorker });
    const { key, done } = await ask(memory, object);
    expect(done.outcome).toBe('issued');
    const other = await serviceWith(changes);
    other.exchange.seed(key, bytesOf(object));
    other.authority.seed(recordKey(key), memory.authority.text(recordKey(key)) ?? '');
    expect((await other.process(key)).misfits).not.toEqual([]);
    expect(other.keys.signed).toEqual([]);
  });

  /** A record that is not signed yet: the run was killed before it. */
  async function recorded(object = servingCsr(W1_NAMES)) {
    const memory = await serviceWith();
    const key = keyOf(object);
    memory.exchange.seed(key, bytesOf(object));
    memory.keys.interrupt = () => {
      throw new Error('killed');
    };
    await expect(memory.process(key)).rejects.toThrow('killed');
    memory.keys.interrupt = () => {};
    return { memory, key };
  }

  it('is an alarm if its names were never free', async () => {
    const { memory, key } = await recorded();
    declare(memory, CLAIMED);
    const { misfits } = await memory.process(key);
    expect(misfits?.join()).toMatch(/^san-forbidden: /);
    expect(memory.outcome(key).rejected).toMatchObject({ violations: [{ code: 'record-misfit' }] });
    expect(memory.keys.signed).toEqual([]);
  });

  it.each<[string, (memory: InMemoryService) => void, RegExp]>([
    [
      'a record of the trust domain has claimed its names',
      (memory) => declare(memory, CLAIMED),
      /san-forbidden/,
    ],
    [
      'its node is declared no longer',
      (memory) => declare(memory, { nodes: RECORD.nodes.filter(({ name }) => name !== 'w-1') }),
      /no such node/,
    ],
  ])('is not signed if %s since, without an alarm, and stays so', async (_, change, says) => {
    const { memory, key } = await recorded();
    memory.now = new Date(START.getTime() + 60_000);
    change(memory);
    for (let run = 1; run <= 3; run++) {
      const done = await memory.process(key);
      expect(done).toMatchObject({ outcome: 'rejected', reason: 'declarations-changed' });
      expect(done.misfits).toBeUndefined();
    }
    expect(memory.outcome(key).rejected).toMatchObject({
      violations: [{ code: 'declarations-changed', got: expect.stringMatching(says) }],
    });
    declare(memory);
    expect((await memory.process(key)).outcome).toBe('rejected');
    expect(memory.keys.signed).toEqual([]);
  });

  it('is signed if what has changed since does not concern it', async () => {
    const { memory, key } = await recorded();
    memory.now = new Date(START.getTime() + 60_000);
    const elsewhere = CLAIMED.nodes.map((node) => ({ ...node, addresses: ['10.9.9.9'] }));
    declare(memory, { ...CLAIMED, nodes: elsewhere });
    expect((await memory.process(key)).outcome).toBe('issued');
  });

  const WITHOUT_W1 = { nodes: RECORD.nodes.slice(0, 1), nodeRules: [] };

  it('of a client is judged by the record of its cluster alone, without an alarm if that is newer', async () => {
    const { memory, key } = await recorded(clientCsr(W1));
    memory.now = new Date(START.getTime() + 60_000);
    declare(memory, WITHOUT_W1);
    const calls = memory.authority.calls.length;
    const done = await memory.process(key);
    expect(done).toMatchObject({ outcome: 'rejected', reason: 'declarations-changed' });
    expect(done.misfits).toBeUndefined();
    expect(memory.authority.calls.slice(calls).map(({ call }) => call)).not.toContain('list');
  });

  it('of a client is an alarm if only the record of another cluster is newer', async () => {
    const { memory, key } = await recorded(clientCsr(W1));
    declare(memory, WITHOUT_W1);
    memory.now = new Date(START.getTime() + 60_000);
    declare(memory, { cluster: 'edge' });
    expect((await memory.process(key)).misfits?.join()).toMatch(/no such node/);
  });

  it('accounts for its signature, whatever is declared later: watch-signatures reads no cluster record', async () => {
    const memory = await serviceWith();
    const { key } = await ask(memory, servingCsr(W1_NAMES));
    memory.now = new Date(START.getTime() + 60_000);
    declare(memory, CLAIMED);
    declare(memory, { nodes: [], nodeRules: [] });
    const calls = memory.authority.calls.length;
    const order = await findSigningOrder(memory.service, recordKey(key));
    expect(order).toMatchObject({ by: 'sign' });
    const read = memory.authority.calls.slice(calls).map(({ key: name }) => name.split('/')[0]);
    expect(new Set(read)).toEqual(new Set(['records', 'trust']));
  });
});

describe('a node whose role changes while its CSR is open', () => {
  const PLACES = [
    ['csr', 'worker'],
    ['w-1', 'control-plane'],
  ] as const;
  const as = (role: 'worker' | 'control-plane') => ({
    nodes: [
      ...RECORD.nodes.filter(({ name }) => name !== 'w-1'),
      { name: 'w-1', addresses: ['10.20.0.21'], role },
    ],
  });

  const issuedIn = (memory: InMemoryService) =>
    [...memory.authority.objects.keys()].filter((key) => key.endsWith('.crt'));

  it.each([
    [PLACES[0], PLACES[1]],
    [PLACES[1], PLACES[0]],
  ])('gets one certificate: %j, then %j', async ([first, role], [then, other]) => {
    const memory = await serviceWith(as(role));
    expect((await ask(memory, clientCsr(W1), first)).done.outcome).toBe('issued');
    declare(memory, as(other));
    const { codes, violations } = await ask(memory, clientCsr(W1), then);
    expect(codes).toEqual(['attempt-order']);
    expect(violations[0]?.got).toContain(keyOf(clientCsr(W1), first));
    expect(memory.keys.signed).toHaveLength(1);
  });

  it.each<['csr' | 'w-1']>([['csr'], ['w-1']])(
    'gets one certificate if the other place comes between any two calls of the request below %s',
    async (place) => {
      const [[, role] = PLACES[0], [otherPlace, otherRole] = PLACES[1]] =
        place === 'csr' ? PLACES : [PLACES[1], PLACES[0]];
      const outcomes = new Set<string>();
      for (let point = 1; point <= 30; point++) {
        const memory = await serviceWith(as(role));
        const keys = [keyOf(clientCsr(W1), place), keyOf(clientCsr(W1), otherPlace)];
        for (const key of keys) memory.exchange.seed(key, bytesOf(clientCsr(W1)));
        let reached = 0;
        let other: Promise<unknown> | undefined;
        memory.authority.interrupt = () => {
          reached += 1;
          if (reached !== point) return;
          declare(memory, as(otherRole));
          other = memory.process(keys[1] ?? '');
        };
        await memory.process(keys[0] ?? '');
        await other;
        memory.authority.interrupt = () => {};
        for (const key of keys) await memory.process(key); // redelivered
        expect(issuedIn(memory)).toHaveLength(1);
        outcomes.add(issuedIn(memory)[0] ?? '');
      }
      expect(outcomes.size).toBe(2); // both places have won
    },
  );

  it('may be asked for again in its place after a run that was killed when it had claimed the CSR', async () => {
    const memory = await serviceWith();
    const key = keyOf(clientCsr(W1));
    memory.exchange.seed(key, bytesOf(clientCsr(W1)));
    memory.authority.interrupt = (point, written) => {
      if (point === 'before create' && written === recordKey(key)) throw new Error('killed');
    };
    await expect(memory.process(key)).rejects.toThrow('killed');
    memory.authority.interrupt = () => {};
    declare(memory, { csrSigning: undefined });
    expect((await memory.process(key)).outcome).toBe('rejected');
    declare(memory);
    expect((await ask(memory, clientCsr(W1), 'csr', 2)).done.outcome).toBe('issued');
  });

  it.each<[string, CsrObject]>([
    ['a worker', clientCsr({ ...W1, key: 'rsa-2048', spec: BOOTSTRAPPER })],
    ['a user', userCsr({ cn: 'jane', key: 'rsa-2048' })],
  ])(
    "a forwarder cannot claim a control plane's CSR with one of %s under its uid",
    async (_, forged) => {
      const memory = await serviceWith();
      expect((await ask(memory, forged)).done.outcome).toBe('issued');
      const object = servingCsr({ ...CP1, names: ['cp-1', '10.20.0.11'] });
      expect((await ask(memory, object, 'cp-1')).done.outcome).toBe('issued');
    },
  );

  it('one uid has one certificate, even if a forwarder claims that it is of two signers', async () => {
    const memory = await serviceWith();
    expect((await ask(memory, clientCsr(W1))).done.outcome).toBe('issued');
    expect((await ask(memory, servingCsr(W1_NAMES))).codes).toEqual(['attempt-order']);
  });
});
