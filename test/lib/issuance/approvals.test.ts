/** A certificate of `ca` with system:masters must be approved by someone who cannot upload. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requestApprovalKey, standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { approve, writeApproval } from '../../support/approve.ts';
import {
  CLUSTER,
  InMemoryService,
  TRUST_DOMAIN,
  UPLOADER,
} from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');

function csrOf(set: typeof newest, name: string) {
  const csr = set.csrs.find((candidate) => candidate.certificateName === name);
  if (!csr) throw new Error(`no CSR of ${name}`);
  return csr;
}

async function waiting(set = newest, name = 'super-admin.conf') {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const key = memory.upload(node, csrOf(set, name));
  expect((await memory.process(key)).outcome).toBe('pending');
  return { memory, key, node };
}

function standing(memory: InMemoryService, ...certificateNames: string[]) {
  const approval = {
    cluster: CLUSTER,
    trustDomain: TRUST_DOMAIN,
    certificateNames,
    approver: 'bob',
    decidedAt: 'today',
  };
  memory.authority.seed(standingApprovalKey(CLUSTER), JSON.stringify(approval));
}

it('says what it waits for, and nothing is recorded or signed until then', async () => {
  const { memory, key } = await waiting();
  expect(memory.outcome(key).pending).toMatchObject({
    request: key,
    certificateName: 'super-admin.conf',
    since: '2026-11-24T12:00:00.000Z',
    waitingFor: expect.stringContaining('an approver'),
    csrSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    uploader: UPLOADER,
  });
  expect(memory.keys.signed).toEqual([]);
  expect([...memory.authority.objects.keys()].filter((k) => k.startsWith('records/'))).toEqual([]);
});

it('a repeated event leaves it pending since the same time', async () => {
  const { memory, key } = await waiting();
  const before = memory.outcome(key).pending;
  memory.now = new Date('2026-11-25T12:00:00Z');
  expect((await memory.process(key)).outcome).toBe('pending');
  expect(memory.outcome(key).pending).toEqual(before);
});

it('after approval it is issued, and the record names uploader and approver', async () => {
  const { memory, key } = await waiting();
  const done = await approve(memory, key);
  expect(done.outcome).toBe('issued');
  expect(done.record).toMatchObject({
    uploader: UPLOADER,
    approval: 'request approval by alice',
    certificate: { organizations: ['system:masters'] },
  });
  const { pending, certificate = '' } = memory.outcome(key);
  expect(pending).toBeUndefined();
  expect(new X509Certificate(certificate).subject).toBe(
    'O=system:masters\nCN=kubernetes-super-admin',
  );
});

it("after a denial it is rejected with the approver's reason", async () => {
  const { memory, key } = await waiting();
  expect((await approve(memory, key, 'deny')).outcome).toBe('rejected');
  expect(memory.outcome(key).rejected).toMatchObject({
    violations: [{ code: 'approval-denied', got: 'denied: asked by ticket 4711' }],
  });
});

it('an approval of other bytes does not count', async () => {
  const { memory, key, node } = await waiting();
  writeApproval(memory, key);
  const other = readFileSync(
    csrOf(kubeadmSet('1.29.15', 'generate-csr', 'v4-p256'), 'super-admin.conf').file,
  );
  memory.exchange.seed(key, other);
  expect((await memory.process(key)).outcome).toBe('pending');
  expect(node).not.toBe('');
});

it.each([
  ['another request', { request: 'requests/prod/cp-1/r1/admin.conf.csr' }],
  ['another digest', { csrSha256: '0'.repeat(64) }],
  ['another trust domain', { trustDomain: 'other' }],
  ['another validity', { validitySeconds: 1 }],
])('an approval object whose body names %s does not count', async (_, change) => {
  const { memory, key } = await waiting();
  writeApproval(memory, key);
  const approvalKey = requestApprovalKey(key, String(memory.outcome(key).pending?.csrSha256));
  const body = { ...memory.authority.json(approvalKey), ...change };
  memory.authority.seed(approvalKey, JSON.stringify(body));
  expect((await memory.process(key)).outcome).toBe('pending');
});

it.each(['admin.conf', 'apiserver-kubelet-client'])(
  'up to 1.28, %s is pending too, until a standing approval names it',
  async (name) => {
    const { memory, key } = await waiting(legacy, name);
    standing(memory, 'scheduler.conf');
    expect((await memory.process(key)).outcome).toBe('pending');
    standing(memory, name);
    const done = await memory.process(key);
    expect(done).toMatchObject({
      outcome: 'issued',
      record: { approval: 'standing approval by bob' },
    });
  },
);

it('a standing approval does not cover super-admin.conf, even if one is written for it', async () => {
  const { memory, key } = await waiting();
  standing(memory, 'super-admin.conf');
  expect((await memory.process(key)).outcome).toBe('pending');
});

it('a denial of the request overrides a standing approval', async () => {
  const { memory, key } = await waiting(legacy, 'admin.conf');
  standing(memory, 'admin.conf');
  expect((await approve(memory, key, 'deny')).outcome).toBe('rejected');
});

it.each(['apiserver-etcd-client', 'etcd-healthcheck-client'])(
  'system:masters of etcd-ca means nothing to the API server: %s of 1.22 needs no approval',
  async (name) => {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(legacy);
    expect((await memory.process(memory.upload(node, csrOf(legacy, name)))).outcome).toBe('issued');
  },
);

it('the cluster record can require approval for any name', async () => {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(newest, { approvalRequired: ['scheduler.conf'] });
  const key = memory.upload(node, csrOf(newest, 'scheduler.conf'));
  expect((await memory.process(key)).outcome).toBe('pending');
  standing(memory, 'scheduler.conf');
  expect((await memory.process(key)).outcome).toBe('issued');
});

it('an approval is for the cluster record that the approver saw: after a change, the request is pending again', async () => {
  const { memory, key } = await waiting();
  writeApproval(memory, key);
  memory.declare(newest, { certificateValidityPeriod: '87000h0m0s' });
  expect((await memory.process(key)).outcome).toBe('pending');
  expect(memory.outcome(key).pending).toMatchObject({ validitySeconds: 87000 * 3600 });
});

it('the writer of another object is not named as the approver', async () => {
  const { memory, key } = await waiting();
  writeApproval(memory, key);
  const approval = { key: requestApprovalKey(key, '0'.repeat(64)), principal: 'AWS:another' };
  const done = await processRequest(memory.service, { key, approval });
  expect(done).toMatchObject({
    outcome: 'issued',
    record: { approval: 'request approval by alice' },
  });
  expect(done.record).not.toHaveProperty('approver');
});
