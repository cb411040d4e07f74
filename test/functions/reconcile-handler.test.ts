import { newReconcileHandler, type ReconcileRules } from '../../functions/reconcile-handler.ts';
import { readWakes } from '../../functions/wakes.ts';
import { requestApprovalKey, standingApprovalKey } from '../../lib/contract/approvals.ts';
import { expiryKey } from '../../lib/contract/expiry-key.ts';
import { ALICE, writeApproval } from '../support/approve.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../support/in-memory-service.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { lambdaContext, withReporter } from '../support/running-service-lambda.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAILY = { records: true };

async function opened(rules?: ReconcileRules) {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const keys = set.csrs.map((csr) => memory.upload(node, csr));
  const sent: string[] = [];
  const queue = {
    async send(bodies: readonly string[]) {
      for (const body of bodies) sent.push(...readWakes(body).map(({ key }) => key));
    },
  };
  const reconcile = (event: unknown = {}) =>
    withReporter(
      (reporter) =>
        newReconcileHandler(memory.service, queue, reporter, rules)(event, lambdaContext),
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
    expect(metrics).toMatchObject([{ CaDaysLeft: 3649 }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ trustDomain: TRUST_DOMAIN, daysLeft: 3649 }),
    );
  });

  it('names a malformed cluster record, and still reports its certificates', async () => {
    const { memory, reconcile, pass } = await decided();
    memory.authority.seed(`clusters/${CLUSTER}.json`, '{"cluster":1}');
    pass(340 * DAYS);
    const { metrics, lines } = await reconcile(DAILY);
    expect(metrics).toMatchObject([{ CertificatesNearExpiry: 11 }]);
    expect(lines).toContainEqual(
      expect.objectContaining({ malformed: [expect.objectContaining({ cluster: CLUSTER })] }),
    );
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
