/** `cakeless request show`: everything that an approver decides by. */
import { describePower } from '../../../client/approvals/consequence.ts';
import type { CsrObject } from '../../../lib/certificates-api/csr-object.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { bytesOf, clientCsr, keyOf, UID, userCsr } from '../../support/api-csr.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { run } from './approver.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

let memory: InMemoryService;
let node: string;

async function openWith(record: Record<string, unknown> = {}) {
  memory = await InMemoryService.open();
  ({ node } = memory.declare(set, record));
}

async function request(name: string, requestId = 'r1'): Promise<string> {
  const key = memory.upload(node, csrOf(set, name), requestId);
  await memory.process(key);
  return key;
}

const show = async (key: string) => (await run(memory, ['request', 'show', key])).stdout;
const showJson = async (key: string) =>
  JSON.parse((await run(memory, ['request', 'show', key, '-o', 'json'])).stdout);

beforeEach(() => openWith());

it('shows a pending request as text', async () => {
  const key = await request('super-admin.conf');
  const plan = String(memory.outcome(key).pending?.planDigest);
  const sha256 = String(memory.outcome(key).pending?.csrSha256);
  expect((await show(key)).split('\n')).toEqual([
    `request:      ${key}`,
    `certificate:  super-admin.conf of ${CLUSTER}/${node}`,
    'state:        pending',
    `CSR:          ${sha256}`,
    'uploader:     AWS:AROAEXAMPLENODE:i-0abc',
    'since:        2026-11-24T12:00:00.000Z',
    'waiting for:  an approver: O=system:masters bypasses authorization, and the certificate cannot be revoked',
    'CA:           ca (version 1) of trust domain fleet',
    'subject:      O=system:masters, CN=kubernetes-super-admin',
    'names:        none',
    'usages:       clientAuth',
    'validity:     8760h0m0s, until 2027-11-24T12:00:00.000Z if it is issued now',
    `plan:         ${plan}`,
    'approvals:    0 of 1',
    `replaces:     nothing: the ledger has no earlier certificate of this name for ${node}`,
    '',
    'FIELD        IN THE CSR                                    THE CLUSTER RECORD EXPECTS',
    'subject      O=system:masters, CN=kubernetes-super-admin   O=system:masters, CN=kubernetes-super-admin',
    'public key   ECDSA-P256                                    any key that is accepted',
    '',
    'anyone who holds this key is cluster administrator, whatever RBAC says, of every cluster of trust domain fleet until 2027-11-24T12:00:00.000Z, and the certificate cannot be revoked',
  ]);
});

it('shows who created a CSR of the certificates API, whose uploader is the forwarder, and must not approve it', async () => {
  const users = { approvalRequired: true, organizations: ['team-a'] };
  await openWith({ users, csrSigning: { kubeAPIServerClient: {} } });
  const spec = { username: 'mallory', groups: ['interns', 'system:authenticated'] };
  const object = userCsr({ cn: 'jane', o: ['team-a'], spec });
  const key = `requests/${CLUSTER}/csr/${object.metadata.uid}/user.json`;
  memory.exchange.seed(key, bytesOf(object));
  await memory.process(key);
  const { stderr } = await run(memory, ['approve', key, '--reason', 'x'], { answers: ['no'] });
  for (const shown of [await show(key), stderr]) {
    expect(shown).toMatch(/^requester: +mallory in interns, system:authenticated/m);
    expect(shown).toMatch(/^requested in the cluster by mallory, who must not approve it: /m);
  }
});

it('lists each name of the CSR next to what the cluster record says about it', async () => {
  await openWith({ approvalRequired: ['apiserver'] });
  const { comparison } = await showJson(await request('apiserver'));
  expect(comparison).toEqual(
    expect.arrayContaining([
      { field: 'name', requested: 'DNS:kubernetes.default.svc', expected: 'required' },
      { field: 'name', requested: `DNS:${node}`, expected: 'required' },
    ]),
  );
  expect(comparison.filter(({ expected }: { expected: string }) => expected === 'nothing')).toEqual(
    [],
  );
});

it('names the certificate that it replaces, from the ledger', async () => {
  const first = await request('admin.conf');
  await openAgainWith({ approvalRequired: ['admin.conf'] });
  const key = await request('admin.conf', 'r2');
  const shown = await showJson(key);
  expect(shown.replaces).toEqual({
    request: first,
    serialNumber: expect.stringMatching(/^01[0-9a-f]{32}$/),
    commonName: 'kubernetes-admin',
    organizations: ['kubeadm:cluster-admins'],
    notAfter: '2027-11-24T12:00:00.000Z',
  });
  expect(await show(key)).toContain(`of ${first}; it stays valid until 2027-11-24T12:00:00.000Z`);
});

function openAgainWith(more: object): void {
  const key = `clusters/${CLUSTER}.json`;
  memory.authority.seed(key, JSON.stringify({ ...memory.authority.json(key), ...more }));
}

it('says why a request cannot be approved as it is, and shows what would be issued now', async () => {
  const key = await request('super-admin.conf');
  openAgainWith({ certificateValidityPeriod: '1h' });
  const { pending } = await showJson(key);
  expect(pending).toMatchObject({
    certificate: { validitySeconds: 3600 },
    problems: ['validity is 1h0m0s, but was published as 8760h0m0s'],
  });
  expect(await show(key)).toContain('cannot be approved as it is: validity is 1h0m0s');
});

it('shows who approved what has been issued', async () => {
  const key = await request('super-admin.conf');
  const { pending } = await showJson(key);
  await run(memory, ['approve', key, '--reason', 'x', '--plan', pending.plan]);
  expect(await showJson(key)).toMatchObject({
    pending: { approvals: { required: 1, counted: [{ approver: 'AROAAPPROVER:alice' }] } },
  });
  await memory.process(key, undefined);
  expect(await showJson(key)).toMatchObject({
    state: 'issued',
    decision: { approvedBy: ['AROAAPPROVER:alice'], notAfter: '2027-11-24T12:00:00.000Z' },
  });
});

it('shows who denied a request, and why', async () => {
  const key = await request('super-admin.conf');
  await run(memory, ['deny', key, '--reason', 'nobody asked for it']);
  expect(await show(key)).toContain('denied by AROAAPPROVER:alice: nobody asked for it');
  await memory.process(key, undefined);
  expect(await show(key)).toMatch(/^denied by: +AROAAPPROVER:alice$/m);
});

it('compares a user with the rule for users', async () => {
  openAgainWith({
    users: { organizations: ['team-a', 'team-b'], namePatterns: ['*@example.com'] },
  });
  const key = `requests/${CLUSTER}/users/u1/user.csr`;
  const subject = csr.name([csr.O, csr.utf8('team-a')], [csr.CN, csr.utf8('jane@example.com')]);
  memory.exchange.seed(key, csr.toPem(csr.buildCsr({ key: testKey('p-256'), subject })));
  await memory.process(key);
  const shown = await showJson(key);
  expect(shown.comparison[0]).toEqual({
    field: 'subject',
    requested: 'O=team-a, CN=jane@example.com',
    expected: 'O from team-a, team-b; CN is *@example.com',
  });
  expect(shown.pending.consequence).toBe(
    'anyone who holds this key can act as jane@example.com with groups team-a in every cluster of trust domain fleet until 2026-11-25T12:00:00.000Z, and the certificate cannot be revoked',
  );
});

it('a request that was never uploaded is a usage error', async () => {
  const { error } = await run(memory, ['request', 'show', `${CLUSTER}/cp-1/r9/admin.conf.csr`]);
  expect(error).toMatchObject({
    code: 'usage',
    message: `requests/${CLUSTER}/cp-1/r9/admin.conf.csr: no such request: it was never uploaded, or has expired`,
  });
});

describe('the consequence', () => {
  it.each([
    [
      'apiserver',
      [],
      'can impersonate the API server at api.example.com to the clients of every cluster of trust domain fleet',
    ],
    [
      'apiserver-kubelet-client',
      ['kubeadm:cluster-admins'],
      "is cluster administrator, by kubeadm's role binding, of every cluster of trust domain fleet",
    ],
    [
      'apiserver-kubelet-client',
      [],
      'can act as kube-apiserver-kubelet-client in every cluster of trust domain fleet',
    ],
    [
      'front-proxy-client',
      [],
      'can act as any user, system:masters included, in every cluster of trust domain fleet',
    ],
    [
      'etcd-server',
      [],
      'can read and change all data in the etcd of every cluster of trust domain fleet',
    ],
    [
      'apiserver-etcd-client',
      [],
      'can read and change all data in the etcd of every cluster of trust domain fleet',
    ],
    [
      'admin.conf',
      ['system:masters'],
      'is cluster administrator, whatever RBAC says, of every cluster of trust domain fleet',
    ],
    [
      'kubelet.conf',
      ['system:nodes'],
      'can act as the kubelet of cp-1 in every cluster of trust domain fleet',
    ],
    [
      'scheduler.conf',
      [],
      'can act as system:kube-scheduler in every cluster of trust domain fleet',
    ],
  ] as const)('of %s with organizations %j', (name, organizations, power) => {
    const { ca, extendedKeyUsages, commonName } = profileOf(name);
    expect(
      describePower({
        ca,
        extendedKeyUsages,
        commonName: commonName.replace('{node}', 'cp-1'),
        organizations,
        trustDomain: 'fleet',
        dnsNames: ['api.example.com'],
        ipAddresses: [],
      }),
    ).toBe(power);
  });
});

describe('of a CSR of the certificates API', () => {
  const csrSigning = { kubeletClient: {}, kubeAPIServerClient: {} };
  const nodes = [{ name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' }];

  async function uploaded(object: CsrObject) {
    const users = { organizations: [], maxValidityPeriod: '24h', approvalRequired: true };
    await openWith({ csrSigning, nodes, users });
    const key = keyOf(object);
    memory.exchange.seed(key, bytesOf(object));
    await memory.process(key);
    return key;
  }

  it('shows the CSR in it, its uid, signer and requester', async () => {
    const spec = { expirationSeconds: 3600 };
    const key = await uploaded(clientCsr({ cn: 'system:node:w-1', spec }));
    const lines = (await show(key)).split('\n').map((line) => line.replace(/: +/, ': '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'state: issued',
        `object: csr-7x9q2, uid ${UID}`,
        'signer: kubernetes.io/kube-apiserver-client-kubelet, usages digital signature, client auth, for 1h0m0s',
        'requester: system:node:w-1 in system:nodes, system:authenticated',
        'conditions: Approved',
      ]),
    );
    expect(await showJson(key)).toMatchObject({
      csr: { subject: 'O=system:nodes, CN=system:node:w-1', key: 'ECDSA-P256' },
      api: { uid: UID, requester: { username: 'system:node:w-1' } },
    });
  });

  it("shows a user's next to the rule for users, for the approver", async () => {
    const key = await uploaded(userCsr({ cn: 'jane' }));
    expect(await showJson(key)).toMatchObject({
      state: 'pending',
      api: { signerName: 'kubernetes.io/kube-apiserver-client' },
      comparison: expect.arrayContaining([
        { field: 'subject', requested: 'CN=jane', expected: 'no O; CN is any user name' },
      ]),
    });
  });

  it('that is malformed shows what is left', async () => {
    await openWith({ csrSigning, nodes });
    const key = keyOf(clientCsr({ cn: 'system:node:w-1' }));
    memory.exchange.seed(key, '{}');
    await memory.process(key);
    const shown = await showJson(key);
    expect(shown).toMatchObject({ state: 'rejected', csr: { subject: '' } });
    expect(shown.api).toBeUndefined();
  });
});
