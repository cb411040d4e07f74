/** Whose budget a CSR of the certificates API counts in, and that it stays the same. */
import { budgetHolderOf, keepBudgetHolder } from '../../../lib/budget/holder.ts';
import { formatCsrObject } from '../../../lib/certificates-api/csr-object.ts';
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import { budgetHolderKey } from '../../../lib/contract/budget-holder.ts';
import { buildCsr, CN, name, O, toPem } from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const { record } = parseClusterRecord({
  cluster: 'prod',
  trustDomain: 'prod',
  kubernetesVersion: 'v1.37.2',
  nodes: [
    { name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' },
    { name: 'w-1', addresses: ['10.0.0.2'], role: 'worker' },
  ],
  nodeRules: [{ namePattern: 'auto-*', addressRanges: ['10.1.0.0/16'], role: 'worker' }],
});

const BOOTSTRAP = 'system:bootstrap:abcdef';

function objectFor(commonName: string, username = commonName): { body: Uint8Array } {
  const subject = name([O, 'system:nodes'], [CN, commonName]);
  const request = toPem(buildCsr({ key: testKey('rsa-2048'), subject }));
  return {
    body: Buffer.from(
      formatCsrObject({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name: 'csr-1', uid: 'u-1', creationTimestamp: '2026-11-24T06:00:00Z' },
        spec: {
          request: Buffer.from(request).toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
          usages: ['digital signature', 'client auth'],
          username,
          groups: username === BOOTSTRAP ? ['system:bootstrappers'] : ['system:nodes'],
        },
        status: {},
      }),
    ),
  };
}

const holder = (commonName: string, path = 'kubelet-client.json', known = record) =>
  budgetHolderOf({ path }, objectFor(commonName), known);

it.each([
  ['a listed worker', 'system:node:w-1', 'w-1'],
  ['a worker that a rule knows', 'system:node:auto-7', 'auto-7'],
  ['a name that no record knows', 'system:node:invented', 'csr'],
  // anyone with a bootstrap token can name it, and no certificate of it is issued here
  ['a control plane', 'system:node:cp-1', 'csr'],
  ['no node', 'system:node:', 'csr'],
  ['a name that is not a node', 'jane', 'csr'],
])('a kubelet CSR of %s', (_, commonName, expected) => {
  expect(holder(commonName)).toBe(expected);
  expect(holder(commonName, 'kubelet-serving.json')).toBe(expected);
});

it.each([
  ['a listed worker', 'system:node:w-1', BOOTSTRAP, 'csr~abcdef'],
  ['a name that fits a rule', 'system:node:auto-7', BOOTSTRAP, 'csr~abcdef'],
  ['a name that no record knows', 'system:node:invented', BOOTSTRAP, 'csr'],
  ['a worker, by another node', 'system:node:w-1', 'system:node:w-2', 'csr~others'],
  ['a worker, by no bootstrap token', 'system:node:w-1', 'system:bootstrap:../../x', 'csr~others'],
])('what others request for %s counts for the requester', (_, commonName, username, expected) => {
  const object = objectFor(commonName, username);
  const path = 'kubelet-client.json';
  expect(budgetHolderOf({ path }, object, record)).toBe(expected);
});

it('without a cluster record, no name is known', () => {
  expect(
    budgetHolderOf({ path: 'kubelet-client.json' }, objectFor('system:node:w-1'), undefined),
  ).toBe('csr');
});

it('an object that cannot be read counts with the unknown names', () => {
  const body = Buffer.from('{}');
  expect(budgetHolderOf({ path: 'kubelet-client.json' }, { body }, record)).toBe('csr');
});

it('CSRs of users count together, apart from users who upload, whatever name they request', () => {
  const object = objectFor('system:node:w-1');
  const csrSigning = {
    uploaders: [],
    maxValiditySeconds: 3600,
    kubeletClient: undefined,
    kubeletServing: undefined,
    kubeAPIServerClient: {},
  };
  const signing = record && { ...record, csrSigning };
  expect(budgetHolderOf({ path: 'user.json' }, object, signing)).toBe('users~csr');
});

it('CSRs of users take nothing from them if the record allows no such CSRs', () => {
  expect(budgetHolderOf({ path: 'user.json' }, objectFor('jane'), record)).toBe('csr');
});

describe('the holder of a request', () => {
  const address = { cluster: 'prod', node: 'csr', requestId: 'u-1', path: 'kubelet-client.json' };
  const day = '2026-11-24';

  it('is that of the first run, even if the record has changed', async () => {
    const store = new MemoryStore();
    expect(await keepBudgetHolder(store, address, day, 'csr')).toBe('csr');
    expect(await keepBudgetHolder(store, address, day, 'w-1')).toBe('csr');
    expect(store.calls.map(({ call }) => call)).toEqual(['create', 'create', 'get']);
  });

  it('may differ for the next attempt', async () => {
    const store = new MemoryStore();
    await keepBudgetHolder(store, address, day, 'csr');
    const next = { ...address, requestId: 'u-1.2' };
    expect(await keepBudgetHolder(store, next, day, 'w-1')).toBe('w-1');
  });

  it('is one, however many runs look at the same time', async () => {
    const store = new MemoryStore();
    const found = await Promise.all(
      ['w-1', 'csr', 'w-1', 'csr'].map((one) => keepBudgetHolder(store, address, day, one)),
    );
    expect(new Set(found).size).toBe(1);
    expect(store.json(budgetHolderKey(address, day))).toEqual({ holder: found[0] });
  });
});
