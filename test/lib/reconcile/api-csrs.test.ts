/** CSRs of the certificates API whose upload event was lost. */
import { FIRST_CURSOR, findUnfinished, SHARES } from '../../../lib/reconcile/find-unfinished.ts';
import { bytesOf, clientCsr, keyOf, userCsr } from '../../support/api-csr.ts';
import { InMemoryService, START } from '../../support/in-memory-service.ts';

const RECORD = {
  cluster: 'prod',
  trustDomain: 'fleet',
  kubernetesVersion: 'v1.37.2',
  nodes: [
    { name: 'cp-1', addresses: ['10.20.0.11'], role: 'control-plane' },
    { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' },
  ],
  csrSigning: { kubeletClient: {}, kubeAPIServerClient: {} },
  users: { organizations: [], maxValidityPeriod: '24h', approvalRequired: false },
};

it.each([
  ["a worker's", clientCsr({ cn: 'system:node:w-1' }), 'csr', 1],
  ["a control-plane node's", clientCsr({ cn: 'system:node:cp-1' }), 'cp-1', 1],
  ["a user's", userCsr({ cn: 'jane' }), 'csr', 1],
] as const)('%s is found, issued, and not found again', async (_, object, place, attempt) => {
  const memory = await InMemoryService.open();
  memory.authority.seed('clusters/prod.json', JSON.stringify(RECORD));
  const key = keyOf(object, place, attempt);
  memory.exchange.seed(key, bytesOf(object));
  memory.now = new Date(START.getTime() + 10 * 60 * 1000);
  const find = async () => {
    const options = { graceMs: 300_000, recordsMs: 0, cursor: FIRST_CURSOR, daily: false };
    const { toWake } = await findUnfinished(memory.service, { ...options, shares: SHARES });
    return toWake.map((request) => request.key);
  };
  expect(await find()).toEqual([key]);
  expect((await memory.process(key, undefined)).outcome).toBe('issued');
  expect(await find()).toEqual([]);
});
