/** People approve what they see: what is shown is computed here, and nothing else can be approved. */
import { requestApprovalKey } from '../../../lib/contract/approvals.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { ALICE, BOB, run } from './approver.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const RECORD = `clusters/${CLUSTER}.json`;

let memory: InMemoryService;
let key: string;
let node: string;

function pendingKey(): string {
  const address = parseRequestKey(key);
  if (!address) throw new Error(key);
  return outcomeKeys(address).pending;
}

const published = () => memory.exchange.json(pendingKey()) ?? {};
const approvals = () =>
  [...memory.authority.objects.keys()].filter((name) => name.startsWith('approvals/'));
const reasonAnd = (...more: string[]) => ['--reason', 'ticket 4711', ...more];
const approve = (...more: string[]) => ['approve', key, ...reasonAnd(...more)];
const planOf = async () =>
  JSON.parse((await run(memory, ['request', 'show', key, '-o', 'json'])).stdout).pending.plan;

function changeRecord(more: object): void {
  memory.authority.seed(RECORD, JSON.stringify({ ...memory.authority.json(RECORD), ...more }));
}

async function openPending(record: Record<string, unknown> = {}): Promise<void> {
  memory = await InMemoryService.open();
  ({ node } = memory.declare(newest, record));
  key = memory.upload(node, csrOf(newest, 'super-admin.conf'));
  expect((await memory.process(key)).outcome).toBe('pending');
}

beforeEach(() => openPending());

describe('in a script', () => {
  it('approves the plan that it names, under the caller that STS reports', async () => {
    const { stdout, error } = await run(memory, approve('--plan', await planOf()));
    expect([stdout, error]).toEqual([
      `approved super-admin.conf of ${CLUSTER}/${node} (${key}): 1 of 1 approval`,
      {},
    ]);
    expect(approvals()).toEqual([requestApprovalKey(key, published().planDigest as string, ALICE)]);
    expect((await memory.process(key, undefined)).outcome).toBe('issued');
  });

  it('without a plan it is a usage error, which shows what would be approved and the command', async () => {
    const { stderr, error } = await run(memory, approve());
    expect(error).toMatchObject({
      code: 'usage',
      message: 'not approved: without a terminal, --plan is required',
      hint: `if this is what you mean to approve, run: cakeless approve ${key} --reason 'ticket 4711' --plan ${await planOf()}`,
    });
    expect(stderr).toContain('is cluster administrator, whatever RBAC says');
    expect(approvals()).toEqual([]);
  });

  it('without a reason it is a usage error', async () => {
    const { error } = await run(memory, ['approve', key, '--plan', await planOf()]);
    expect(error).toMatchObject({ code: 'usage', message: '--reason is missing' });
    expect(approvals()).toEqual([]);
  });

  it('the same approval again changes nothing', async () => {
    const again = approve('--plan', await planOf());
    await run(memory, again);
    const { stdout } = await run(memory, again);
    expect([stdout, approvals().length]).toEqual([expect.stringContaining('1 of 1 approval'), 1]);
  });
});

describe('on a terminal', () => {
  it('shows what would be issued and what it means, and asks for a yes and the reason', async () => {
    const { asked, stderr } = await run(memory, ['approve', key], {
      answers: ['yes', 'for the safe'],
    });
    expect(asked).toEqual(['approve this? Type yes: ', 'reason, for the record: ']);
    const shown = stderr.split('\n');
    expect(shown).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^subject: +O=system:masters, CN=kubernetes-super-admin$/),
        expect.stringMatching(/^CA: +ca \(version 1\) of trust domain fleet$/),
        expect.stringMatching(/^usages: +clientAuth$/),
        expect.stringMatching(
          /^validity: +8760h0m0s, until 2027-11-24T12:00:00.000Z if it is issued now$/,
        ),
        expect.stringMatching(/^uploader: +AWS:AROAEXAMPLENODE:i-0abc$/),
        'anyone who holds this key is cluster administrator, whatever RBAC says, of every cluster of trust domain fleet until 2027-11-24T12:00:00.000Z, and the certificate cannot be revoked',
      ]),
    );
    const [approval = ''] = approvals();
    expect(memory.authority.json(approval)).toMatchObject({ reason: 'for the safe' });
  });

  it.each(['', 'y', 'no', 'yes please'])('does not approve if the answer is %j', async (answer) => {
    const { error } = await run(memory, approve(), { answers: [answer] });
    expect([error.code, approvals()]).toEqual(['usage', []]);
  });

  it('with --plan, it does not ask', async () => {
    const { asked } = await run(memory, approve('--plan', await planOf()), { answers: [] });
    expect([asked, approvals().length]).toEqual([[], 1]);
  });
});

describe('what changed after it was shown is not approved:', () => {
  const year = { certificateValidityPeriod: '8760h' };
  const hour = { certificateValidityPeriod: '1h' };
  const judgeAgain = () => memory.process(key, undefined);

  it.each([
    ['the cluster record, and the service has judged it again', judgeAgain],
    ['the cluster record, and the service has not seen it yet', async () => undefined],
  ])('%s', async (_what, then) => {
    await openPending(hour);
    const plan = await planOf();
    changeRecord(year);
    await then();
    const { error } = await run(memory, approve('--plan', plan));
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(/plan is not|validity is 8760h0m0s, but was published as 1h0m0s/);
    expect(approvals()).toEqual([]);
  });

  it('the cluster record, while the question is on the terminal', async () => {
    await openPending(hour);
    const answers = [
      () => {
        changeRecord(year);
        return 'yes';
      },
      'reason',
    ];
    const { error } = await run(memory, approve(), { answers });
    expect([error.code, approvals()]).toEqual(['conflict', []]);
  });

  it('the CSR, with the same key', async () => {
    const plan = await planOf();
    const other = csr.buildCsr({
      key: testKey('p-384'),
      subject: csr.name(
        [csr.O, csr.utf8('system:masters')],
        [csr.CN, csr.utf8('kubernetes-super-admin')],
      ),
    });
    memory.exchange.seed(key, csr.toPem(other));
    const { error } = await run(memory, approve('--plan', plan));
    expect([error.code, error.message, approvals()]).toEqual([
      'conflict',
      expect.stringContaining('CSR is'),
      [],
    ]);
  });

  it('the organizations, by an older Kubernetes version', async () => {
    await openPending({ approvalRequired: ['admin.conf'] });
    key = memory.upload(node, csrOf(newest, 'admin.conf'));
    await memory.process(key);
    const plan = await planOf();
    changeRecord({ kubernetesVersion: 'v1.28.0' });
    const { error } = await run(memory, approve('--plan', plan));
    expect([error.code, error.message, approvals()]).toEqual([
      'conflict',
      expect.stringContaining('it would be rejected now: subject-organization'),
      [],
    ]);
  });

  it('an approval of the earlier plan is not one of the new plan', async () => {
    await openPending(hour);
    await run(memory, approve('--plan', await planOf()));
    changeRecord(year);
    expect((await memory.process(key, undefined)).outcome).toBe('pending');
  });
});

describe('what the service published is not taken on trust:', () => {
  it.each([
    [
      'a shorter validity',
      { validitySeconds: 3600 },
      'validity is 8760h0m0s, but was published as 1h0m0s',
    ],
    [
      'harmless organizations',
      { organizations: ['view'] },
      'organizations is system:masters, but was published as view',
    ],
    [
      'another subject',
      { commonName: 'jane' },
      'common name is kubernetes-super-admin, but was published as jane',
    ],
    [
      'another digest',
      { planDigest: '0'.repeat(64) },
      'its plan has a different digest here: update cakeless',
    ],
    ['another request', { request: 'requests/prod/cp-2/r1/x.csr' }, 'request is'],
  ])('%s', async (_what, lie, problem) => {
    const plan = await planOf();
    memory.exchange.seed(pendingKey(), JSON.stringify({ ...published(), ...lie }));
    const { error } = await run(memory, approve('--plan', plan));
    expect([error.code, error.message, approvals()]).toEqual([
      'conflict',
      expect.stringContaining(problem),
      [],
    ]);
    const listed = JSON.parse((await run(memory, ['pending', '-o', 'json'])).stdout);
    expect(listed).toEqual([
      expect.objectContaining({ problems: [expect.stringContaining(problem)] }),
    ]);
    expect(listed[0]).not.toHaveProperty('plan');
  });
});

describe('an approval that would not count is refused when it is given:', () => {
  it('by the uploader, in whatever role', async () => {
    const { error } = await run(memory, approve('--plan', await planOf()), {
      as: 'AROAOTHER:I-0ABC',
    });
    expect([error.code, error.message, approvals()]).toEqual([
      'denied',
      `${key}: not approved: an approval by AROAOTHER:I-0ABC does not count: its author uploaded the request`,
      [],
    ]);
  });

  it('by the uploader, where others have approved enough already', async () => {
    const args = approve('--plan', await planOf());
    await run(memory, args);
    const { error } = await run(memory, args, { as: 'AROAOTHER:i-0abc' });
    expect([error.code, error.message]).toEqual([
      'denied',
      expect.stringContaining('its author uploaded the request'),
    ]);
  });

  it('by an approver whom users.approvers does not list', async () => {
    const users = { organizations: ['team-a'], approvers: [`AWS:${BOB}`] };
    changeRecord({ users });
    key = 'requests/prod/users/u1/user.csr';
    const subject = csr.name([csr.O, csr.utf8('team-a')], [csr.CN, csr.utf8('jane')]);
    memory.exchange.seed(key, csr.toPem(csr.buildCsr({ key: testKey('p-256'), subject })));
    await memory.process(key);
    const plan = await planOf();
    const { error } = await run(memory, approve('--plan', plan));
    expect([error.code, error.message]).toEqual([
      'denied',
      `${key}: not approved: an approval by ${ALICE} does not count: users.approvers does not list its author`,
    ]);
    expect((await run(memory, approve('--plan', plan), { as: BOB })).error).toEqual({});
  });

  it('by the same person in another role', async () => {
    await openPending({ requiredApprovals: 2 });
    const again = approve('--plan', await planOf());
    await run(memory, again);
    const { error } = await run(memory, again, { as: 'AROAOTHER:alice' });
    expect([error.code, error.message, approvals().length]).toEqual([
      'denied',
      expect.stringContaining('the same person has approved it already'),
      1,
    ]);
  });

  it('of a request that another approver has denied', async () => {
    const plan = await planOf();
    await run(memory, ['deny', key, '--reason', 'nobody asked for it'], { as: BOB });
    const { error } = await run(memory, approve('--plan', plan));
    expect([error.code, error.message]).toEqual([
      'usage',
      `${key}: already denied by ${BOB}: nobody asked for it`,
    ]);
  });

  it.each([
    ['was rejected', 'deny', 'it was rejected'],
    ['has been issued', 'approve', 'the certificate has been issued'],
  ])('of a request that %s', async (_state, decision, why) => {
    const plan = await planOf();
    const how = decision === 'deny' ? reasonAnd() : reasonAnd('--plan', plan);
    await run(memory, [decision, key, ...how], { as: BOB });
    await memory.process(key, undefined);
    const { error } = await run(memory, approve('--plan', plan));
    expect(error).toMatchObject({
      code: 'usage',
      message: `${key}: not waiting for approval: ${why}`,
      hint: `run cakeless request show ${key}`,
    });
  });

  it('of a request whose CSR has expired', async () => {
    const plan = await planOf();
    memory.exchange.objects.delete(key);
    const { error } = await run(memory, approve('--plan', plan));
    expect(error.message).toBe(`${key}: not approved: its CSR does not exist, or has expired`);
  });
});

it('the administrator of cakeless local, a user without a session, can play every part', async () => {
  const administrator = 'AIDAADMINISTRATOR';
  memory.exchange.objects.delete(pendingKey());
  await memory.process(key, `AWS:${administrator}`);
  const { stdout } = await run(memory, approve('--plan', await planOf()), { as: administrator });
  expect(stdout).toContain('1 of 1 approval');
  expect((await memory.process(key, undefined)).outcome).toBe('issued');
});

describe('with two approvals required', () => {
  beforeEach(() => openPending({ requiredApprovals: 2 }));

  it('says how many there are, and what is left to do', async () => {
    const args = approve('--plan', await planOf());
    const first = await run(memory, args);
    expect(first.stdout.split('\n')).toEqual([
      expect.stringMatching(/: 1 of 2 approvals$/),
      expect.stringMatching(/^ask another approver to run: cakeless approve prod\/\S+$/),
    ]);
    await memory.process(key, undefined);
    const second = await run(memory, args, { as: BOB });
    expect(second.stdout).toMatch(/: 2 of 2 approvals$/);
    expect((await memory.process(key, undefined)).outcome).toBe('issued');
  });

  it('the number of the trust domain counts too, which only the service knows', async () => {
    await openPending();
    memory.rules = { [TRUST_DOMAIN]: { requiredApprovals: 3 } };
    await memory.process(key, undefined);
    const { stdout } = await run(memory, approve('--plan', await planOf()));
    expect(stdout).toContain('1 of 3 approvals');
  });
});

describe('a denial', () => {
  it('needs a reason, and no plan', async () => {
    const { stdout } = await run(memory, ['deny', key, '--reason', 'nobody asked for it']);
    expect(stdout).toBe(`denied super-admin.conf of ${CLUSTER}/${node} (${key})`);
    await memory.process(key, undefined);
    expect(JSON.stringify(memory.outcome(key).rejected)).toContain('nobody asked for it');
  });

  it('is possible where the plan has changed', async () => {
    changeRecord({ certificateValidityPeriod: '1h' });
    await run(memory, ['deny', key, '--reason', 'nobody asked for it']);
    expect((await memory.process(key, undefined)).outcome).toBe('rejected');
  });

  it('by an approver who has approved the same plan is an error that says who can', async () => {
    await openPending({ requiredApprovals: 2 });
    await run(memory, approve('--plan', await planOf()));
    const { error } = await run(memory, ['deny', key, '--reason', 'second thoughts']);
    expect(error).toMatchObject({
      code: 'usage',
      message: `${key}: ${ALICE} already decided: approve`,
      hint: expect.stringContaining('another approver can deny it'),
    });
  });
});
