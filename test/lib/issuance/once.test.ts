/**
 * One request has one record, one serial number and one outcome, even if events are repeated or reordered, or runs
 * interrupted.
 */
import { X509Certificate } from 'node:crypto';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { approve, writeApproval } from '../../support/approve.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

async function uploaded(name: string) {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  return { memory, key: memory.upload(node, csrOf(set, name)) };
}

/** Every serial number that an object of either bucket has for the request. */
function serialsOf(memory: InMemoryService, key: string): Set<string> {
  const record = memory.authority.json(recordKey(key));
  const recorded = (record?.certificate as { serialNumber?: string } | undefined)?.serialNumber;
  const certificates = [...memory.authority.objects, ...memory.exchange.objects]
    .filter(([name]) => name.endsWith('.crt'))
    .map(([, { body }]) => new X509Certificate(body).serialNumber.toLowerCase());
  return new Set([...(recorded === undefined ? [] : [recorded]), ...certificates]);
}

function expectOneOutcome(memory: InMemoryService, key: string, kind: 'certificate' | 'rejected') {
  const outcome = memory.outcome(key);
  const present = Object.entries(outcome).filter(([, value]) => value !== undefined);
  expect(present.map(([name]) => name)).toEqual([kind]);
  if (kind === 'certificate') expect(serialsOf(memory, key).size).toBe(1);
  const inIndex = [...memory.authority.objects.keys()].filter((k) => k.startsWith('expiry/'));
  expect(inIndex).toHaveLength(kind === 'certificate' ? 1 : 0);
}

it('an event that is delivered ten times in a row results in one certificate and one signature', async () => {
  const { memory, key } = await uploaded('apiserver');
  for (let i = 0; i < 10; i++) expect((await memory.process(key)).outcome).toBe('issued');
  expectOneOutcome(memory, key, 'certificate');
  expect(memory.keys.signed).toHaveLength(1);
});

it('an event that is delivered ten times at once results in one certificate', async () => {
  const { memory, key } = await uploaded('apiserver');
  const done = await Promise.all(Array.from({ length: 10 }, () => memory.process(key)));
  expect(done.map(({ outcome }) => outcome)).toEqual(Array(10).fill('issued'));
  expectOneOutcome(memory, key, 'certificate');
});

it('ten concurrent refusals are one rejection', async () => {
  const { memory, key } = await uploaded('apiserver');
  memory.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
  await Promise.all(Array.from({ length: 10 }, () => memory.process(key)));
  expectOneOutcome(memory, key, 'rejected');
});

it('two judgements under different cluster records result in one outcome', async () => {
  for (let turn = 0; turn < 12; turn++) {
    const { memory, key } = await uploaded('apiserver');
    let calls = 0;
    memory.authority.interrupt = () => {
      calls += 1;
      if (calls === turn) memory.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
    };
    await Promise.all([memory.process(key), memory.process(key)]);
    const kind = memory.outcome(key).certificate === undefined ? 'rejected' : 'certificate';
    expectOneOutcome(memory, key, kind);
  }
});

it('needs one KMS Sign, no GetPublicKey, four writes, one delete, and two writes to the budgets', async () => {
  const { memory, key } = await uploaded('apiserver');
  await memory.process(key);
  const calls = [...memory.exchange.calls, ...memory.authority.calls];
  const isBudget = ({ key: name }: { key: string }) => name.startsWith('budgets/');
  const count = (...names: string[]) =>
    calls.filter((one) => names.includes(one.call) && !isBudget(one)).length;
  expect(memory.keys.signed).toHaveLength(1);
  expect(count('create', 'put')).toBe(4);
  expect(count('create', 'put', 'remove')).toBeLessThanOrEqual(5);
  expect(count('list')).toBe(0);
  const counting = calls.filter(isBudget).map(({ call }) => call);
  expect(counting.sort()).toEqual(['create', 'create', 'get', 'get']);
});

/** A run that is killed at a point does nothing more; what it did before remains. */
class Killed extends Error {}

function killAt(memory: InMemoryService, point: number): void {
  let reached = 0;
  const step = () => {
    reached += 1;
    if (reached === point) throw new Killed(`at point ${point}`);
  };
  memory.exchange.interrupt = step;
  memory.authority.interrupt = step;
  memory.keys.interrupt = step;
}

function heal(memory: InMemoryService): void {
  for (const part of [memory.exchange, memory.authority, memory.keys]) part.interrupt = () => {};
}

const ENOUGH_POINTS = 40;

describe.each(Array.from({ length: ENOUGH_POINTS }, (_, i) => i + 1))(
  'killed at point %i',
  (point) => {
    it.each([
      ['apiserver', 'certificate', {}],
      ['apiserver', 'rejected', { controlPlaneEndpoint: 'other.example.com:6443' }],
    ] as const)('%s: the next delivery results in one %s', async (name, kind, more) => {
      const { memory, key } = await uploaded(name);
      memory.declare(set, more);
      killAt(memory, point);
      await memory.process(key).catch(ignoreKill);
      const serialsBefore = serialsOf(memory, key);
      heal(memory);
      await memory.process(key);
      expectOneOutcome(memory, key, kind);
      for (const serial of serialsBefore) expect(serialsOf(memory, key)).toContain(serial);
    });

    it('an interrupted approval results in one certificate, and nothing stays pending', async () => {
      const { memory, key } = await uploaded('super-admin.conf');
      await memory.process(key);
      writeApproval(memory, key);
      killAt(memory, point);
      await Promise.allSettled([memory.process(key), memory.process(key, undefined)]);
      heal(memory);
      await memory.process(key);
      expectOneOutcome(memory, key, 'certificate');
    });

    it('an approval that arrives during a judgement is not lost', async () => {
      const { memory, key } = await uploaded('super-admin.conf');
      await memory.process(key);
      let reached = 0;
      const approvals: Promise<unknown>[] = [];
      memory.exchange.interrupt = memory.authority.interrupt = () => {
        reached += 1;
        if (reached === point) approvals.push(approve(memory, key));
      };
      await memory.process(key);
      heal(memory);
      await Promise.all(approvals);
      if (approvals.length === 0) await approve(memory, key);
      expectOneOutcome(memory, key, 'certificate');
    });
  },
);

it('the record is written before KMS is called, and contains exactly the bytes that are signed', async () => {
  const { memory, key } = await uploaded('apiserver');
  let recorded: unknown;
  memory.keys.interrupt = (point) => {
    if (point === 'before sign') recorded = memory.authority.json(recordKey(key))?.tbs;
  };
  await memory.process(key);
  expect(memory.keys.records).toEqual([recordKey(key)]);
  const certificate = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(certificate.raw.includes(Buffer.from(String(recorded), 'base64'))).toBe(true);
});

it('a retry after days signs the bytes of the record, including its dates', async () => {
  const { memory, key } = await uploaded('apiserver');
  memory.keys.interrupt = () => {
    throw new Killed('KMS is away');
  };
  await memory.process(key).catch(ignoreKill);
  heal(memory);
  memory.now = new Date(memory.now.getTime() + 3 * 24 * 60 * 60 * 1000);
  await memory.process(key);
  expect(new X509Certificate(memory.outcome(key).certificate ?? '').validFrom).toBe(
    'Nov 24 11:55:00 2026 GMT',
  );
});

function ignoreKill(error: unknown): void {
  if (!(error instanceof Killed)) throw error;
}
