/** A certificate of `ca` with system:masters must be approved by someone who cannot upload. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import { requestApprovalKey, standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { standingGrantFor } from '../../../lib/policy/standing-grant.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { ALICE, approve, writeApproval } from '../../support/approve.ts';
import {
  CLUSTER,
  InMemoryService,
  TRUST_DOMAIN,
  UPLOADER,
} from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');

const YEAR = 8760 * 3600;

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

describe('where several approvers are required', () => {
  it.each<[string, number | undefined, number | undefined]>([
    ['the trust domain', 2, undefined],
    ['the cluster record', undefined, 2],
    ['the trust domain, and the record cannot lower it', 2, 1],
    ['the record, which raises what the trust domain requires', 1, 2],
  ])('by %s, two people have to approve', async (_, floor, raised) => {
    const { memory, key } = await waiting();
    if (floor !== undefined) memory.rules = { [TRUST_DOMAIN]: { requiredApprovals: floor } };
    memory.declare(newest, raised === undefined ? {} : { requiredApprovals: raised });
    expect((await approve(memory, key)).outcome).toBe('pending');
    expect(memory.outcome(key).pending).toMatchObject({
      requiredApprovals: 2,
      approvals: [{ approver: ALICE, kind: 'request' }],
      waitingFor: expect.stringMatching(/^2 approvers: .*; approved by AROAAPPROVER:alice$/),
    });
    const done = await approve(memory, key, 'approve', BOB);
    expect(done).toMatchObject({
      outcome: 'issued',
      record: { approval: { required: 2, by: [{ approver: ALICE }, { approver: BOB }] } },
    });
  });

  it('one person in two roles is one', async () => {
    const { memory, key } = await waiting();
    memory.rules = { [TRUST_DOMAIN]: { requiredApprovals: 2 } };
    await approve(memory, key);
    expect((await approve(memory, key, 'approve', 'AROASECURITY:alice')).outcome).toBe('pending');
  });

  it('a denial by a third person denies what two approved', async () => {
    const { memory, key } = await waiting();
    memory.rules = { [TRUST_DOMAIN]: { requiredApprovals: 2 } };
    writeApproval(memory, key, 'approve');
    writeApproval(memory, key, 'approve', BOB);
    const done = await approve(memory, key, 'deny', 'AROAAPPROVER:carol');
    expect(done).toMatchObject({
      outcome: 'rejected',
      record: { deniedBy: 'AROAAPPROVER:carol', violations: [{ code: 'approval-denied' }] },
    });
  });
});

describe('an uploader', () => {
  it('cannot approve their own request, in whatever role', async () => {
    const { memory, key } = await waiting();
    expect((await approve(memory, key, 'approve', 'AROAAPPROVER:i-0abc')).outcome).toBe('pending');
    expect(memory.outcome(key).pending).toMatchObject({
      uncounted: [{ approver: 'AROAAPPROVER:i-0abc', reason: 'its author uploaded the request' }],
    });
  });

  /** An approval that is written before the event of the upload was processed would otherwise be judged without it. */
  it('cannot approve it before the event of the upload arrives', async () => {
    const { memory, key } = await waiting();
    writeApproval(memory, key, 'approve', 'AROAAPPROVER:i-0abc');
    memory.exchange.objects.delete(
      key.replace(/^requests/, 'certificates').replace(/csr$/, 'pending.json'),
    );
    expect((await processRequest(memory.service, { key })).outcome).toBe('pending');
    expect((await memory.process(key)).outcome).toBe('pending');
  });

  it('counts as known until its event is lost: an approval waits for it', async () => {
    const { memory, key } = await uploadedWithoutEvent();
    writeApproval(memory, key);
    expect((await processRequest(memory.service, { key })).outcome).toBe('pending');
    expect(memory.outcome(key).pending).toMatchObject({
      requiredApprovals: 1,
      waitingFor: expect.stringMatching(/^the upload event/),
    });
    memory.now = new Date(memory.now.getTime() + 15 * 60 * 1000);
    expect((await processRequest(memory.service, { key })).outcome).toBe('issued');
  });

  it('whose event was lost may be one of two approvers, so a third has to approve', async () => {
    const { memory, key } = await uploadedWithoutEvent({ requiredApprovals: 2 });
    memory.now = new Date(memory.now.getTime() + 15 * 60 * 1000);
    writeApproval(memory, key);
    writeApproval(memory, key, 'approve', BOB);
    expect((await processRequest(memory.service, { key })).outcome).toBe('pending');
    expect(memory.outcome(key).pending).toMatchObject({ requiredApprovals: 3 });
    writeApproval(memory, key, 'approve', 'AROAAPPROVER:carol');
    expect((await processRequest(memory.service, { key })).outcome).toBe('issued');
  });

  /** The upload is old because no run took messages: its event is only about to be processed. */
  it('cannot approve an old upload by a run that is faster than its event', async () => {
    const { memory, key } = await waiting();
    writeApproval(memory, key, 'approve', 'AROAAPPROVER:i-0abc');
    memory.exchange.objects.delete(
      key.replace(/^requests/, 'certificates').replace(/csr$/, 'pending.json'),
    );
    memory.now = new Date(memory.now.getTime() + 60 * 60 * 1000);
    const runs = [processRequest(memory.service, { key }), memory.process(key)];
    expect((await Promise.all(runs)).map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
    expect(memory.outcome(key).pending).toMatchObject({ uploader: UPLOADER });
    memory.now = new Date(memory.now.getTime() + 60 * 60 * 1000);
    expect((await processRequest(memory.service, { key })).outcome).toBe('pending');
  });

  /** The run without the event began before the cluster record changed, so the two publish different plans. */
  it.each(Array.from({ length: 24 }, (_, i) => i + 1))(
    'stays known if the cluster record changes at point %i of a run without the event',
    async (point) => {
      const memory = await InMemoryService.open();
      const { node } = memory.declare(newest);
      const key = memory.upload(node, csrOf(newest, 'super-admin.conf'));
      const others: Promise<unknown>[] = [];
      let reached = 0;
      const step = () => {
        reached += 1;
        if (reached !== point) return;
        memory.declare(newest, { certificateValidityPeriod: '720h' });
        others.push(memory.process(key));
      };
      memory.exchange.interrupt = memory.authority.interrupt = step;
      await processRequest(memory.service, { key });
      memory.exchange.interrupt = memory.authority.interrupt = () => {};
      await Promise.all(others.length > 0 ? others : [memory.process(key)]);
      expect(memory.outcome(key).pending).toMatchObject({ uploader: UPLOADER });
    },
  );

  async function uploadedWithoutEvent(record = {}) {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(newest, record);
    const key = memory.upload(node, csrOf(newest, 'super-admin.conf'));
    await processRequest(memory.service, { key });
    return { memory, key };
  }
});

describe('a standing approval', () => {
  const grantOf = (memory: InMemoryService, name: CertificateName): Grant => {
    const { record } = parseClusterRecord(memory.authority.json(`clusters/${CLUSTER}.json`));
    const grant = record && standingGrantFor(name, record);
    if (!grant) throw new Error(`no ${name}`);
    return grant;
  };

  it('of admin.conf does not become system:masters when the version of the cluster is set back', async () => {
    const memory = await InMemoryService.open();
    memory.declare(newest);
    const grant = grantOf(memory, 'admin.conf');
    expect(grant).toMatchObject({ organizations: ['kubeadm:cluster-admins'] });
    standing(memory, grant);
    const { node } = memory.declare(legacy);
    const key = memory.upload(node, csrOf(legacy, 'admin.conf'));
    expect((await memory.process(key)).outcome).toBe('pending');
    expect(memory.keys.signed).toEqual([]);
    expect(memory.outcome(key).pending).toMatchObject({
      organizations: ['system:masters'],
      uncounted: [{ approver: BOB, reason: 'the standing approval does not cover it' }],
    });
  });

  it('does not cover a longer validity than the cluster record had when it was given', async () => {
    const memory = await InMemoryService.open();
    memory.declare(legacy, { certificateValidityPeriod: '720h' });
    standing(memory, grantOf(memory, 'admin.conf'));
    const { node } = memory.declare(legacy, { certificateValidityPeriod: '721h' });
    const key = memory.upload(node, csrOf(legacy, 'admin.conf'));
    expect((await memory.process(key)).outcome).toBe('pending');
    memory.declare(legacy, { certificateValidityPeriod: '24h' });
    expect((await memory.process(key)).outcome).toBe('issued');
  });

  it('is suspended by the denial of another approver', async () => {
    const { memory, key } = await waiting(legacy, 'admin.conf');
    standing(memory, { certificateName: 'admin.conf' });
    const denials = [{ certificateName: 'admin.conf', decidedAt: 'today' }];
    const denial = { cluster: CLUSTER, grants: [], denials };
    memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), JSON.stringify(denial));
    expect((await memory.process(key)).outcome).toBe('pending');
    expect(memory.outcome(key).pending).toMatchObject({
      uncounted: [{ approver: BOB, reason: expect.stringContaining(`${ALICE} denies`) }],
    });
    memory.authority.objects.delete(standingApprovalKey(CLUSTER, ALICE));
    expect((await memory.process(key)).outcome).toBe('issued');
  });
});

describe('more approval objects than are read', () => {
  const flooded = async (keyOf: (key: string, i: number) => string) => {
    const { memory, key } = await waiting(legacy, 'admin.conf');
    for (let i = 0; i <= 100; i++) memory.authority.seed(keyOf(key, i), '{}');
    memory.authority.calls.length = 0;
    return { memory, key };
  };
  const readBy = (memory: InMemoryService) =>
    memory.authority.calls.filter(({ call }) => call === 'get').length;

  it('for a request hide no denial: nothing is approved, and they are not read', async () => {
    const { memory, key } = await flooded((key, i) =>
      requestApprovalKey(key, 'a'.repeat(64), `AROA:flood-${i}`),
    );
    expect((await approve(memory, key)).outcome).toBe('pending');
    expect(memory.outcome(key).pending?.waitingFor).toContain('more approval objects');
    expect(readBy(memory)).toBeLessThan(10);
  });

  // nobody can delete them: one approver would stop all approvals of the cluster forever
  it('for a cluster hide no denial of standing approvals, and do not keep others from approving the request', async () => {
    const { memory, key } = await flooded((_, i) =>
      standingApprovalKey(CLUSTER, `AROA:flood-${i}`),
    );
    standing(memory, { certificateName: 'admin.conf' });
    expect((await memory.process(key)).outcome).toBe('pending');
    expect(memory.outcome(key).pending?.waitingFor).toContain('no standing approval counts');
    expect(readBy(memory)).toBeLessThan(10);
    expect((await approve(memory, key)).outcome).toBe('issued');
  });
});

describe('an approval object that cannot be read', () => {
  const OBJECTS = ['no JSON', '{}', JSON.stringify({ mustUnderstand: ['not before'] })];

  it.each(OBJECTS)(
    'about a request: nothing is approved, and the approvers read why: %s',
    async (text) => {
      const { memory, key } = await waiting();
      memory.authority.seed(requestApprovalKey(key, '0'.repeat(64), BOB), text);
      expect((await approve(memory, key)).outcome).toBe('pending');
      expect(memory.outcome(key).pending?.waitingFor).toMatch(
        /bob.* cannot be read.*only a new request can be approved/,
      );
    },
  );

  // it stays as it is if its author wants it to
  it.each(OBJECTS)(
    'about a cluster: its requests can still be approved one by one: %s',
    async (text) => {
      const { memory, key } = await waiting(legacy, 'admin.conf');
      standing(memory, { certificateName: 'admin.conf' });
      memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), text);
      expect((await memory.process(key)).outcome).toBe('pending');
      expect(memory.outcome(key).pending?.waitingFor).toMatch(/alice.* cannot be read/);
      expect((await approve(memory, key)).outcome).toBe('issued');
    },
  );
});

describe('the longest validity of a trust domain', () => {
  const tooLong = async (hours: number, rules: InMemoryService['rules']) => {
    const memory = await InMemoryService.open();
    memory.rules = rules;
    const { node } = memory.declare(newest, { certificateValidityPeriod: `${hours}h` });
    const key = memory.upload(node, csrOf(newest, 'apiserver'));
    return { memory, key, outcome: (await memory.process(key)).outcome };
  };

  it.each<[string, number, InMemoryService['rules'], string]>([
    ['8760h by default: 8760h is issued', 8760, {}, 'issued'],
    ['8760h by default: 876000h is rejected', 876000, {}, 'rejected'],
    ['8760h by default: one hour more is rejected', 8761, {}, 'rejected'],
    [
      'what the deployment says',
      9000,
      { [TRUST_DOMAIN]: { maxValidityPeriod: '9000h' } },
      'issued',
    ],
    ['even if it is shorter', 721, { [TRUST_DOMAIN]: { maxValidityPeriod: '720h' } }, 'rejected'],
    ['not that of another one', 721, { other: { maxValidityPeriod: '720h' } }, 'issued'],
  ])('is %s', async (_, hours, rules, expected) => {
    const { memory, key, outcome } = await tooLong(hours, rules);
    expect(outcome).toBe(expected);
    if (expected === 'rejected')
      expect(memory.outcome(key).rejected).toMatchObject({
        violations: [
          { code: 'validity-too-long', fix: expect.stringContaining('certificateValidityPeriod') },
        ],
      });
  });
});
