/** Requests over budget are rejected without a record, and never get a second outcome. */
import { readFileSync } from 'node:fs';
import { nodeBudgetKey } from '../../../lib/contract/day-budget.ts';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { approve } from '../../support/approve.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, keyFile, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const DAY_MS = 24 * 60 * 60 * 1000;

async function opened(limits: Record<string, number> = {}) {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set, { limits });
  const upload = (id: number | string, name = 'apiserver') =>
    memory.upload(node, csrOf(set, name), `r${id}`);
  const kinds = (key: string) =>
    Object.entries(memory.outcome(key)).flatMap(([kind, value]) => (value ? [kind] : []));
  const pass = (ms: number) => {
    memory.now = new Date(memory.now.getTime() + ms);
  };
  return { memory, node, upload, kinds, pass };
}

it('the first request over budget is rejected, with the reason and the time to try again', async () => {
  const { memory, upload, kinds } = await opened({ nodeCertificatesPerDay: 1 });
  const [first, second] = [upload(1), upload(2)];
  expect((await memory.process(first)).outcome).toBe('issued');
  expect(await memory.process(second)).toMatchObject({ outcome: 'rejected', overBudget: true });
  expect(kinds(first)).toEqual(['certificate']);
  expect(memory.outcome(second).rejected).toMatchObject({
    request: second,
    certificateName: 'apiserver',
    violations: [
      {
        code: 'budget-exceeded',
        field: 'budget',
        got: 'more than 1 certificates on 2026-11-24 (UTC)',
        allowed: expect.stringContaining('1 certificates a day for node '),
        fix: expect.stringMatching(
          /^wait until 2026-11-25T00:00:00\.000Z, or raise limits\.nodeCertificatesPerDay in the cluster/,
        ),
      },
    ],
  });
});

it('leaves no record, and nothing is signed', async () => {
  const { memory, upload } = await opened({ nodeRequestsPerDay: 1 });
  await memory.process(upload(1));
  const keys = Array.from({ length: 20 }, (_, i) => upload(i + 2));
  for (const key of keys) await memory.process(key);
  for (const key of keys) expect(memory.authority.objects.has(recordKey(key))).toBe(false);
  expect(memory.keys.signed).toHaveLength(1);
});

it('names everything that is wrong with the request, too', async () => {
  const { memory, upload, node } = await opened({ nodeRequestsPerDay: 1 });
  await memory.process(upload(1));
  const key = `requests/${CLUSTER}/${node}/r2/kubelet.conf.csr`;
  memory.exchange.seed(key, readFileSync(csrOf(set, 'scheduler.conf').file));
  await memory.process(key);
  const { violations } = memory.outcome(key).rejected as { violations: { code: string }[] };
  const codes = violations.map(({ code }) => code);
  expect(codes).toContain('subject-common-name');
  expect(codes.at(-1)).toBe('budget-exceeded');
});

it('an object with a private key is deleted even if the budget is used up', async () => {
  const { memory, upload, node, kinds } = await opened({ nodeRequestsPerDay: 1 });
  await memory.process(upload(1));
  const key = `requests/${CLUSTER}/${node}/r2/pki/apiserver.key`;
  memory.exchange.seed(key, readFileSync(keyFile(set, csrOf(set, 'apiserver')) ?? ''));
  expect(await memory.process(key)).toMatchObject({ overBudget: true, removed: true });
  expect(memory.exchange.objects.has(key)).toBe(false);
  expect(kinds(key)).toEqual(['rejected']);
});

it('a wake-up for an object that is not a request uses none of the budget', async () => {
  const { memory, node } = await opened();
  for (const path of ['notes.txt', 'a/b']) {
    memory.exchange.seed(`requests/${CLUSTER}/${node}/r1/${path}`, 'x');
    await memory.process(`requests/${CLUSTER}/${node}/r1/${path}`);
  }
  expect(memory.authority.objects.has(nodeBudgetKey(CLUSTER, node, '2026-11-24'))).toBe(false);
});

it('a request that is processed again counts once', async () => {
  const { memory, upload } = await opened({ nodeRequestsPerDay: 2 });
  const [first, second] = [upload(1), upload(2)];
  for (let i = 0; i < 5; i++) await memory.process(first);
  expect((await memory.process(second)).outcome).toBe('issued');
});

describe('a refused request is never issued', () => {
  it.each([
    ['on the next day', 1],
    ['in a week', 7],
    ['in a month, when the counters are deleted', 30],
  ])('%s', async (_, days) => {
    const { memory, upload, kinds, pass } = await opened({ nodeCertificatesPerDay: 1 });
    const [first, second] = [upload(1), upload(2)];
    await memory.process(first);
    await memory.process(second);
    pass(days * DAY_MS);
    if (days > 8)
      for (const key of [...memory.authority.objects.keys()])
        if (key.startsWith('budgets/')) memory.authority.objects.delete(key);
    memory.declare(set, { limits: { nodeCertificatesPerDay: 1000 } });
    expect((await memory.process(second)).outcome).toBe('rejected');
    expect(kinds(second)).toEqual(['rejected']);
    expect(memory.keys.signed).toHaveLength(1);
  });

  it('after the limit was raised; a new request is', async () => {
    const { memory, upload, kinds, pass } = await opened({ nodeCertificatesPerDay: 1 });
    const [first, second] = [upload(1), upload(2)];
    await memory.process(first);
    await memory.process(second);
    memory.declare(set, { limits: { nodeCertificatesPerDay: 2 } });
    await memory.process(second);
    expect(kinds(second)).toEqual(['rejected']);
    pass(1000);
    expect((await memory.process(upload(3))).outcome).toBe('issued');
  });

  it.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'if the limit is raised, and another run starts, at call %i of the run that refuses it',
    async (point) => {
      const { memory, upload, kinds } = await opened({ nodeCertificatesPerDay: 1 });
      const [first, second] = [upload(1), upload(2)];
      await memory.process(first);
      const others: Promise<unknown>[] = [];
      let reached = 0;
      const step = () => {
        reached += 1;
        if (reached !== point) return;
        memory.declare(set, { limits: { nodeCertificatesPerDay: 5 } });
        others.push(memory.process(second));
      };
      memory.exchange.interrupt = memory.authority.interrupt = step;
      await memory.process(second);
      memory.exchange.interrupt = memory.authority.interrupt = () => {};
      await Promise.all(others);
      await memory.process(second);
      expect(kinds(second)).toHaveLength(1);
      expect(new Set(memory.keys.records).size).toBeLessThanOrEqual(2);
    },
  );

  it.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'if the run that refuses it is killed at call %i, and the limit is raised',
    async (point) => {
      const { memory, upload, kinds } = await opened({ nodeCertificatesPerDay: 1 });
      const [first, second] = [upload(1), upload(2)];
      await memory.process(first);
      let reached = 0;
      memory.exchange.interrupt = memory.authority.interrupt = () => {
        reached += 1;
        if (reached === point) throw new Error('killed');
      };
      await memory.process(second).catch(() => {});
      const before = kinds(second);
      memory.exchange.interrupt = memory.authority.interrupt = () => {};
      memory.declare(set, { limits: { nodeCertificatesPerDay: 5 } });
      await memory.process(second);
      expect(kinds(second)).toHaveLength(1);
      if (before.length > 0) expect(kinds(second)).toEqual(before);
    },
  );
});

describe('a pending request', () => {
  it('counts when it becomes pending, and not again when it is approved', async () => {
    const { memory, upload, kinds } = await opened({ nodeCertificatesPerDay: 1 });
    const key = upload(1, 'super-admin.conf');
    expect((await memory.process(key)).outcome).toBe('pending');
    expect((await memory.process(upload(2))).outcome).toBe('rejected');
    expect((await approve(memory, key)).outcome).toBe('issued');
    expect(kinds(key)).toEqual(['certificate']);
  });

  it('can be approved weeks later, when the counters of its day are deleted', async () => {
    const { memory, upload, kinds, pass } = await opened();
    const key = upload(1, 'super-admin.conf');
    await memory.process(key);
    pass(20 * DAY_MS);
    for (const name of [...memory.authority.objects.keys()])
      if (name.startsWith('budgets/')) memory.authority.objects.delete(name);
    await memory.process(key);
    expect(kinds(key)).toEqual(['pending']);
    expect((await approve(memory, key)).outcome).toBe('issued');
    expect(kinds(key)).toEqual(['certificate']);
  });

  it.each(Array.from({ length: 30 }, (_, i) => i + 1))(
    'approved weeks later by another run, at call %i of a run, has one outcome',
    async (point) => {
      const { memory, upload, kinds, pass } = await opened();
      const key = upload(1, 'super-admin.conf');
      await memory.process(key);
      pass(20 * DAY_MS);
      for (const name of [...memory.authority.objects.keys()])
        if (name.startsWith('budgets/')) memory.authority.objects.delete(name);
      const approvals: Promise<unknown>[] = [];
      let reached = 0;
      memory.exchange.interrupt = memory.authority.interrupt = () => {
        reached += 1;
        if (reached === point) approvals.push(approve(memory, key));
      };
      await memory.process(key);
      memory.exchange.interrupt = memory.authority.interrupt = () => {};
      await Promise.all(approvals);
      if (approvals.length === 0) await approve(memory, key);
      await memory.process(key);
      expect(kinds(key)).toEqual(['certificate']);
    },
  );
});

it('a request that nothing processed for a week is rejected: its budget is no longer known', async () => {
  const { memory, upload, pass } = await opened();
  const key = upload(1);
  pass(7 * DAY_MS);
  await memory.process(key);
  expect(memory.outcome(key).rejected).toMatchObject({
    violations: [
      {
        code: 'budget-exceeded',
        got: 'uploaded on 2026-11-24',
        fix: 'a new request counts in the budget of the day of its upload',
      },
    ],
  });
});

it('a malformed cluster record does not turn a rejection into a fault', async () => {
  const { memory, node } = await opened();
  memory.authority.seed(`clusters/${CLUSTER}.json`, '{}');
  const key = `requests/${CLUSTER}/${node}/r1/unknown.csr`;
  memory.exchange.seed(key, 'x');
  expect((await memory.process(key)).outcome).toBe('rejected');
});
