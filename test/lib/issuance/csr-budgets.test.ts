/** CSRs of the certificates API and the budgets: whose they are is known only when they have been read. */
import {
  bootstrapBudgetKey,
  clusterBudgetKey,
  nodeBudgetKey,
} from '../../../lib/contract/day-budget.ts';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import {
  type ApiCsr,
  BOOTSTRAPPER,
  bytesOf,
  clientCsr,
  keyOf,
  pemOf,
  userCsr,
} from '../../support/api-csr.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const DAY = '2026-11-24';
const WORKER = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };
const csrSigning = { kubeletClient: {} };

async function opened(more: Record<string, unknown> = {}) {
  const memory = await InMemoryService.open();
  const declare = (nodes: object[], limits: object = {}) =>
    memory.declare(set, { nodes, csrSigning, limits, ...more });
  declare([WORKER]);
  const upload = (node: string, uid: string, spec: ApiCsr['spec'] = {}) => {
    const key = `requests/${CLUSTER}/csr/${uid}/kubelet-client.json`;
    memory.exchange.seed(key, objectOf(node, uid, spec));
    return key;
  };
  const counted = (holder: string) =>
    memory.authority.json(nodeBudgetKey(CLUSTER, holder, DAY)) as
      | { requests: string[]; certificates: string[] }
      | undefined;
  return { memory, declare, upload, counted };
}

const objectOf = (node: string, uid: string, spec: ApiCsr['spec'] = {}) =>
  bytesOf(clientCsr({ cn: `system:node:${node}`, uid, spec }));

it('a worker that the record knows uses its own budget', async () => {
  const { memory, upload, counted } = await opened();
  const key = upload('w-1', 'u-1');
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(counted('w-1')).toMatchObject({
    requests: [expect.any(String)],
    certificates: [expect.any(String)],
  });
  expect(counted('csr')).toBeUndefined();
});

it('invented names leave the budget of the cluster alone', async () => {
  const { memory, upload, counted } = await opened();
  for (let i = 0; i < 20; i++)
    await memory.process(upload(`invented-${i}`, `u-${i}`, BOOTSTRAPPER));
  expect(counted('csr')?.requests).toHaveLength(20);
  expect(counted('csr')?.certificates).toEqual([]);
  expect(memory.authority.objects.has(clusterBudgetKey(CLUSTER, DAY))).toBe(false);
});

it('a worker over its budget is refused without a record, and the next one is not', async () => {
  const { memory, declare, upload } = await opened();
  declare([WORKER, { ...WORKER, name: 'w-2', addresses: ['10.20.0.22'] }], {
    nodeCertificatesPerDay: 1,
  });
  await memory.process(upload('w-1', 'u-1'));
  const second = upload('w-1', 'u-2');
  expect(await memory.process(second)).toMatchObject({ outcome: 'rejected', overBudget: true });
  expect(memory.authority.objects.has(recordKey(second))).toBe(false);
  expect((await memory.process(upload('w-2', 'u-3'))).outcome).toBe('issued');
});

it('a name that was refused as unknown stays refused, and its next attempt is issued', async () => {
  const { memory, declare, upload, counted } = await opened();
  declare([{ ...WORKER, name: 'w-9' }]);
  const first = upload('w-1', 'u-1');
  expect((await memory.process(first)).outcome).toBe('rejected');
  declare([WORKER]);
  expect((await memory.process(first)).outcome).toBe('rejected');
  const key = `requests/${CLUSTER}/csr/u-1.2/kubelet-client.json`;
  memory.exchange.seed(key, objectOf('w-1', 'u-1'));
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(counted('csr')?.requests).toHaveLength(1);
  expect(counted('w-1')?.requests).toHaveLength(1);
});

describe('a stolen bootstrap token', () => {
  const RULE = { namePattern: 'auto-*', addressRanges: ['10.1.0.0/16'], role: 'worker' };
  const day = (holder: string) => nodeBudgetKey(CLUSTER, holder, DAY);
  const ofToken = (id: string) => ({ ...BOOTSTRAPPER, username: `system:bootstrap:${id}` });

  /** As if so many certificates had been issued to the token. */
  function useUp(memory: InMemoryService, holder: string, certificates: number) {
    const counted = Array.from({ length: certificates }, (_, i) => `c${i}`);
    const drawn = { requests: certificates, certificates };
    memory.authority.seed(
      day(holder),
      JSON.stringify({ requests: counted, certificates: counted, drawn, closedThrough: {} }),
    );
  }

  it('takes nothing from the worker that it names, and nothing from the cluster', async () => {
    const { memory, upload, counted } = await opened({ nodeRules: [RULE] });
    for (const [i, node] of ['w-1', 'w-1', 'auto-1', 'auto-2'].entries())
      expect((await memory.process(upload(node, `u-${i}`, BOOTSTRAPPER))).outcome).toBe('issued');
    expect(counted('csr~abcdef')?.certificates).toHaveLength(4);
    expect([counted('w-1'), counted('auto-1')]).toEqual([undefined, undefined]);
    expect(memory.authority.objects.has(clusterBudgetKey(CLUSTER, DAY))).toBe(false);
    expect(memory.authority.json(bootstrapBudgetKey(CLUSTER, DAY))).toMatchObject({
      drawn: { certificates: 4 },
    });
  });

  it('that is used up stops neither rotation, nor nodes that join with another token', async () => {
    const { memory, upload } = await opened({ nodeRules: [RULE] });
    useUp(memory, 'csr~abcdef', 2000);
    const refused = upload('auto-1', 'u-1', BOOTSTRAPPER);
    expect(await memory.process(refused)).toMatchObject({ outcome: 'rejected', overBudget: true });
    expect(memory.outcome(refused).rejected).toMatchObject({
      violations: [
        {
          code: 'budget-exceeded',
          allowed: `2000 certificates a day for bootstrap token abcdef of ${CLUSTER}`,
          fix: expect.stringMatching(/^delete the token if it was stolen, let nodes join with an/),
        },
      ],
    });
    expect((await memory.process(upload('auto-1', 'u-2', ofToken('fedcba')))).outcome).toBe(
      'issued',
    );
    expect((await memory.process(upload('auto-1', 'u-3'))).outcome).toBe('issued');
    expect((await memory.process(upload('w-1', 'u-4'))).outcome).toBe('issued');
  });

  it('cannot be multiplied: all tokens together have a limit, too, even if a forwarder invents them', async () => {
    const { memory, upload } = await opened({ nodeRules: [RULE] });
    const drawn = { requests: 20_000, certificates: 10_000 };
    memory.authority.seed(bootstrapBudgetKey(CLUSTER, DAY), JSON.stringify({ drawn }));
    const refused = upload('auto-1', 'u-1', ofToken('fedcba'));
    expect(await memory.process(refused)).toMatchObject({ outcome: 'rejected', overBudget: true });
    expect(JSON.stringify(memory.outcome(refused).rejected)).toContain(
      `a day for all bootstrap tokens of ${CLUSTER}`,
    );
    expect((await memory.process(upload('auto-1', 'u-2'))).outcome).toBe('issued');
  });
});

describe('CSRs of users that someone can create and approve in the cluster', () => {
  async function openedForUsers() {
    const { memory, counted } = await opened({
      csrSigning: { kubeAPIServerClient: {} },
      users: { approvalRequired: false },
      limits: { userRequestsPerDay: 2 },
    });
    const forwarded = (uid: string) => {
      const object = userCsr({ cn: `invented-${uid}`, uid });
      memory.exchange.seed(keyOf(object), bytesOf(object));
      return memory.process(keyOf(object));
    };
    const uploaded = (id: string) => {
      const key = `requests/${CLUSTER}/users/${id}/user.csr`;
      memory.exchange.seed(key, Buffer.from(pemOf({ cn: 'jane', o: [] })));
      return memory.process(key);
    };
    return { memory, counted, forwarded, uploaded };
  }

  it('take nothing from people who upload themselves, and nothing from the cluster', async () => {
    const { memory, counted, forwarded, uploaded } = await openedForUsers();
    for (const uid of ['u-1', 'u-2']) expect((await forwarded(uid)).outcome).toBe('issued');
    expect(await forwarded('u-3')).toMatchObject({ outcome: 'rejected', overBudget: true });
    expect(counted('users~csr')?.certificates).toHaveLength(2);
    expect(counted('users')).toBeUndefined();
    expect(memory.authority.objects.has(clusterBudgetKey(CLUSTER, DAY))).toBe(false);
    expect((await uploaded('r1')).outcome).toBe('issued');
  });

  it('are issued while people who upload themselves have used up theirs', async () => {
    const { forwarded, uploaded } = await openedForUsers();
    for (const id of ['r1', 'r2']) expect((await uploaded(id)).outcome).toBe('issued');
    expect(await uploaded('r3')).toMatchObject({ outcome: 'rejected', overBudget: true });
    expect((await forwarded('u-1')).outcome).toBe('issued');
  });
});
