import { newReconcileHandler, type ReconcileRules } from '../../functions/reconcile-handler.ts';
import { type OutgoingMessage, readWakeMessage } from '../../functions/wake-message.ts';
import { publishTrust } from '../../lib/ca/publish-trust.ts';
import { requestApprovalKey, standingApprovalKey } from '../../lib/contract/approvals.ts';
import { expiryKey } from '../../lib/contract/expiry-key.ts';
import { nodeReportKey } from '../../lib/contract/node-report.ts';
import { type CaVersion, casOf, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import { Fault } from '../../lib/fault.ts';
import { ALICE, writeApproval } from '../support/approve.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../support/in-memory-service.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { nodeReport } from '../support/node-report.ts';
import { GATE } from '../support/real-gate.ts';
import { lambdaContext, withReporter } from '../support/running-service-lambda.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAILY = { records: true };

async function opened(rules?: ReconcileRules) {
  const memory = await InMemoryService.open();
  await publishTrust(memory.service, TRUST_DOMAIN);
  const { node } = memory.declare(set);
  const keys = set.csrs.map((csr) => memory.upload(node, csr));
  const sent: string[] = [];
  const queue = {
    async send(messages: readonly OutgoingMessage[]) {
      for (const { body } of messages) sent.push(readWakeMessage(body).key);
    },
  };
  const reconcile = (event: unknown = {}) =>
    withReporter(
      (reporter) =>
        newReconcileHandler(memory.service, queue, GATE, reporter, rules)(event, lambdaContext),
      'reconcile',
    );
  const pass = (ms: number) => {
    memory.now = new Date(memory.now.getTime() + ms);
  };
  return { memory, node, keys, sent, queue, reconcile, pass };
}

/** All CSRs of the node are decided, except super-admin.conf, which is pending. */
async function decided(rules?: ReconcileRules) {
  const opening = await opened(rules);
  for (const key of opening.keys) await opening.memory.process(key);
  const waiting = opening.keys.find((key) => key.includes('super-admin')) ?? '';
  return { ...opening, waiting };
}

it('ignores requests of the last five minutes, and queues older ones again', async () => {
  const { keys, sent, reconcile, pass } = await opened();
  expect((await reconcile()).result).toEqual({ requeued: 0 });
  pass(6 * MINUTE_MS);
  const { result, lines, metrics } = await reconcile();
  expect(result).toEqual({ requeued: keys.length });
  expect(sent.sort()).toEqual([...keys].sort());
  expect(lines).toMatchObject([{ message: 'reconciled', requeued: keys.length, waiting: 0 }]);
  expect(metrics).toMatchObject([{ Requeued: keys.length, NotRequeued: 0 }]);
});

it('measures pending and open requests in each run, including those too young to be queued', async () => {
  const { reconcile, pass } = await opened();
  pass(90_000);
  expect((await reconcile()).metrics).toMatchObject([
    {
      service: 'reconcile',
      ApprovalsWaiting: 0,
      OldestApprovalAge: 0,
      OldestRequestAge: 90,
      Requeued: 0,
    },
  ]);
});

it('measures pending requests separately, by how long they have been pending', async () => {
  const { memory, keys, reconcile, pass } = await opened();
  pass(10 * MINUTE_MS);
  for (const key of keys) await memory.process(key);
  pass(HOUR_MS);
  expect((await reconcile()).metrics).toMatchObject([
    { ApprovalsWaiting: 1, OldestApprovalAge: 3600, OldestRequestAge: 0 },
  ]);
});

it('an object that is not a CSR never gets an outcome, and does not count as an old request', async () => {
  const { memory, reconcile, pass } = await decided();
  pass(2 * HOUR_MS);
  memory.exchange.seed(`requests/${CLUSTER}/n1/r1/notes.txt`, 'no CSR');
  memory.exchange.seed('requests/stray', 'no request');
  pass(6 * MINUTE_MS);
  const { result, metrics } = await reconcile();
  expect(result).toEqual({ requeued: 2 }); // looked into for private keys
  expect(metrics).toMatchObject([{ OldestRequestAge: 0 }]);
  pass(2 * HOUR_MS);
  expect((await reconcile()).result).toEqual({ requeued: 0 });
});

describe('a cluster record that cannot be read', () => {
  const KEY = 'clusters/edge.json';

  it.each([
    ['is not JSON', '{"trustDomain":', 'not JSON'],
    ['has no readable trust domain', '{"trustDomain":1}', 'trustDomain'],
    ['is that of another cluster', undefined, `is the record of ${CLUSTER}`],
  ])('is counted and named by its key in each run if it %s', async (_, text, why) => {
    const { memory, reconcile } = await opened();
    memory.authority.seed(KEY, text ?? memory.authority.text(`clusters/${CLUSTER}.json`) ?? '');
    for (let run = 1; run <= 2; run++) {
      const { metrics, lines } = await reconcile();
      expect(metrics).toMatchObject([{ RecordsMalformed: 1 }]);
      expect(lines).toContainEqual(
        expect.objectContaining({ malformed: [{ key: KEY, error: expect.stringContaining(why) }] }),
      );
    }
    memory.authority.objects.delete(KEY);
    expect((await reconcile()).metrics).toMatchObject([{ RecordsMalformed: 0 }]);
  });

  it('is not read again while it stays the same', async () => {
    const { memory, reconcile } = await opened();
    memory.authority.seed(KEY, '{}');
    await reconcile();
    const calls = memory.authority.calls.length;
    await reconcile();
    const read = memory.authority.calls
      .slice(calls)
      .filter(({ key }) => key.startsWith('clusters/'));
    expect(read.map(({ call }) => call)).toEqual(['list']);
  });
});

describe('a pending request', () => {
  it('is not woken while nothing has been written for it', async () => {
    const { sent, reconcile, pass } = await decided();
    pass(2 * HOUR_MS);
    await reconcile();
    expect(sent).toEqual([]);
  });

  it('is woken once a day even if nothing was written', async () => {
    const { sent, waiting, reconcile, pass } = await decided();
    pass(2 * HOUR_MS);
    await reconcile(DAILY);
    expect(sent).toEqual([waiting]);
  });

  it.each<[string, (opening: Awaited<ReturnType<typeof decided>>) => void]>([
    ['its approval', ({ memory, waiting }) => writeApproval(memory, waiting)],
    [
      'a standing approval of its cluster',
      ({ memory }) => memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), '{}'),
    ],
    ['its cluster record', ({ memory }) => void memory.declare(set)],
  ])('is woken for an hour after %s was written, in case its event was lost', async (_, write) => {
    const opening = await decided();
    const { sent, waiting, reconcile, pass } = opening;
    pass(2 * HOUR_MS);
    write(opening);
    pass(HOUR_MS);
    await reconcile();
    expect(sent).toEqual([waiting]);
    pass(MINUTE_MS);
    await reconcile();
    expect(sent).toEqual([waiting]);
  });

  it('is not woken by what was written for other requests', async () => {
    const { memory, sent, waiting, reconcile, pass } = await decided();
    pass(2 * HOUR_MS);
    memory.authority.seed('clusters/other.json', '{}');
    memory.authority.seed(standingApprovalKey('other', ALICE), '{}');
    memory.authority.seed(requestApprovalKey(`${waiting}x`, '0'.repeat(64), ALICE), '{}');
    await reconcile();
    expect(sent).toEqual([]);
  });
});

it('queues a decided request again whose pending.json is still there, and it is removed', async () => {
  const { memory, waiting, sent, reconcile, pass } = await decided();
  const pendingKey = waiting.replace(/^requests/, 'certificates').replace(/csr$/, 'pending.json');
  const left = JSON.stringify(memory.outcome(waiting).pending);
  writeApproval(memory, waiting);
  expect((await memory.process(waiting)).outcome).toBe('issued');
  memory.exchange.seed(pendingKey, left); // by a run that was killed before it could remove it
  pass(6 * MINUTE_MS);
  const { metrics } = await reconcile();
  expect(sent).toEqual([waiting]);
  expect(metrics).toMatchObject([{ ApprovalsWaiting: 0, OldestRequestAge: 0 }]);
  await memory.process(waiting);
  expect(Object.keys(JSON.parse(JSON.stringify(memory.outcome(waiting))))).toEqual(['certificate']);
});

it('a run queues a limited number of requests, one from each cluster in turn, and reports how many are left', async () => {
  const { memory, sent, reconcile, pass } = await opened({
    graceMs: 0,
    recordsMs: 0,
    mostRequests: 3,
  });
  memory.exchange.objects.clear();
  const upload = (cluster: string, id: number) =>
    memory.exchange.seed(`requests/${cluster}/n1/r${id}/kubelet.conf.csr`, 'x');
  for (let id = 1; id <= 5; id++) {
    upload('flood', id);
    pass(1000);
  }
  upload('quiet', 1);
  const { result, lines, metrics } = await reconcile();
  expect(result).toEqual({ requeued: 3 });
  expect(sent.map((key) => key.split('/').slice(1, 4).join(' '))).toEqual([
    'flood n1 r1',
    'quiet n1 r1',
    'flood n1 r2',
  ]);
  expect(lines).toMatchObject([{ level: 'WARN', requeued: 3, left: 3 }]);
  expect(metrics).toMatchObject([{ Requeued: 3, NotRequeued: 3 }]);
});

describe('where a run continues', () => {
  const CURSOR = 'reconcile/cursor.json';
  /** One call of each walk: less than what is stored. */
  const rules = {
    graceMs: 0,
    recordsMs: 0,
    mostRequests: 100,
    shares: { run: 2, cluster: 2, shared: 2, node: 2 },
  };

  async function crowded() {
    const opening = await opened(rules);
    const { memory } = opening;
    memory.exchange.objects.clear();
    for (let i = 0; i < 3500; i++)
      memory.exchange.seed(`requests/a/cp-1/r${1000 + i}/kubelet.conf.csr`, 'x');
    memory.exchange.seed('requests/b/cp-1/r1/kubelet.conf.csr', 'x');
    return opening;
  }

  it('is not stored if nothing is left', async () => {
    const { memory, reconcile } = await decided();
    await reconcile();
    expect(memory.authority.objects.has(CURSOR)).toBe(false);
  });

  it('is stored after what was found is queued, and measured', async () => {
    const { memory, reconcile, sent } = await crowded();
    memory.authority.interrupt = (point, key) => {
      if (point === 'before create' && key === CURSOR) expect(sent.length).toBeGreaterThan(0);
    };
    const { metrics, lines } = await reconcile();
    expect(memory.authority.json(CURSOR)).toMatchObject({ after: expect.any(String) });
    expect(metrics).toMatchObject([{ Continued: 1 }]);
    expect(lines).toMatchObject([{ level: 'WARN', continued: 1 }]);
  });

  it('is not moved by a run that was killed before it was stored', async () => {
    const { memory, reconcile, sent } = await crowded();
    memory.authority.interrupt = (point, key) => {
      if (point === 'before create' && key === CURSOR) throw new Error('killed');
    };
    await expect(reconcile()).rejects.toThrow('killed');
    const first = sent.splice(0);
    memory.authority.interrupt = () => {};
    await reconcile();
    expect(sent).toEqual(first);
  });

  it('is stored by one of two runs at the same time, and the other queues the same requests', async () => {
    const { memory, queue } = await crowded();
    const handle = (reporter: Parameters<Parameters<typeof withReporter>[0]>[0]) =>
      newReconcileHandler(memory.service, queue, GATE, reporter, rules)({}, lambdaContext);
    const { lines } = await withReporter(
      (reporter) => Promise.all([handle(reporter), handle(reporter)]),
      'reconcile',
    );
    expect(lines.map(({ message }) => message)).toContain(
      'another run has saved where to continue',
    );
  });

  it.each(['', 'garbage', '{"after":1}', '{}'])(
    'is replaced if it cannot be read: %j',
    async (text) => {
      const { memory, reconcile, sent } = await crowded();
      memory.authority.seed(CURSOR, text);
      for (let i = 0; i < 5; i++) await reconcile();
      expect(sent).toContain('requests/b/cp-1/r1/kubelet.conf.csr');
      expect(() => memory.authority.json(CURSOR)).not.toThrow();
    },
  );
});

describe('a standing approval', () => {
  const event = (key: string) => ({
    Records: [
      {
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        s3: { bucket: { name: 'authority' }, object: { key } },
      },
    ],
  });
  const KEY = standingApprovalKey(CLUSTER, ALICE);
  const grant = (certificateName: string) => ({
    certificateName,
    trustDomain: TRUST_DOMAIN,
    organizations: [],
    maxValiditySeconds: 1,
    decidedAt: '',
  });

  async function waiting(count: number, rules?: ReconcileRules) {
    const opening = await opened(rules);
    const { memory } = opening;
    const stem = (i: number, node: string) => `${CLUSTER}/${node}/r${i}/`;
    for (let i = 0; i < count; i++)
      for (const name of ['admin.conf', 'kubelet.conf'])
        memory.exchange.seed(`certificates/${stem(i, 'cp-1')}${name}.pending.json`, '{}');
    memory.exchange.seed(`certificates/${stem(0, 'cp-2')}admin.conf.pending.json`, '{}');
    memory.exchange.seed('certificates/other/cp-1/r1/admin.conf.pending.json', '{}');
    memory.exchange.seed(`certificates/${stem(0, 'cp-3')}admin.conf.crt`, '');
    const approve = (...names: string[]) =>
      memory.authority.seed(
        KEY,
        JSON.stringify({ cluster: CLUSTER, grants: names.map(grant), denials: [] }),
      );
    return { ...opening, approve };
  }

  it('wakes the pending requests that it covers, each by its own message', async () => {
    const { reconcile, sent, approve } = await waiting(2);
    approve('admin.conf');
    const { result, metrics } = await reconcile(event(KEY));
    expect(result).toEqual({ requeued: 3 });
    expect(sent.map((key) => key.slice(`requests/${CLUSTER}/`.length)).sort()).toEqual([
      'cp-1/r0/admin.conf.csr',
      'cp-1/r1/admin.conf.csr',
      'cp-2/r0/admin.conf.csr',
    ]);
    expect(metrics).toMatchObject([{ Requeued: 3 }]);
  });

  it('wakes no more than a run queues, one of each node in turn; scheduled runs wake the others', async () => {
    const rules = { graceMs: 0, recordsMs: 0, mostRequests: 3 };
    const { memory, reconcile, sent, approve } = await waiting(40, rules);
    approve('admin.conf');
    await reconcile(event(KEY));
    expect(sent).toHaveLength(3);
    expect(sent).toContain(`requests/${CLUSTER}/cp-2/r0/admin.conf.csr`);
    for (const key of sent) {
      memory.exchange.objects.delete(
        key.replace('requests/', 'certificates/').replace('.csr', '.pending.json'),
      );
      memory.exchange.seed(key.replace('requests/', 'certificates/').replace('.csr', '.crt'), '');
    }
    for (let i = 0; i < 40; i++)
      memory.exchange.seed(`requests/${CLUSTER}/cp-1/r${i}/admin.conf.csr`, 'x');
    const before = sent.length;
    await reconcile();
    expect(sent.length).toBe(before + 3);
  });

  it.each([
    ['that grants nothing', { cluster: CLUSTER, grants: [], denials: [] }],
    ['for other names', { cluster: CLUSTER, grants: [grant('scheduler.conf')], denials: [] }],
  ])('%s wakes nothing', async (_, document) => {
    const { memory, reconcile, sent } = await waiting(1);
    memory.authority.seed(KEY, JSON.stringify(document));
    await reconcile(event(KEY));
    expect(sent).toEqual([]);
  });

  it('that cannot be read is an error, so that Lambda tries again and an alarm is raised', async () => {
    const { memory, reconcile } = await waiting(1);
    memory.authority.seed(KEY, '{}');
    await expect(reconcile(event(KEY))).rejects.toThrow('approvals/standing/');
  });

  it.each(['approvals/standing/x', 'clusters/prod.json', KEY])(
    'an event of %s, which does not exist, wakes nothing',
    async (key) => {
      const { reconcile } = await waiting(1);
      expect((await reconcile(event(key))).result).toEqual({ requeued: 0 });
    },
  );
});

it('checks the ledger only if the event says so', async () => {
  const { memory, keys, sent, reconcile, pass } = await opened();
  const [key = ''] = keys;
  await memory.process(key);
  memory.exchange.objects.clear(); // both the request and its outcome are gone
  pass(9 * MINUTE_MS);
  await reconcile();
  expect(sent).toEqual([]);
  await reconcile(DAILY);
  expect(sent).toEqual([key]);
});

it('queues a request once even if both buckets have it', async () => {
  const { memory, keys, sent, reconcile, pass } = await opened();
  const [key = ''] = keys;
  await memory.process(key);
  for (const name of memory.exchange.objects.keys())
    if (name.startsWith('certificates/')) memory.exchange.objects.delete(name);
  pass(9 * MINUTE_MS);
  await reconcile(DAILY);
  expect(sent.sort()).toEqual([...keys].sort());
});

it('a queue that refuses messages is an error, so that the schedule retries; pending requests are measured', async () => {
  const { reconcile, queue, pass } = await opened();
  queue.send = () => Promise.reject(new Error('no queue'));
  pass(9 * MINUTE_MS);
  await expect(reconcile()).rejects.toThrow('no queue');
});

describe('once a day', () => {
  const DAYS = 24 * HOUR_MS;

  const SUMMARY = `reconcile/rotations/${TRUST_DOMAIN}.json`;

  /** Starts a rotation of etcd-ca, and publishes nothing. */
  function rotate(memory: InMemoryService): void {
    const key = `trust/${TRUST_DOMAIN}.json`;
    const at = memory.now.toISOString();
    const rotation = { ca: 'etcd-ca', from: 1, to: 2, phase: 'trust', since: at, startedAt: at };
    const { cas, ...document } = trustDomainSchema.parse(memory.authority.json(key));
    const [other] = cas.ca.versions;
    cas['etcd-ca']?.versions.push({ ...(other as CaVersion), version: 2 });
    memory.authority.seed(key, JSON.stringify({ ...document, cas, sequence: 1, rotation }));
  }

  /** The CAs were adopted, and every control plane has renewed its certificates and written a report. */
  async function adopted() {
    const opening = await decided();
    const { memory, node } = opening;
    const key = `trust/${TRUST_DOMAIN}.json`;
    const document = trustDomainSchema.parse(memory.authority.json(key));
    const since = memory.now.toISOString();
    for (const [, { versions }] of casOf(document))
      for (const version of versions) Object.assign(version, { origin: 'adopted', since });
    memory.authority.seed(key, JSON.stringify(document));
    const report = (more: object = {}) =>
      memory.exchange.seed(
        nodeReportKey(CLUSTER, node),
        JSON.stringify(nodeReport(CLUSTER, node, { at: memory.now.toISOString(), ...more })),
      );
    return { ...opening, report };
  }

  it('counts and names nodes that report keys of CAs which were adopted two weeks ago', async () => {
    const { node, report, reconcile, pass } = await adopted();
    const caKeys = ['/etc/kubernetes/pki/ca.key'];
    pass(14 * DAYS);
    report({ caKeys });
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ CaKeysOnNodes: 0 }]);
    pass(HOUR_MS);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CaKeysOnNodes: 1, CertificatesExpired: 0 }]);
    expect(lines.filter(({ level }) => level === 'ERROR')).toMatchObject([
      { count: 1, nodes: [{ cluster: CLUSTER, node, found: [`CA keys: ${caKeys[0]}`] }] },
    ]);
    report();
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ CaKeysOnNodes: 0 }]);
  });

  it('counts a control plane that has written no report for a week', async () => {
    const { report, reconcile, pass } = await adopted();
    pass(20 * DAYS);
    report();
    pass(7 * DAYS);
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ CaKeysOnNodes: 0 }]);
    pass(HOUR_MS);
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ CaKeysOnNodes: 1 }]);
  });

  it('a report that cannot be fetched does not stop the count of certificates', async () => {
    const { memory, pass } = await adopted();
    pass(340 * DAYS);
    memory.exchange.interrupt = (_, key) => {
      if (key.startsWith('reports/')) throw new Fault('unavailable', 'unavailable: S3');
    };
    const { metrics } = await withReporter(async (reporter) => {
      const handler = newReconcileHandler(memory.service, { send: async () => {} }, GATE, reporter);
      await expect(handler(DAILY, lambdaContext)).rejects.toThrow('S3');
    }, 'reconcile');
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 11 }]);
  });

  it('says which clusters were not looked at, if the run has to end', async () => {
    const { memory, report, queue, pass } = await adopted();
    pass(20 * DAYS);
    report();
    const context = { ...lambdaContext, getRemainingTimeInMillis: () => 30_000 };
    const { lines } = await withReporter(
      (reporter) => newReconcileHandler(memory.service, queue, GATE, reporter)(DAILY, context),
      'reconcile',
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'WARN',
        message: 'not every report of nodes was read',
        clusters: [CLUSTER],
      }),
    );
  });

  it('counts and names certificates that expire, the most urgent first', async () => {
    const { node, reconcile, pass } = await decided();
    pass(340 * DAYS);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 11, CertificatesExpired: 0 }]);
    const line = lines.find(({ message }) => message.startsWith('certificates expire soon'));
    expect(line).toMatchObject({ level: 'WARN', count: 11 });
    expect(line?.certificates).toContainEqual({
      day: '2027-11-24',
      cluster: CLUSTER,
      node,
      certificateName: 'apiserver',
      requestId: 'r1',
      caVersion: 1,
      serialNumber: expect.stringMatching(/^01[0-9a-f]{32}$/),
    });
  });

  it('logs expired certificates as an error', async () => {
    const { reconcile, pass } = await decided();
    pass(370 * DAYS);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 0, CertificatesExpired: 11 }]);
    expect(lines.filter(({ level }) => level === 'ERROR')).toMatchObject([{ count: 11 }]);
  });

  it('names a hundred certificates in a log line, and counts all', async () => {
    const { memory, node, reconcile } = await opened();
    const nodes = Array.from({ length: 120 }, (_, i) => ({
      name: `${node}-${i}`,
      addresses: ['10.0.0.9'],
      role: 'control-plane',
    }));
    memory.declare(set, { nodes });
    for (const { name } of nodes)
      memory.authority.seed(
        expiryKey({
          day: '2026-12-01',
          cluster: CLUSTER,
          node: name,
          certificateName: 'apiserver',
          requestId: 'r1',
          caVersion: 1,
          serialNumber: '01a0',
        }),
        '',
      );
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 120 }]);
    const line = lines.find(({ count }) => count === 120);
    expect(line?.certificates).toHaveLength(100);
  });

  it('reports the number of days until the first CA expires', async () => {
    const { reconcile, pass } = await decided();
    pass(DAYS / 2);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CaDaysLeft: 3649, CasWithoutSuccessor: 0, RotationDays: 0 }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ trustDomain: TRUST_DOMAIN, daysLeft: 3649 }),
    );
  });

  it('reports CAs that end within two years, unless they are being rotated, and how long a rotation has stood', async () => {
    const { memory, reconcile, pass } = await decided();
    pass(2925 * DAYS);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CaDaysLeft: 725, CasWithoutSuccessor: 4, RotationDays: 0 }]);
    expect(lines.find(({ cas }) => cas)?.cas).toHaveLength(4);
    rotate(memory);
    pass(31 * DAYS);
    const later = await reconcile(DAILY);
    expect(later.metrics).toMatchObject([{ CasWithoutSuccessor: 3, RotationDays: 31 }]);
    expect(later.lines.find(({ rotations }) => rotations)?.rotations).toEqual([
      expect.objectContaining({
        trustDomain: TRUST_DOMAIN,
        ca: 'etcd-ca',
        phase: 'trust',
        days: 31,
      }),
    ]);
  });

  it('writes what the next phase of a rotation waits for, and nothing about a stable trust domain', async () => {
    const { memory, reconcile } = await opened();
    await reconcile(DAILY);
    expect(memory.authority.text(SUMMARY)).toBeUndefined();
    rotate(memory);
    await reconcile();
    expect(memory.authority.text(SUMMARY)).toBeUndefined();
    const { lines } = await reconcile(DAILY);
    const progress = [
      { what: 'control-plane nodes', done: 0, of: 1 },
      { what: 'clusters', done: 0, of: 1 },
    ];
    expect(memory.authority.json(SUMMARY)).toMatchObject({
      at: memory.now.toISOString(),
      missing: [{ subject: expect.stringContaining('/node/'), why: 'it has written no report' }],
      progress,
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ trustDomain: TRUST_DOMAIN, phase: 'trust', progress, missing: 1 }),
    );
  });

  it('a run that has to end does not look at rotations, and says so', async () => {
    const { memory, queue } = await opened();
    rotate(memory);
    const context = { ...lambdaContext, getRemainingTimeInMillis: () => 1000 };
    const { lines } = await withReporter(
      (reporter) => newReconcileHandler(memory.service, queue, GATE, reporter)(DAILY, context),
      'reconcile',
    );
    expect(lines.map(({ message }) => message)).toContain(
      'a rotation was not looked at: the run has to end',
    );
    expect(memory.authority.text(SUMMARY)).toBeUndefined();
  });

  it('publishes again what a killed call of create-ca left, and counts it', async () => {
    const { memory, reconcile } = await opened();
    const [bundle, rotation] = ['trust/fleet/ca.crt', 'trust/fleet/rotation.json'];
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ TrustMisfit: 0 }]);
    rotate(memory);
    memory.exchange.objects.delete('trust/fleet/front-proxy-ca.crt');
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ TrustMisfit: 3 }]);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        republished: ['trust/fleet/front-proxy-ca.crt', 'trust/fleet/etcd/ca.crt', rotation].sort(),
      }),
    );
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ TrustMisfit: 0 }]);
    memory.exchange.seed(bundle, 'another CA');
    expect((await reconcile(DAILY)).metrics).toMatchObject([{ TrustMisfit: 1 }]);
    expect(memory.exchange.text(bundle)).toBe(memory.document.cas.ca.versions[0]?.certificate);
  });

  it('names objects that nothing publishes, every day', async () => {
    const { memory, reconcile } = await opened();
    memory.exchange.seed('trust/fleet/rotation.json', '{"sequence":1000000}');
    for (let day = 1; day <= 2; day += 1) {
      const { metrics, lines } = await reconcile(DAILY);
      expect(metrics).toMatchObject([{ TrustMisfit: 1 }]);
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 'ERROR', unknown: ['trust/fleet/rotation.json'] }),
      );
    }
  });

  it('still reports the certificates of a cluster whose record is malformed', async () => {
    const { memory, reconcile, pass } = await decided();
    memory.authority.seed(`clusters/${CLUSTER}.json`, '{"cluster":1}');
    pass(340 * DAYS);
    const { metrics } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 11 }]);
  });

  it('a trust domain that cannot be read is an error, but requests are queued', async () => {
    const { memory, keys, sent, reconcile, pass } = await opened();
    memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, '{}');
    pass(9 * MINUTE_MS);
    await expect(reconcile(DAILY)).rejects.toThrow('trust domain');
    expect(sent).toHaveLength(keys.length);
  });

  it('other runs measure neither expiring certificates nor CAs', async () => {
    const { reconcile, pass } = await decided();
    pass(340 * DAYS);
    const { metrics } = await reconcile();
    expect(metrics[0]).not.toHaveProperty('CertificatesNearExpiry');
    expect(metrics[0]).not.toHaveProperty('CaDaysLeft');
  });
});
