/**
 * `pending.json` is looked for when the record exists, and deleted after the outcome. A run that finds the request pending
 * beside one that decides it must not leave it behind, even if only one of them knows that an approval was ever needed.
 */
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const NEEDS_APPROVAL = { approvalRequired: ['apiserver'] };
/** More than a run makes. */
const POINTS = Array.from({ length: 32 }, (_, i) => i + 1);

async function opened() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set, NEEDS_APPROVAL);
  return { memory, key: memory.upload(node, csrOf(set, 'apiserver')) };
}

/** Does something once, when a run has reached a point. */
function at(memory: InMemoryService, point: number, action: () => void): void {
  let reached = 0;
  const step = () => {
    reached += 1;
    if (reached === point) action();
  };
  memory.exchange.interrupt = memory.authority.interrupt = step;
  memory.keys.interrupt = step;
}

function heal(memory: InMemoryService): void {
  for (const part of [memory.exchange, memory.authority, memory.keys]) part.interrupt = () => {};
}

const kindsOf = (memory: InMemoryService, key: string) =>
  Object.entries(memory.outcome(key)).flatMap(([kind, value]) => (value ? [kind] : []));

describe.each([
  ['issues', {}, 'certificate'],
  ['rejects', { controlPlaneEndpoint: 'other.example.com:6443' }, 'rejected'],
] as const)('a run that %s by a changed cluster record', (_, change, kind) => {
  it.each(POINTS)('at point %i of one that finds the request pending', async (point) => {
    const { memory, key } = await opened();
    const others: Promise<unknown>[] = [];
    at(memory, point, () => {
      memory.declare(set, change);
      others.push(memory.process(key));
    });
    await memory.process(key);
    heal(memory);
    await Promise.all(others);
    if (others.length === 0) {
      memory.declare(set, change);
      await memory.process(key);
    }
    expect(kindsOf(memory, key)).toEqual([kind]);
  });

  it.each(POINTS)(
    'while another run finds the request pending, started at point %i',
    async (point) => {
      const { memory, key } = await opened();
      memory.declare(set, change);
      const others: Promise<unknown>[] = [];
      at(memory, point, () => {
        memory.declare(set, NEEDS_APPROVAL);
        others.push(memory.process(key));
      });
      await memory.process(key);
      heal(memory);
      await Promise.all(others);
      if (memory.authority.objects.has(recordKey(key)))
        expect(kindsOf(memory, key)).not.toContain('pending');
    },
  );

  it.each(POINTS)('killed at point %i after the request was pending', async (point) => {
    const { memory, key } = await opened();
    expect((await memory.process(key)).outcome).toBe('pending');
    memory.declare(set, change);
    at(memory, point, () => {
      throw new Error('killed');
    });
    await memory.process(key).catch(() => undefined);
    heal(memory);
    await memory.process(key);
    expect(kindsOf(memory, key)).toEqual([kind]);
  });
});

it('a run that only looks finds nothing to delete, and deletes nothing', async () => {
  const { memory, key } = await opened();
  memory.declare(set);
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(memory.exchange.calls.map(({ call }) => call)).not.toContain('remove');
});
