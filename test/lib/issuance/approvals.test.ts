/** A certificate of `ca` with system:masters must be approved by someone who cannot upload. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { requestApprovalKey, standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { approve, writeApproval } from '../../support/approve.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { CLUSTER, TRUST_DOMAIN, UPLOADER, Workshop } from '../../support/workshop.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');

function csrOf(set: typeof newest, name: string) {
  const csr = set.csrs.find((candidate) => candidate.certificateName === name);
  if (!csr) throw new Error(`no CSR of ${name}`);
  return csr;
}

async function waiting(set = newest, name = 'super-admin.conf') {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(set);
  const key = workshop.upload(node, csrOf(set, name));
  expect((await workshop.process(key)).outcome).toBe('pending');
  return { workshop, key, node };
}

function standing(workshop: Workshop, ...certificateNames: string[]) {
  const approval = {
    cluster: CLUSTER,
    trustDomain: TRUST_DOMAIN,
    certificateNames,
    approver: 'bob',
    decidedAt: 'today',
  };
  workshop.authority.seed(standingApprovalKey(CLUSTER), JSON.stringify(approval));
}

it('says what it waits for, and nothing is recorded or signed until then', async () => {
  const { workshop, key } = await waiting();
  expect(workshop.outcome(key).pending).toMatchObject({
    request: key,
    certificateName: 'super-admin.conf',
    since: '2026-11-24T12:00:00.000Z',
    waitingFor: expect.stringContaining('an approver'),
    csrSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    uploader: UPLOADER,
  });
  expect(workshop.keys.signed).toEqual([]);
  expect([...workshop.authority.objects.keys()].filter((k) => k.startsWith('records/'))).toEqual(
    [],
  );
});

it('a repeated event leaves it pending since the same time', async () => {
  const { workshop, key } = await waiting();
  const before = workshop.outcome(key).pending;
  workshop.now = new Date('2026-11-25T12:00:00Z');
  expect((await workshop.process(key)).outcome).toBe('pending');
  expect(workshop.outcome(key).pending).toEqual(before);
});

it('after approval it is issued, and the record names uploader and approver', async () => {
  const { workshop, key } = await waiting();
  const done = await approve(workshop, key);
  expect(done.outcome).toBe('issued');
  expect(done.record).toMatchObject({
    uploader: UPLOADER,
    approval: 'request approval by alice',
    certificate: { organizations: ['system:masters'] },
  });
  const { pending, certificate = '' } = workshop.outcome(key);
  expect(pending).toBeUndefined();
  expect(new X509Certificate(certificate).subject).toBe(
    'O=system:masters\nCN=kubernetes-super-admin',
  );
});

it("after a denial it is rejected with the approver's reason", async () => {
  const { workshop, key } = await waiting();
  expect((await approve(workshop, key, 'deny')).outcome).toBe('rejected');
  expect(workshop.outcome(key).rejected).toMatchObject({
    violations: [{ code: 'approval-denied', got: 'denied: asked by ticket 4711' }],
  });
});

it('an approval of other bytes does not count', async () => {
  const { workshop, key, node } = await waiting();
  writeApproval(workshop, key);
  const other = readFileSync(
    csrOf(kubeadmSet('1.29.15', 'generate-csr', 'v4-p256'), 'super-admin.conf').file,
  );
  workshop.exchange.seed(key, other);
  expect((await workshop.process(key)).outcome).toBe('pending');
  expect(node).not.toBe('');
});

it.each([
  ['another request', { request: 'requests/prod/cp-1/r1/admin.conf.csr' }],
  ['another digest', { csrSha256: '0'.repeat(64) }],
  ['another trust domain', { trustDomain: 'other' }],
  ['another validity', { validitySeconds: 1 }],
])('an approval object whose body names %s does not count', async (_, change) => {
  const { workshop, key } = await waiting();
  writeApproval(workshop, key);
  const approvalKey = requestApprovalKey(key, String(workshop.outcome(key).pending?.csrSha256));
  const body = { ...workshop.authority.json(approvalKey), ...change };
  workshop.authority.seed(approvalKey, JSON.stringify(body));
  expect((await workshop.process(key)).outcome).toBe('pending');
});

it.each(['admin.conf', 'apiserver-kubelet-client'])(
  'up to 1.28, %s is pending too, until a standing approval names it',
  async (name) => {
    const { workshop, key } = await waiting(legacy, name);
    standing(workshop, 'scheduler.conf');
    expect((await workshop.process(key)).outcome).toBe('pending');
    standing(workshop, name);
    const done = await workshop.process(key);
    expect(done).toMatchObject({
      outcome: 'issued',
      record: { approval: 'standing approval by bob' },
    });
  },
);

it('a standing approval does not cover super-admin.conf, even if one is written for it', async () => {
  const { workshop, key } = await waiting();
  standing(workshop, 'super-admin.conf');
  expect((await workshop.process(key)).outcome).toBe('pending');
});

it('a denial of the request overrides a standing approval', async () => {
  const { workshop, key } = await waiting(legacy, 'admin.conf');
  standing(workshop, 'admin.conf');
  expect((await approve(workshop, key, 'deny')).outcome).toBe('rejected');
});

it.each(['apiserver-etcd-client', 'etcd-healthcheck-client'])(
  'system:masters of etcd-ca means nothing to the API server: %s of 1.22 needs no approval',
  async (name) => {
    const workshop = await Workshop.open();
    const { node } = workshop.declare(legacy);
    expect((await workshop.process(workshop.upload(node, csrOf(legacy, name)))).outcome).toBe(
      'issued',
    );
  },
);

it('the cluster record can require approval for any name', async () => {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(newest, { approvalRequired: ['scheduler.conf'] });
  const key = workshop.upload(node, csrOf(newest, 'scheduler.conf'));
  expect((await workshop.process(key)).outcome).toBe('pending');
  standing(workshop, 'scheduler.conf');
  expect((await workshop.process(key)).outcome).toBe('issued');
});

it('an approval is for the cluster record that the approver saw: after a change, the request is pending again', async () => {
  const { workshop, key } = await waiting();
  writeApproval(workshop, key);
  workshop.declare(newest, { certificateValidityPeriod: '87000h0m0s' });
  expect((await workshop.process(key)).outcome).toBe('pending');
  expect(workshop.outcome(key).pending).toMatchObject({ validitySeconds: 87000 * 3600 });
});

it('the writer of another object is not named as the approver', async () => {
  const { workshop, key } = await waiting();
  writeApproval(workshop, key);
  const approval = { key: requestApprovalKey(key, '0'.repeat(64)), principal: 'AWS:another' };
  const done = await processRequest(workshop.service, { key, approval });
  expect(done).toMatchObject({
    outcome: 'issued',
    record: { approval: 'request approval by alice' },
  });
  expect(done.record).not.toHaveProperty('approver');
});
