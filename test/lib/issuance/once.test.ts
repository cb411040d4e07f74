/**
 * One request has one record, one serial number and one outcome, even if events are repeated or reordered, or runs
 * interrupted.
 */
import { X509Certificate } from 'node:crypto';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { approve, writeApproval } from '../../support/approve.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { Workshop } from '../../support/workshop.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

function csrOf(name: string) {
  const csr = set.csrs.find((candidate) => candidate.certificateName === name);
  if (!csr) throw new Error(`no CSR of ${name}`);
  return csr;
}

async function uploaded(name: string) {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(set);
  return { workshop, key: workshop.upload(node, csrOf(name)) };
}

/** Every serial number that an object of either bucket has for the request. */
function serialsOf(workshop: Workshop, key: string): Set<string> {
  const record = workshop.authority.json(recordKey(key));
  const recorded = (record?.certificate as { serialNumber?: string } | undefined)?.serialNumber;
  const certificates = [...workshop.authority.objects, ...workshop.exchange.objects]
    .filter(([name]) => name.endsWith('.crt'))
    .map(([, { body }]) => new X509Certificate(body).serialNumber.toLowerCase());
  return new Set([...(recorded === undefined ? [] : [recorded]), ...certificates]);
}

function expectOneOutcome(workshop: Workshop, key: string, kind: 'certificate' | 'rejected') {
  const outcome = workshop.outcome(key);
  const present = Object.entries(outcome).filter(([, value]) => value !== undefined);
  expect(present.map(([name]) => name)).toEqual([kind]);
  if (kind === 'certificate') expect(serialsOf(workshop, key).size).toBe(1);
  const inIndex = [...workshop.authority.objects.keys()].filter((k) => k.startsWith('expiry/'));
  expect(inIndex).toHaveLength(kind === 'certificate' ? 1 : 0);
}

it('an event that is delivered ten times in a row results in one certificate and one signature', async () => {
  const { workshop, key } = await uploaded('apiserver');
  for (let i = 0; i < 10; i++) expect((await workshop.process(key)).outcome).toBe('issued');
  expectOneOutcome(workshop, key, 'certificate');
  expect(workshop.keys.signed).toHaveLength(1);
});

it('an event that is delivered ten times at once results in one certificate', async () => {
  const { workshop, key } = await uploaded('apiserver');
  const done = await Promise.all(Array.from({ length: 10 }, () => workshop.process(key)));
  expect(done.map(({ outcome }) => outcome)).toEqual(Array(10).fill('issued'));
  expectOneOutcome(workshop, key, 'certificate');
});

it('ten concurrent refusals are one rejection', async () => {
  const { workshop, key } = await uploaded('apiserver');
  workshop.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
  await Promise.all(Array.from({ length: 10 }, () => workshop.process(key)));
  expectOneOutcome(workshop, key, 'rejected');
});

it('two judgements under different cluster records result in one outcome', async () => {
  for (let turn = 0; turn < 12; turn++) {
    const { workshop, key } = await uploaded('apiserver');
    let calls = 0;
    workshop.authority.interrupt = () => {
      calls += 1;
      if (calls === turn) workshop.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
    };
    await Promise.all([workshop.process(key), workshop.process(key)]);
    const kind = workshop.outcome(key).certificate === undefined ? 'rejected' : 'certificate';
    expectOneOutcome(workshop, key, kind);
  }
});

it('needs one KMS Sign, no GetPublicKey, four writes and one delete', async () => {
  const { workshop, key } = await uploaded('apiserver');
  await workshop.process(key);
  const calls = [...workshop.exchange.calls, ...workshop.authority.calls];
  const count = (...names: string[]) => calls.filter(({ call }) => names.includes(call)).length;
  expect(workshop.keys.signed).toHaveLength(1);
  expect(count('create', 'put')).toBe(4);
  expect(count('create', 'put', 'remove')).toBeLessThanOrEqual(5);
  expect(count('list')).toBe(0);
});

/** A run that is killed at a point does nothing more; what it did before remains. */
class Killed extends Error {}

function killAt(workshop: Workshop, point: number): void {
  let reached = 0;
  const step = () => {
    reached += 1;
    if (reached === point) throw new Killed(`at point ${point}`);
  };
  workshop.exchange.interrupt = step;
  workshop.authority.interrupt = step;
  workshop.keys.interrupt = step;
}

function heal(workshop: Workshop): void {
  for (const part of [workshop.exchange, workshop.authority, workshop.keys])
    part.interrupt = () => {};
}

const ENOUGH_POINTS = 40;

describe.each(Array.from({ length: ENOUGH_POINTS }, (_, i) => i + 1))(
  'killed at point %i',
  (point) => {
    it.each([
      ['apiserver', 'certificate', {}],
      ['apiserver', 'rejected', { controlPlaneEndpoint: 'other.example.com:6443' }],
    ] as const)('%s: the next delivery results in one %s', async (name, kind, more) => {
      const { workshop, key } = await uploaded(name);
      workshop.declare(set, more);
      killAt(workshop, point);
      await workshop.process(key).catch(ignoreKill);
      const serialsBefore = serialsOf(workshop, key);
      heal(workshop);
      await workshop.process(key);
      expectOneOutcome(workshop, key, kind);
      for (const serial of serialsBefore) expect(serialsOf(workshop, key)).toContain(serial);
    });

    it('an interrupted approval results in one certificate, and nothing stays pending', async () => {
      const { workshop, key } = await uploaded('super-admin.conf');
      await workshop.process(key);
      writeApproval(workshop, key);
      killAt(workshop, point);
      await Promise.allSettled([workshop.process(key), workshop.process(key, undefined)]);
      heal(workshop);
      await workshop.process(key);
      expectOneOutcome(workshop, key, 'certificate');
    });

    it('an approval that arrives during a judgement is not lost', async () => {
      const { workshop, key } = await uploaded('super-admin.conf');
      await workshop.process(key);
      let reached = 0;
      const approvals: Promise<unknown>[] = [];
      workshop.exchange.interrupt = workshop.authority.interrupt = () => {
        reached += 1;
        if (reached === point) approvals.push(approve(workshop, key));
      };
      await workshop.process(key);
      heal(workshop);
      await Promise.all(approvals);
      if (approvals.length === 0) await approve(workshop, key);
      expectOneOutcome(workshop, key, 'certificate');
    });
  },
);

it('the record is written before KMS is asked, and has exactly the bytes that are signed', async () => {
  const { workshop, key } = await uploaded('apiserver');
  let recorded: unknown;
  workshop.keys.interrupt = (point) => {
    if (point === 'before sign') recorded = workshop.authority.json(recordKey(key))?.tbs;
  };
  await workshop.process(key);
  expect(workshop.keys.records).toEqual([recordKey(key)]);
  const certificate = new X509Certificate(workshop.outcome(key).certificate ?? '');
  expect(certificate.raw.includes(Buffer.from(String(recorded), 'base64'))).toBe(true);
});

it('a retry after days signs the bytes of the record, including its dates', async () => {
  const { workshop, key } = await uploaded('apiserver');
  workshop.keys.interrupt = () => {
    throw new Killed('KMS is away');
  };
  await workshop.process(key).catch(ignoreKill);
  heal(workshop);
  workshop.now = new Date(workshop.now.getTime() + 3 * 24 * 60 * 60 * 1000);
  await workshop.process(key);
  expect(new X509Certificate(workshop.outcome(key).certificate ?? '').validFrom).toBe(
    'Nov 24 11:55:00 2026 GMT',
  );
});

function ignoreKill(error: unknown): void {
  if (!(error instanceof Killed)) throw error;
}
