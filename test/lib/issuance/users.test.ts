/** How a user's request is processed: only below `users`, by the rule, and for the validity that an approver saw. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import { requestApprovalKey } from '../../../lib/contract/approvals.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { approve, writeApproval } from '../../support/approve.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { describeCertificate } from '../../support/describe-certificate.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { Workshop } from '../../support/workshop.ts';

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

async function workshopWith(users: object | undefined, nodes: object = {}) {
  const workshop = await Workshop.open();
  workshop.declare(set, { ...(users && { users }), ...nodes });
  return workshop;
}

async function ask(workshop: Workshop, body = userCsr(), period?: string, key = KEY) {
  await workshop.exchange.create(key, body, '', period ? { 'validity-period': period } : {});
  return workshop.process(key);
}

const codes = (workshop: Workshop, key = KEY) =>
  (workshop.outcome(key).rejected?.violations as { code: string }[] | undefined)?.map(
    (v) => v.code,
  );

it('without required approval, a certificate is issued at once: user, groups, and the requested validity', async () => {
  const workshop = await workshopWith({ approvalRequired: false, organizations: ['team-a'] });
  const done = await ask(workshop, userCsr('jane@example.com', 'team-a'), '8h');
  expect(done).toMatchObject({
    outcome: 'issued',
    record: {
      certificateName: 'user',
      ca: 'ca',
      certificate: { commonName: 'jane@example.com', organizations: ['team-a'] },
    },
  });
  const certificate = workshop.outcome(KEY).certificate ?? '';
  expect(new Date(new X509Certificate(certificate).validTo)).toEqual(
    new Date(workshop.now.getTime() + 8 * 3600_000),
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
  [['a,b', 'c+d', 'e"f', '#g', 'h;i', 'j=k', 'l\\m', '<n>']],
  [['kubeadm:cluster-admins', 'x y', 'system:masters']],
])('several groups are in one certificate: %j', async (organizations) => {
  const workshop = await workshopWith({ approvalRequired: false, organizations });
  await ask(workshop, userCsr('j.doe+ops@example.com', ...organizations));
  if (workshop.outcome(KEY).pending) await approve(workshop, KEY);
  const facts = new PeculiarCertificate(workshop.outcome(KEY).certificate ?? '');
  expect(facts.subjectName.getField('O').sort()).toEqual([...organizations].sort());
  expect(facts.subjectName.getField('CN')).toEqual(['j.doe+ops@example.com']);
});

it('an approver sees the requested validity, and the approval is for it', async () => {
  const workshop = await workshopWith({});
  expect((await ask(workshop, userCsr(), '2h')).outcome).toBe('pending');
  expect(workshop.outcome(KEY).pending).toMatchObject({
    certificateName: 'user',
    validitySeconds: 7200,
  });
  expect((await approve(workshop, KEY)).outcome).toBe('issued');
});

it('an approval of another validity does not count', async () => {
  const workshop = await workshopWith({});
  await ask(workshop, userCsr(), '2h');
  writeApproval(workshop, KEY);
  const object = workshop.exchange.objects.get(KEY);
  if (object) object.metadata['validity-period'] = '20h';
  expect((await workshop.process(KEY)).outcome).toBe('pending');
});

it('a standing approval never covers a user, even if it names others', async () => {
  const workshop = await workshopWith({});
  const standing = { cluster: 'prod', trustDomain: 'fleet', decidedAt: 'today' };
  workshop.authority.seed(
    'approvals/standing/prod.json',
    JSON.stringify({ ...standing, certificateNames: ['admin.conf'] }),
  );
  expect((await ask(workshop)).outcome).toBe('pending');
});

describe('where the rule lists approvers', () => {
  const users = { approvers: ['AWS:AROASECURITY:*'] };
  const wake = (workshop: Workshop, principal: string | undefined) => {
    writeApproval(workshop, KEY);
    const sha = String(workshop.outcome(KEY).pending?.csrSha256);
    const approval = { key: requestApprovalKey(KEY, sha), principal };
    return processRequest(workshop.service, { key: KEY, approval });
  };

  it('the approval of one of them counts, and the record names the approver', async () => {
    const workshop = await workshopWith(users);
    await ask(workshop);
    expect(await wake(workshop, 'AWS:AROASECURITY:bob')).toMatchObject({
      outcome: 'issued',
      record: { approver: 'AWS:AROASECURITY:bob' },
    });
  });

  it.each([
    ['of another principal', 'AWS:AROAOTHER:eve', 'AWS:AROAOTHER:eve'],
    ['whose event was lost', undefined, 'its event was lost'],
  ])('after an approval %s the request stays pending, and says why', async (_, principal, said) => {
    const workshop = await workshopWith(users);
    await ask(workshop);
    const since = workshop.outcome(KEY).pending?.since;
    workshop.now = new Date(workshop.now.getTime() + 60_000);
    expect((await wake(workshop, principal)).outcome).toBe('pending');
    const pending = workshop.outcome(KEY).pending;
    expect(pending?.waitingFor).toContain(said);
    expect(pending?.since).toBe(since);
    expect(workshop.keys.signed).toEqual([]);
  });

  it('a denial by anyone who can write one counts', async () => {
    const workshop = await workshopWith(users);
    await ask(workshop);
    expect((await approve(workshop, KEY, 'deny')).outcome).toBe('rejected');
  });
});

it('a validity beyond the end of the CA is refused, not shortened', async () => {
  const workshop = await workshopWith({ approvalRequired: false });
  const end = new Date(new X509Certificate(workshop.caCertificate('ca')).validTo);
  workshop.now = new Date(end.getTime() - 3 * 3600_000);
  expect((await ask(workshop, userCsr(), '4h')).outcome).toBe('rejected');
  expect(codes(workshop)).toEqual(['validity-period']);
  const second = 'requests/prod/users/u2/user.csr';
  expect((await ask(workshop, userCsr(), '2h', second)).outcome).toBe('issued');
});

it.each([
  ['a certificate of a node below users', 'requests/prod/users/u1/admin.conf.csr'],
  ['a certificate of a kubelet below users', 'requests/prod/users/u1/kubelet.conf.csr'],
  ['a user below a folder', 'requests/prod/users/u1/pki/user.csr'],
  ['a user below a node', 'requests/prod/cp-1.prod.example.com/u1/user.csr'],
])('%s is refused', async (_, key) => {
  const anyNode = { nodeRules: [{ namePattern: '*', addressRanges: [], role: 'control-plane' }] };
  const workshop = await workshopWith({ approvalRequired: false }, anyNode);
  await ask(workshop, userCsr(), undefined, key);
  expect(codes(workshop, key)).toEqual(['certificate-name-unknown']);
});

it('validity in the metadata of a request of a node is ignored', async () => {
  const workshop = await workshopWith({});
  const file = set.csrs.find(({ path }) => path === 'kubelet.conf.csr')?.file ?? '';
  const key = 'requests/prod/cp-1.prod.example.com/r1/kubelet.conf.csr';
  expect((await ask(workshop, readFileSync(file, 'utf8'), '87600h', key)).outcome).toBe('issued');
  const { validFrom, validTo } = new X509Certificate(workshop.outcome(key).certificate ?? '');
  const days = (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
  expect(Math.round(days)).toBe(365);
});
