/** A certificate of `ca` with system:masters must be approved by someone who cannot upload. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requestApprovalKey, standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { ALICE, approve, writeApproval } from '../../support/approve.ts';
import {
  CLUSTER,
  InMemoryService,
  TRUST_DOMAIN,
  UPLOADER,
} from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');

const YEAR = 8760 * 3600;

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

const BOB = 'AROAAPPROVER:bob';

interface Grant {
  readonly certificateName: string;
  readonly organizations?: readonly string[];
  readonly maxValiditySeconds?: number;
}

function standing(memory: InMemoryService, ...grants: Grant[]) {
  const approval = {
    cluster: CLUSTER,
    grants: grants.map((grant) => ({
      organizations: ['system:masters'],
      maxValiditySeconds: YEAR,
      trustDomain: TRUST_DOMAIN,
      decidedAt: 'today',
      ...grant,
    })),
    denials: [],
  };
  memory.authority.seed(standingApprovalKey(CLUSTER, BOB), JSON.stringify(approval));
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
    approval: {
      planDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      by: [{ approver: ALICE, kind: 'request' }],
    },
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
  ['another plan', { planDigest: '0'.repeat(64) }],
])('an approval object whose body names %s does not count', async (_, change) => {
  const { memory, key } = await waiting();
  writeApproval(memory, key);
  const digest = String(memory.outcome(key).pending?.planDigest);
  const approvalKey = requestApprovalKey(key, digest, ALICE);
  const body = { ...memory.authority.json(approvalKey), ...change };
  memory.authority.seed(approvalKey, JSON.stringify(body));
  expect((await memory.process(key)).outcome).toBe('pending');
});

it.each(['admin.conf', 'apiserver-kubelet-client'])(
  'up to 1.28, %s is pending too, until a standing approval names it',
  async (name) => {
    const { memory, key } = await waiting(legacy, name);
    standing(memory, { certificateName: 'scheduler.conf' });
    expect((await memory.process(key)).outcome).toBe('pending');
    standing(memory, { certificateName: name });
    const done = await memory.process(key);
    expect(done).toMatchObject({
      outcome: 'issued',
      record: { approval: { by: [{ approver: BOB, kind: 'standing' }] } },
    });
  },
);

it('a standing approval does not cover super-admin.conf, even if one is written for it', async () => {
  const { memory, key } = await waiting();
  standing(memory, { certificateName: 'super-admin.conf' });
  expect((await memory.process(key)).outcome).toBe('pending');
});

it('a denial of the request overrides a standing approval', async () => {
  const { memory, key } = await waiting(legacy, 'admin.conf');
  standing(memory, { certificateName: 'admin.conf' });
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
  standing(memory, { certificateName: 'scheduler.conf' });
  expect((await memory.process(key)).outcome).toBe('issued');
});

it('an approval is for the cluster record that the approver saw: after a change, the request is pending again', async () => {
  const { memory, key } = await waiting();
  writeApproval(memory, key);
  memory.declare(newest, { certificateValidityPeriod: '24h' });
  expect((await memory.process(key)).outcome).toBe('pending');
  expect(memory.outcome(key).pending).toMatchObject({
    validitySeconds: 24 * 3600,
    uncounted: [{ approver: ALICE, reason: 'it is for an earlier plan' }],
  });
});
