/** `cakeless trust-domain rotate`, `rotation`, `approve` and `deny`. */

import type { Connection } from '../../../client/connection.ts';
import { planRotation } from '../../../lib/rotating/plan-rotation.ts';
import type { PlanRotationRequest } from '../../../lib/rotating/rotation-request.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { planned } from '../../support/rotating-world.ts';
import { runCommand, shown } from '../adoption/world.ts';

const ALICE = 'AROAAPPROVER:alice';
const BOB = 'AROAAPPROVER:bob';
const FINDINGS = { missing: [], notes: [], progress: [] };

interface Request {
  readonly action: string;
}

interface Situation {
  readonly as?: string;
  readonly answers?: string[];
  /** Responses of create-ca, by action; `plan-rotation` is the real one. */
  readonly responses?: Record<string, unknown>;
}

/** A trust domain whose CAs were created, and what the commands do with it. */
async function open() {
  const memory = await InMemoryService.openWithCaRecords();
  const requests: Request[] = [];
  const run = (
    args: readonly string[],
    { as = ALICE, answers, responses = {} }: Situation = {},
  ) => {
    const connection = {
      authority: async () => memory.authority,
      userId: async () => as,
      invokeCreateCa: async (request: Request) => {
        requests.push(request);
        return request.action === 'plan-rotation'
          ? planRotation(memory.service, memory.keys, request as PlanRotationRequest)
          : responses[request.action];
      },
    } as unknown as Connection;
    const left = [...(answers ?? [])];
    const prompt = { ask: async () => (answers ? (left.shift() ?? '') : undefined) };
    return runCommand(connection, args, { prompt, clock: { now: () => memory.now } });
  };
  const plan = async (more: object = {}) =>
    planned(
      await planRotation(memory.service, memory.keys, {
        action: 'plan-rotation',
        trustDomain: TRUST_DOMAIN,
        ca: 'ca',
        phase: 'trust',
        ...more,
      }),
    );
  const decisions = () =>
    [...memory.authority.objects.keys()].filter((key) => key.startsWith('approvals/rotations/'));
  return { memory, requests, run, plan, decisions };
}

const START = ['--ca', 'ca', '--to', 'trust'];
const keyOf = (digest: string, approver: string) =>
  `approvals/rotations/${TRUST_DOMAIN}/${digest}/${approver}.json`;

it('rotate plans the start, and says what an approver has to run', async () => {
  const { run, plan, requests } = await open();
  const expected = await plan();
  const missing = { subject: 'approval', why: 'nobody has approved it', fix: 'have it approved' };
  const rotate = { ...FINDINGS, missing: [missing], plan: expected, trustDomain: TRUST_DOMAIN };
  const responses = {
    rotate: { ...rotate, ca: 'ca', changed: false, phase: 'stable', sequence: 0 },
  };
  const ran = await run(['rotate', TRUST_DOMAIN, ...START], { responses });
  expect(ran.exitCode).toBe(4);
  expect(requests.map(({ action }) => action)).toEqual(['plan-rotation', 'rotate']);
  expect(ran.said).toContain('the phase is still stable: an approval is missing');
  expect(ran.printed).toContain(
    `cakeless trust-domain approve fleet --ca ca --to trust --plan ${expected.digest}`,
  );
  expect(ran.printed).toContain(`(TBSCertificate): ${expected.crossTbsSha256}`);
});

it('nobody is asked to approve what was denied', async () => {
  const { run, plan } = await open();
  const denied = { subject: 'denial', why: 'AROA:bob denied it', fix: 'talk to them' };
  const rotate = { ...FINDINGS, missing: [denied], plan: await plan(), trustDomain: TRUST_DOMAIN };
  const responses = {
    rotate: { ...rotate, ca: 'ca', changed: false, phase: 'stable', sequence: 0 },
  };
  const ran = await run(['rotate', TRUST_DOMAIN, ...START], { responses });
  expect([ran.exitCode, ran.said]).toEqual([4, expect.stringContaining('an approval is missing')]);
  expect(ran.printed).toContain('AROA:bob denied it');
  expect(ran.printed).not.toContain('ask an approver');
});

it('an approval names the whole command with which an operator continues', async () => {
  const { run, plan } = await open();
  const waivers = [{ subject: 'prod/node/x', reason: 'it is gone' }];
  const { digest } = await plan({ waivers, compromised: true });
  const same = [...START, '--compromised', '--waive', 'prod/node/x=it is gone'];
  const ran = await run(['approve', TRUST_DOMAIN, ...same, '--plan', digest, '--reason', 'x']);
  expect(ran.said).toContain(
    "an operator continues with cakeless trust-domain rotate fleet --ca ca --to trust --compromised --waive 'prod/node/x=it is gone'",
  );
});

it('a dry run plans nothing', async () => {
  const { run, requests } = await open();
  const rotate = { ...FINDINGS, trustDomain: TRUST_DOMAIN, ca: 'ca', phase: 'stable', sequence: 0 };
  const responses = { rotate: { ...rotate, changed: false } };
  const ran = await run(['rotate', TRUST_DOMAIN, ...START, '--dry-run'], { responses });
  expect([ran.exitCode, ran.said]).toEqual([
    0,
    'ca of trust domain fleet: would change from phase stable to trust (dry run)',
  ]);
  expect(requests).toMatchObject([{ action: 'rotate', dryRun: true }]);
});

it.each([
  [
    'trust',
    /^ca of trust domain fleet: phase trust\nnodes follow .*; cakeless trust-domain rotation fleet shows/,
  ],
  ['stable', /^ca of trust domain fleet: phase stable$/],
])('rotate to %s says how to go on', async (phase, said) => {
  const { run } = await open();
  const rotate = { ...FINDINGS, trustDomain: TRUST_DOMAIN, ca: 'ca', changed: true, sequence: 2 };
  const responses = { rotate: { ...rotate, phase } };
  const ran = await run(['rotate', TRUST_DOMAIN, '--ca', 'ca', '--to', phase], { responses });
  expect([ran.exitCode, ran.said]).toEqual([0, expect.stringMatching(said)]);
});

it('rotate --new-draft replaces the draft, and is repeated until the approval', async () => {
  const { run, plan, memory, requests } = await open();
  await plan({ validityDays: 365 });
  expect(shown(await run(['rotate', TRUST_DOMAIN, ...START, '--validity-days', '1000']))).toMatch(
    /version 2 .* is drafted with 365 days .* abandon the draft with --new-draft 2/,
  );
  const rotate = { ...FINDINGS, trustDomain: TRUST_DOMAIN, ca: 'ca', phase: 'stable', sequence: 0 };
  const responses = { rotate: { ...rotate, changed: false } };
  const args = ['rotate', TRUST_DOMAIN, ...START, '--new-draft', '2', '--validity-days', '1000'];
  for (const _ of [1, 2]) {
    const ran = await run(args, { responses });
    expect(shown(ran)).toBe('undefined');
    expect(ran.printed).toContain('the draft of version 2 is abandoned');
  }
  expect(requests.at(-2)).toMatchObject({ abandon: 2, validityDays: 1000 });
  expect((await plan()).to.version).toBe(3);
  expect(memory.authority.json(`trust/${TRUST_DOMAIN}.json`)).toMatchObject({
    cas: { ca: { abandoned: 2 } },
  });
});

it('rotate --new-draft, repeated after the start, abandons nothing', async () => {
  const { run, memory, requests } = await open();
  const key = `trust/${TRUST_DOMAIN}.json`;
  const since = '2027-01-01T00:00:00.000Z';
  const rotation = { ca: 'ca', from: 1, to: 3, phase: 'trust', since, startedAt: since };
  memory.authority.seed(key, JSON.stringify({ ...memory.authority.json(key), rotation }));
  const rotate = { ...FINDINGS, trustDomain: TRUST_DOMAIN, ca: 'ca', phase: 'trust', sequence: 1 };
  const responses = { rotate: { ...rotate, changed: false } };
  const args = ['rotate', TRUST_DOMAIN, ...START, '--new-draft'];
  expect((await run([...args, '2'], { responses })).said).toContain('phase trust already');
  expect(requests).toMatchObject([{ action: 'rotate' }]);
  expect(shown(await run([...args, '3'], { responses }))).toMatch(
    /version 3 .* is not a draft: its rotation has started.*\n.*rotate fleet --ca ca --to stable/,
  );
  expect(requests).toHaveLength(1);
});

it('rotate prints what is missing, with the progress, and exits with 4', async () => {
  const { run, requests } = await open();
  const missing = [{ subject: 'prod/node/cp-1', why: 'silent\n', fix: 'run cakeless renew' }];
  const progress = [{ what: 'control-plane nodes', done: 2, of: 3 }];
  const rotate = { trustDomain: TRUST_DOMAIN, ca: 'ca', changed: false, phase: 'trust' };
  const responses = { rotate: { ...rotate, sequence: 1, missing, progress, notes: ['a note'] } };
  const waivers = ['--waive', 'prod/node/x=it is gone', '--waive', 'prod/user/all=a=b'];
  const args = ['rotate', TRUST_DOMAIN, '--ca', 'ca', '--to', 'issue', ...waivers];
  const ran = await run(args, { responses });
  expect(ran.exitCode).toBe(4);
  expect(ran.printed.split('\n')).toEqual([
    'ready: 2 of 3 control-plane nodes',
    'MISSING          WHY            TO FIX',
    'prod/node/cp-1   silent\\u000a   run cakeless renew',
    'note: a note',
  ]);
  expect(requests).toMatchObject([
    {
      action: 'rotate',
      waivers: [
        { subject: 'prod/node/x', reason: 'it is gone' },
        { subject: 'prod/user/all', reason: 'a=b' },
      ],
    },
  ]);
});

it.each([
  [['--to', 'issue', '--compromised'], /--compromised, .* are only for --to trust/],
  [['--to', 'retire', '--key-spec', 'RSA_2048'], /are only for --to trust/],
  [['--to', 'issue', '--new-draft', '2'], /are only for --to trust/],
  [['--to', 'trust', '--new-draft', '0'], /must be the number of a version/],
  [['--to', 'trust', '--new-draft', '2', '--dry-run'], /cannot be combined with --dry-run/],
  [['--to', 'issue', '--waive', 'prod/node/x'], /must be SUBJECT=REASON/],
  [['--to', 'issue', '--waive', '=why'], /must be SUBJECT=REASON/],
  [['--to', 'issue', '--waive', `x=${'y'.repeat(513)}`], /may have 512 characters/],
  [['--to', 'other'], /Allowed choices are stable, trust, issue, retire/],
])('rotate refuses %j', async (args, problem) => {
  const { run, requests } = await open();
  expect(shown(await run(['rotate', TRUST_DOMAIN, '--ca', 'ca', ...args]))).toMatch(problem);
  expect(requests).toEqual([]);
});

it('says that function and command are of different releases', async () => {
  const { run } = await open();
  const ran = await run(['rotation', TRUST_DOMAIN, '--live'], {
    responses: { rotation: { ok: true } },
  });
  expect(shown(ran)).toMatch(/unexpected response: .*\n.*of the same release/s);
});

it('rotation --live shows the phase, what is missing and what to do', async () => {
  const { run } = await open();
  const rotation = {
    ...{ ca: 'ca', from: 1, to: 2, since: '2027-01-01T00:00:00.000Z' },
    ...{ startedAt: '2027-01-01T00:00:00.000Z', compromised: false, next: 'issue' },
  };
  const status = { ...FINDINGS, trustDomain: TRUST_DOMAIN, phase: 'trust', sequence: 1 };
  const evidence = { at: '2027-01-02T03:00:00.000Z', isSummary: false };
  const responses = {
    rotation: { ...status, rotation, evidence, todo: ['change the phase'], later: 1 },
  };
  const ran = await run(['rotation', TRUST_DOMAIN, '--live'], { responses });
  expect(ran.printed.split('\n')).toEqual([
    'ca of trust domain fleet: from version 1 to version 2',
    'phase trust since 2027-01-01T00:00:00.000Z; next: issue',
    'to do now:',
    '- change the phase',
  ]);
});

it('rotation --live says how much is left out', async () => {
  const { run, requests } = await open();
  const rotation = {
    ...{ ca: 'ca', from: 1, to: 2, since: '2027-01-01T00:00:00.000Z' },
    ...{ startedAt: '2027-01-01T00:00:00.000Z', compromised: false, next: 'issue' },
  };
  const missing = Array.from({ length: 60 }, (_, i) => ({ subject: `n${i}`, why: 'x', fix: 'y' }));
  const status = {
    ...{ trustDomain: TRUST_DOMAIN, phase: 'trust', sequence: 1, rotation, missing, progress: [] },
    ...{ notes: ['a note'], todo: ['n0, n1, n2 and 4257 more: y'] },
    evidence: { at: '2027-01-02T03:00:00.000Z', isSummary: false },
    leftOut: { missing: 4200, notes: 7, todo: 2 },
  };
  const responses = { rotation: status };
  const { printed } = await run(['rotation', TRUST_DOMAIN, '--live'], { responses });
  expect(printed.split('\n').filter((line) => !/^(?:n\d+|MISSING) /.test(line))).toEqual([
    'ca of trust domain fleet: from version 1 to version 2',
    'phase trust since 2027-01-01T00:00:00.000Z; next: issue',
    'and 4210 more; -o json lists the first 60',
    'note: a note',
    'and 7 more notes',
    'to do now:',
    '- n0, n1, n2 and 4257 more: y',
    'and 2 more; -o json lists the first 1',
  ]);
  const json = await run(['rotation', TRUST_DOMAIN, '--live', '-o', 'json'], { responses });
  expect(JSON.parse(json.printed)).toMatchObject({ leftOut: status.leftOut });
  expect(requests).toEqual([
    { action: 'rotation', trustDomain: TRUST_DOMAIN },
    { action: 'rotation', trustDomain: TRUST_DOMAIN },
  ]);
});

it('rotation says that nothing is rotated', async () => {
  const { run, requests } = await open();
  const ran = await run(['rotation', TRUST_DOMAIN]);
  expect([ran.printed, requests]).toEqual(['no CA of trust domain fleet is being rotated', []]);
  expect(shown(await run(['rotation', 'other']))).toMatch(/trust domain other does not exist/);
});

it('an approver sees the plan that was recorded, and approves its digest', async () => {
  const { run, plan, memory, decisions } = await open();
  const { digest, to } = await plan({ validityDays: 36_500 });
  const ran = await run(['approve', TRUST_DOMAIN, ...START], { answers: ['yes', 'ten years'] });
  expect(shown(ran)).toBe('undefined');
  expect(ran.said).toContain(to.publicKeySha256);
  // an operator chose both
  expect(ran.said).toMatch(/new CA: valid until 21\d\d-.*, with the ECC_NIST_P256 key arn:/);
  expect(decisions()).toEqual([keyOf(digest, ALICE)]);
  expect(memory.authority.json(keyOf(digest, ALICE))).toMatchObject({
    ...{ ca: 'ca', phase: 'trust', decision: 'approve', reason: 'ten years', planDigest: digest },
  });
});

it.each<[string, string[], Situation, RegExp]>([
  [
    'another plan is named',
    ['--plan', 'a'.repeat(64), '--reason', 'x'],
    {},
    /the plan is not a{64}/,
  ],
  ['nobody is at the terminal', ['--reason', 'x'], {}, /without a terminal, --plan is required/],
  ['the answer is no', [], { answers: ['no'] }, /the answer was not yes/],
  [
    'the phase needs no approval now',
    ['--to', 'retire'],
    {},
    /is in phase stable; allowed now: trust/,
  ],
  ['the rotation of this CA is not planned', ['--ca', 'etcd-ca'], {}, /is not planned/],
])('nothing is approved if %s', async (_, args, situation, problem) => {
  const { run, plan, decisions } = await open();
  await plan();
  const ran = await run(['approve', TRUST_DOMAIN, ...START, ...args], situation);
  expect(shown(ran)).toMatch(problem);
  expect(decisions()).toEqual([]);
});

it('a plan with other waivers is another plan', async () => {
  const { run, plan, decisions } = await open();
  const waivers = [{ subject: 'prod/node/x', reason: 'it is gone' }];
  const { digest } = await plan({ waivers });
  const named = ['approve', TRUST_DOMAIN, ...START, '--plan', digest, '--reason', 'x'];
  expect(shown(await run(named))).toMatch(/not approved: the plan is not/);
  await run([...named, '--waive', 'prod/node/x=it is gone']);
  expect(decisions()).toEqual([keyOf(digest, ALICE)]);
});

it('a decision is final, and another approver may deny what was approved', async () => {
  const { run, plan, decisions } = await open();
  const { digest } = await plan();
  const named = ['--plan', digest, '--reason', 'x'];
  const approve = ['approve', TRUST_DOMAIN, ...START, ...named];
  const deny = ['deny', TRUST_DOMAIN, ...START, ...named];
  await run(approve);
  expect(shown(await run(approve))).toBe('undefined');
  expect(shown(await run(deny))).toMatch(/AROAAPPROVER:alice already decided: approve/);
  expect((await run(deny, { as: BOB })).said).toContain('denied as AROAAPPROVER:bob');
  expect(decisions()).toEqual([keyOf(digest, ALICE), keyOf(digest, BOB)]);
});
