/** Standing approvals: given for organizations and a validity, one object for each approver, withdrawn by anyone. */
import { standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { ALICE, BOB, run } from './approver.ts';

const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');
const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const RECORD = `clusters/${CLUSTER}.json`;
const YEAR = 8760 * 3600;

let memory: InMemoryService;
let node: string;

beforeEach(async () => {
  memory = await InMemoryService.open();
  ({ node } = memory.declare(legacy));
});

const command = (...more: string[]) => ['standing-approval', CLUSTER, ...more];
const documentOf = (approver: string) =>
  memory.authority.json(standingApprovalKey(CLUSTER, approver));
const changeRecord = (more: object) =>
  memory.authority.seed(RECORD, JSON.stringify({ ...memory.authority.json(RECORD), ...more }));

async function planOf(...more: string[]): Promise<string> {
  return JSON.parse((await run(memory, command(...more, '--dry-run', '-o', 'json'))).stdout).plan;
}

/** As a script does it. */
async function grant(names: string[], more: string[] = [], as = ALICE) {
  const plan = await planOf(...names, ...more);
  return run(memory, command(...names, ...more, '--reason', 'renewals', '--plan', plan), { as });
}

const withdraw = (names: string[] = [], as = ALICE) =>
  run(memory, command(...names, '--withdraw', '--reason', 'audit'), { as });

async function outcomeOf(name: string, requestId: string, set = legacy) {
  return (await memory.process(memory.upload(node, csrOf(set, name), requestId))).outcome;
}

it('records the organizations and the validity that certificates have now', async () => {
  expect((await grant(['admin.conf'])).error).toEqual({});
  expect(documentOf(ALICE)).toEqual({
    cluster: CLUSTER,
    grants: [
      {
        certificateName: 'admin.conf',
        trustDomain: TRUST_DOMAIN,
        organizations: ['system:masters'],
        maxValiditySeconds: YEAR,
        reason: 'renewals',
        decidedAt: memory.now.toISOString(),
      },
    ],
    denials: [],
  });
  expect(await outcomeOf('admin.conf', 'r1')).toBe('issued');
});

describe('while that of one approver cannot be read', () => {
  beforeEach(async () => {
    await grant(['admin.conf'], [], BOB);
    memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), 'not JSON');
  });

  it('lists the others, names it, and says that none counts', async () => {
    const { stdout, error } = await run(memory, command());
    expect(stdout).toContain(BOB);
    expect(error.lines?.[1]).toContain(`${ALICE}: `);
    expect(error.hint).toContain('no standing approval of the cluster counts');
    expect(await outcomeOf('admin.conf', 'r1')).toBe('pending');
  });

  it('nobody grants another, which would not count either', async () => {
    const { error } = await grant(['apiserver-kubelet-client'], [], BOB);
    expect(error).toMatchObject({ code: 'denied' });
  });

  it('its author withdraws it, and the others count again', async () => {
    expect((await withdraw(['admin.conf'], ALICE)).error).toEqual({});
    expect(documentOf(ALICE)).toMatchObject({ grants: [] });
    expect(documentOf(BOB)).toMatchObject({ grants: [{ certificateName: 'admin.conf' }] });
  });
});

describe('covers nothing that was not approved:', () => {
  it('not system:masters, where the version is set back below 1.29', async () => {
    ({ node } = memory.declare(newest, { approvalRequired: ['admin.conf'] }));
    await grant(['admin.conf']);
    expect(await outcomeOf('admin.conf', 'r1', newest)).toBe('issued');
    ({ node } = memory.declare(legacy));
    expect(await outcomeOf('admin.conf', 'r2')).toBe('pending');
  });

  it('not a longer validity', async () => {
    changeRecord({ certificateValidityPeriod: '24h' });
    await grant(['admin.conf']);
    expect(await outcomeOf('admin.conf', 'r1')).toBe('issued');
    changeRecord({ certificateValidityPeriod: '8760h' });
    expect(await outcomeOf('admin.conf', 'r2')).toBe('pending');
  });

  it('not a longer validity than --max-validity-period', async () => {
    await grant(['admin.conf'], ['--max-validity-period', '24h']);
    expect(documentOf(ALICE)).toMatchObject({ grants: [{ maxValiditySeconds: 86_400 }] });
    expect(await outcomeOf('admin.conf', 'r1')).toBe('pending');
  });

  it('not another trust domain', async () => {
    await grant(['admin.conf']);
    memory.authority.seed(
      'trust/td2.json',
      JSON.stringify({ ...memory.document, trustDomain: 'td2' }),
    );
    changeRecord({ trustDomain: 'td2' });
    expect(await outcomeOf('admin.conf', 'r1')).toBe('pending');
  });
});

describe('is confirmed like an approval:', () => {
  it('without a terminal it needs the plan, and says the command', async () => {
    const args = command('admin.conf', '--max-validity-period', '24h', '--reason', 'renewals');
    const { error, stderr } = await run(memory, args);
    const plan = await planOf('admin.conf', '--max-validity-period', '24h');
    expect(error).toMatchObject({
      code: 'usage',
      hint: `if this is what you mean to approve, run: cakeless standing-approval ${CLUSTER} admin.conf --max-validity-period 24h0m0s --reason renewals --plan ${plan}`,
    });
    expect(stderr).toContain(
      `every node of ${CLUSTER} that may have admin.conf gets it without another approval, and anyone who holds its key is cluster administrator, whatever RBAC says, of every cluster of trust domain ${TRUST_DOMAIN}`,
    );
    expect(documentOf(ALICE)).toBeUndefined();
  });

  it('on a terminal it shows organizations and validity, and asks', async () => {
    const { stderr, asked } = await run(memory, command('admin.conf'), { answers: ['yes', 'why'] });
    expect(asked).toEqual(['approve this? Type yes: ', 'reason, for the record: ']);
    expect(stderr).toMatch(/admin\.conf +fleet +system:masters +8760h0m0s/);
    expect(documentOf(ALICE)).toMatchObject({ grants: [{ reason: 'why' }] });
  });

  it('a plan that changed is refused', async () => {
    changeRecord({ certificateValidityPeriod: '24h' });
    const plan = await planOf('admin.conf');
    changeRecord({ certificateValidityPeriod: '8760h' });
    const args = command('admin.conf', '--reason', 'renewals', '--plan', plan);
    expect((await run(memory, args)).error).toMatchObject({ code: 'conflict' });
    expect(documentOf(ALICE)).toBeUndefined();
  });

  it('the plan does not depend on the order of the names', async () => {
    const names = ['admin.conf', 'apiserver-kubelet-client'];
    expect(await planOf(...names)).toBe(await planOf(...[...names].reverse()));
  });
});

describe('each approver has one object:', () => {
  it('the list names who approved what', async () => {
    await grant(['admin.conf']);
    await grant(['apiserver-kubelet-client'], [], BOB);
    const { stdout } = await run(memory, command('-o', 'json'));
    expect(JSON.parse(stdout)).toMatchObject([
      { approver: ALICE, grants: [{ certificateName: 'admin.conf' }], denials: [] },
      { approver: BOB, grants: [{ certificateName: 'apiserver-kubelet-client' }], denials: [] },
    ]);
    const lines = (await run(memory, command())).stdout.split('\n');
    expect(lines.map((line) => line.split(/ {3,}/).slice(0, 3))).toEqual([
      ['APPROVER', 'DECISION', 'CERTIFICATE'],
      [ALICE, 'granted', 'admin.conf'],
      [BOB, 'granted', 'apiserver-kubelet-client'],
    ]);
  });

  it('a new grant of the same name replaces only that of its author', async () => {
    await grant(['admin.conf']);
    await grant(['admin.conf'], [], BOB);
    await grant(['admin.conf'], ['--max-validity-period', '24h']);
    expect([documentOf(ALICE)?.grants, documentOf(BOB)?.grants]).toMatchObject([
      [{ maxValiditySeconds: 86_400 }],
      [{ maxValiditySeconds: YEAR }],
    ]);
  });
});

describe('is withdrawn', () => {
  it('by its author', async () => {
    await grant(['admin.conf', 'apiserver-kubelet-client']);
    await withdraw(['admin.conf']);
    expect(documentOf(ALICE)).toMatchObject({
      grants: [{ certificateName: 'apiserver-kubelet-client' }],
      denials: [],
    });
    expect(await outcomeOf('admin.conf', 'r1')).toBe('pending');
  });

  it('by any other approver, with an object of that approver', async () => {
    await grant(['admin.conf']);
    const { stdout } = await withdraw([], BOB);
    expect(documentOf(BOB)).toMatchObject({
      grants: [],
      denials: [{ certificateName: 'admin.conf', reason: 'audit' }],
    });
    expect(stdout).toContain('granted, but withdrawn by another approver');
    expect(await outcomeOf('admin.conf', 'r1')).toBe('pending');
  });

  it("and only the approver who withdrew another's grant can allow it again", async () => {
    await grant(['admin.conf']);
    await withdraw(['admin.conf'], BOB);
    const { error } = await grant(['admin.conf']);
    expect(error).toMatchObject({
      code: 'denied',
      message: `cluster ${CLUSTER}: ${BOB} withdrew the standing approval of admin.conf (audit)`,
    });
    await grant(['admin.conf'], [], BOB);
    expect(documentOf(BOB)).toMatchObject({
      grants: [{ certificateName: 'admin.conf' }],
      denials: [],
    });
    expect(await outcomeOf('admin.conf', 'r1')).toBe('issued');
  });

  it('without names, of everyone', async () => {
    await grant(['admin.conf']);
    await grant(['apiserver-kubelet-client'], [], BOB);
    await withdraw();
    expect([documentOf(ALICE), documentOf(BOB)]).toMatchObject([
      { grants: [], denials: [{ certificateName: 'apiserver-kubelet-client' }] },
      { grants: [{ certificateName: 'apiserver-kubelet-client' }] },
    ]);
    expect(await outcomeOf('apiserver-kubelet-client', 'r1')).toBe('pending');
  });

  it('where nothing was granted, nothing is written', async () => {
    expect(await withdraw()).toMatchObject({
      stdout: `cluster ${CLUSTER} has no standing approval`,
      error: {},
    });
    expect(documentOf(ALICE)).toBeUndefined();
  });
});

/** Lets someone else act after the command has read the object, and before it writes. */
function meanwhile(act: () => void): void {
  memory.authority.interrupt = (point) => {
    if (!/^before (?:create|replace|put)$/.test(point)) return;
    memory.authority.interrupt = () => undefined;
    act();
  };
}

describe('if the same approver changes it elsewhere in the meantime,', () => {
  const theirs = JSON.stringify({ cluster: CLUSTER, grants: [], denials: [] });

  it('it is a conflict, and what was written stays', async () => {
    await grant(['admin.conf']);
    meanwhile(() => memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), theirs));
    expect((await grant(['apiserver'])).error).toMatchObject({
      code: 'conflict',
      message: `cluster ${CLUSTER}: the standing approvals of ${ALICE} changed while this command was running; nothing was written`,
      hint: expect.stringContaining('run the same command again'),
    });
    expect(memory.authority.text(standingApprovalKey(CLUSTER, ALICE))).toBe(theirs);
  });

  it('a retry that meets its own earlier write succeeds', async () => {
    await grant(['admin.conf']);
    const key = standingApprovalKey(CLUSTER, ALICE);
    const written = memory.authority.text(key) ?? '';
    memory.authority.objects.delete(key);
    meanwhile(() => memory.authority.seed(key, written));
    expect((await grant(['admin.conf'])).error).toEqual({});
  });
});

it.each([
  [
    'a name that must be approved each time',
    ['super-admin.conf'],
    'super-admin.conf: cannot have a standing approval',
  ],
  ['an unknown name', ['x'], 'x: not one of'],
])('%s is a usage error', async (_what, names, message) => {
  expect((await run(memory, command(...names))).error).toMatchObject({
    code: 'usage',
    message: expect.stringContaining(message),
  });
});

it('a cluster without a record is a usage error, with the command that writes the record', async () => {
  const { error } = await run(memory, ['standing-approval', 'nope', 'admin.conf', '--reason', 'x']);
  expect(error).toMatchObject({
    code: 'usage',
    message: 'cluster nope: no such cluster record',
    hint: 'list the clusters with cakeless cluster list, or write the record with cakeless cluster apply nope --kubeadm-config FILE --trust-domain NAME',
  });
});
