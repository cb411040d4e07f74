/** How a user's request is processed: only below `users`, by the rule, and for the validity that an approver saw. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import { standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { ALICE, approve, writeApproval } from '../../support/approve.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { describeCertificate } from '../../support/describe-certificate.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const KEY = 'requests/prod/users/u1/user.csr';

const userCsr = (cn = 'jane@example.com', ...groups: string[]) =>
  csr.toPem(
    csr.buildCsr({
      key: testKey('p-256'),
      subject: csr.name(...groups.map((o) => [csr.O, csr.utf8(o)] as const), [
        csr.CN,
        csr.utf8(cn),
      ]),
    }),
  );

async function serviceWith(users: object | undefined, nodes: object = {}) {
  const memory = await InMemoryService.open();
  memory.declare(set, { ...(users && { users }), ...nodes });
  return memory;
}

async function ask(memory: InMemoryService, body = userCsr(), period?: string, key = KEY) {
  await memory.exchange.create(key, body, '', period ? { 'validity-period': period } : {});
  return memory.process(key);
}

const codes = (memory: InMemoryService, key = KEY) =>
  (memory.outcome(key).rejected?.violations as { code: string }[] | undefined)?.map((v) => v.code);

it('without required approval, a certificate is issued at once: user, groups, and the requested validity', async () => {
  const memory = await serviceWith({ approvalRequired: false, organizations: ['team-a'] });
  const done = await ask(memory, userCsr('jane@example.com', 'team-a'), '8h');
  expect(done).toMatchObject({
    outcome: 'issued',
    record: {
      certificateName: 'user',
      ca: 'ca',
      certificate: { commonName: 'jane@example.com', organizations: ['team-a'] },
    },
  });
  const certificate = memory.outcome(KEY).certificate ?? '';
  expect(new Date(new X509Certificate(certificate).validTo)).toEqual(
    new Date(memory.now.getTime() + 8 * 3600_000),
  );
  const text = describeCertificate(certificate);
  const file = resolve('test', 'fixtures', 'golden', 'user.txt');
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file)).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
});

it.each([
  [['team-b', 'team-a', 'a']],
  [['#']],
  [['a,b', 'c+d', 'e"f', '#g', 'h;i', 'j=k', 'l\\m', '<n>']],
  [['kubeadm:cluster-admins', 'x y', 'system:masters']],
])('several groups are in one certificate: %j', async (organizations) => {
  const memory = await serviceWith({ approvalRequired: false, organizations });
  await ask(memory, userCsr('j.doe+ops@example.com', ...organizations));
  if (memory.outcome(KEY).pending) await approve(memory, KEY);
  const facts = new PeculiarCertificate(memory.outcome(KEY).certificate ?? '');
  expect(facts.subjectName.getField('O').sort()).toEqual([...organizations].sort());
  expect(facts.subjectName.getField('CN')).toEqual(['j.doe+ops@example.com']);
});

it('an approver sees the requested validity, and the approval is for it', async () => {
  const memory = await serviceWith({});
  expect((await ask(memory, userCsr(), '2h')).outcome).toBe('pending');
  expect(memory.outcome(KEY).pending).toMatchObject({
    certificateName: 'user',
    validitySeconds: 7200,
  });
  expect((await approve(memory, KEY)).outcome).toBe('issued');
});

it('an approval of another validity does not count', async () => {
  const memory = await serviceWith({});
  await ask(memory, userCsr(), '2h');
  writeApproval(memory, KEY);
  const object = memory.exchange.objects.get(KEY);
  if (object) object.metadata['validity-period'] = '20h';
  expect((await memory.process(KEY)).outcome).toBe('pending');
});

it('a standing approval never covers a user, even if it names others', async () => {
  const memory = await serviceWith({});
  const grant = { certificateName: 'admin.conf', trustDomain: 'fleet', decidedAt: 'today' };
  const grants = [{ ...grant, organizations: [], maxValiditySeconds: 1e9 }];
  memory.authority.seed(
    standingApprovalKey('prod', ALICE),
    JSON.stringify({ cluster: 'prod', grants, denials: [] }),
  );
  expect((await ask(memory)).outcome).toBe('pending');
});

describe('where the rule lists approvers', () => {
  const users = { approvers: ['AWS:AROASECURITY:*'] };
  it('the approval of one of them counts, and the record names the approver', async () => {
    const memory = await serviceWith(users);
    await ask(memory);
    expect(await approve(memory, KEY, 'approve', 'AROASECURITY:bob')).toMatchObject({
      outcome: 'issued',
      record: { approval: { by: [{ approver: 'AROASECURITY:bob', kind: 'request' }] } },
    });
  });

  it('after an approval of another principal the request stays pending, and says why', async () => {
    const memory = await serviceWith(users);
    await ask(memory);
    const since = memory.outcome(KEY).pending?.since;
    memory.now = new Date(memory.now.getTime() + 60_000);
    expect((await approve(memory, KEY, 'approve', 'AROAOTHER:eve')).outcome).toBe('pending');
    const pending = memory.outcome(KEY).pending;
    expect(pending?.waitingFor).toContain(
      'the approval by AROAOTHER:eve does not count: users.approvers does not list its author',
    );
    expect(pending?.since).toBe(since);
    expect(memory.keys.signed).toEqual([]);
  });

  it('a denial by anyone who can write one counts', async () => {
    const memory = await serviceWith(users);
    await ask(memory);
    expect((await approve(memory, KEY, 'deny')).outcome).toBe('rejected');
  });
});

it('a validity beyond the end of the CA is refused, not shortened', async () => {
  const memory = await serviceWith({ approvalRequired: false });
  const end = new Date(new X509Certificate(memory.caCertificate('ca')).validTo);
  memory.now = new Date(end.getTime() - 3 * 3600_000);
  expect((await ask(memory, userCsr(), '4h')).outcome).toBe('rejected');
  expect(codes(memory)).toEqual(['validity-period']);
  const second = 'requests/prod/users/u2/user.csr';
  expect((await ask(memory, userCsr(), '2h', second)).outcome).toBe('issued');
});

it.each([
  ['a certificate of a node below users', 'requests/prod/users/u1/admin.conf.csr'],
  ['a certificate of a kubelet below users', 'requests/prod/users/u1/kubelet.conf.csr'],
  ['a user below a folder', 'requests/prod/users/u1/pki/user.csr'],
  ['a user below a node', 'requests/prod/cp-1.prod.example.com/u1/user.csr'],
])('%s is refused', async (_, key) => {
  const anyNode = { nodeRules: [{ namePattern: '*', addressRanges: [], role: 'control-plane' }] };
  const memory = await serviceWith({ approvalRequired: false }, anyNode);
  await ask(memory, userCsr(), undefined, key);
  expect(codes(memory, key)).toEqual(['certificate-name-unknown']);
});

it('validity in the metadata of a request of a node is ignored', async () => {
  const memory = await serviceWith({});
  const file = set.csrs.find(({ path }) => path === 'kubelet.conf.csr')?.file ?? '';
  const key = 'requests/prod/cp-1.prod.example.com/r1/kubelet.conf.csr';
  expect((await ask(memory, readFileSync(file, 'utf8'), '87600h', key)).outcome).toBe('issued');
  const { validFrom, validTo } = new X509Certificate(memory.outcome(key).certificate ?? '');
  const days = (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
  expect(Math.round(days)).toBe(365);
});
