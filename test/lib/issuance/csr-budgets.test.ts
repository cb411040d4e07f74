/** CSRs of the certificates API and the budgets: whose they are is known only when they have been read. */
import { clusterBudgetKey, nodeBudgetKey } from '../../../lib/contract/day-budget.ts';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { BOOTSTRAPPER, bytesOf, clientCsr } from '../../support/api-csr.ts';
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
  const upload = (node: string, uid: string) => {
    const key = `requests/${CLUSTER}/csr/${uid}/kubelet-client.json`;
    memory.exchange.seed(key, objectOf(node, uid));
    return key;
  };
  const counted = (holder: string) =>
    memory.authority.json(nodeBudgetKey(CLUSTER, holder, DAY)) as
      | { requests: string[]; certificates: string[] }
      | undefined;
  return { memory, declare, upload, counted };
}

const objectOf = (node: string, uid: string) =>
  bytesOf(clientCsr({ cn: `system:node:${node}`, uid, spec: BOOTSTRAPPER }));

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
  for (let i = 0; i < 20; i++) await memory.process(upload(`invented-${i}`, `u-${i}`));
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
