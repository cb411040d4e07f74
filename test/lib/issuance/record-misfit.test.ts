/**
 * A record is written before a signature, but a record alone is not enough to get one: its CSR, the profile, the trust
 * domain and the approvals have to agree. `watch-signatures` uses the same check.
 */
import { readFileSync } from 'node:fs';
import { findSigningOrder } from '../../../lib/audit/find-signing-order.ts';
import { issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { requestApprovalKey, standingApprovalKey } from '../../../lib/contract/approvals.ts';
import { type IssueRecord, recordKey } from '../../../lib/contract/decision-record.ts';
import { digestOf } from '../../../lib/csr/read-request.ts';
import { fieldsOf } from '../../../lib/issuance/recorded-fields.ts';
import { writeTbsCertificate } from '../../../lib/issuance/tbs-certificate.ts';
import { planDigest } from '../../../lib/policy/plan-digest.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { ALICE, approve, writeApproval } from '../../support/approve.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import {
  CLUSTER,
  InMemoryService,
  START,
  TRUST_DOMAIN,
  UPLOADER,
} from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet, listKubeadmSets } from '../../support/kubeadm-sets.ts';

const newest = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const legacy = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');

interface Opening {
  readonly memory: InMemoryService;
  readonly key: string;
  readonly node: string;
}

/** A request whose record is written, and not yet signed. */
async function recorded(name: CertificateName = 'apiserver', set = newest): Promise<Opening> {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const key = memory.upload(node, csrOf(set, name));
  if ((await interrupted(memory, key)) === 'pending') {
    writeApproval(memory, key);
    await interrupted(memory, key);
  }
  expect(memory.authority.json(recordKey(key))).toMatchObject({ decision: 'issue' });
  return { memory, key, node };
}

/** Runs until KMS is called, which fails. */
async function interrupted(memory: InMemoryService, key: string): Promise<string | undefined> {
  memory.keys.interrupt = () => {
    throw new Error('killed');
  };
  const done = await memory.process(key).catch((error: Error) => {
    expect(error.message).toBe('killed');
  });
  memory.keys.interrupt = () => {};
  return done?.outcome;
}

type Change = (record: IssueRecord, memory: InMemoryService) => IssueRecord;

/** Writes the record with a change, and bytes that match it: a forger can write a draft too. */
function forge({ memory, key }: Pick<Opening, 'memory' | 'key'>, change: Change): void {
  const record = memory.authority.json(recordKey(key)) as unknown as IssueRecord;
  const changed = change(structuredClone(record), memory);
  memory.authority.seed(recordKey(key), JSON.stringify(changed));
}

/** With the draft, and the digest of the plan, that follow from its other fields. */
function consistent(record: IssueRecord, memory: InMemoryService): IssueRecord {
  const ca = issuingCa(memory.document, record.ca);
  if (!ca) throw new Error(`no ${record.ca}`);
  const tbs = writeTbsCertificate(fieldsOf(record), ca);
  const [, cluster = ''] = record.request.split('/');
  const digest = planDigest({
    ...record,
    ...record.certificate,
    cluster,
    certificateName: record.certificateName as CertificateName,
  });
  return {
    ...record,
    tbs: Buffer.from(tbs).toString('base64'),
    ...(record.approval && { approval: { ...record.approval, planDigest: digest } }),
  };
}

const withCertificate = (change: Partial<IssueRecord['certificate']>): Change => {
  return (record, memory) =>
    consistent({ ...record, certificate: { ...record.certificate, ...change } }, memory);
};
const withFields =
  (change: Partial<IssueRecord>): Change =>
  (record) => ({ ...record, ...change });

async function expectMisfit({ memory, key }: Pick<Opening, 'memory' | 'key'>, says: RegExp) {
  const evidence = memory.authority.text(recordKey(key));
  const done = await memory.process(key);
  expect(done).toMatchObject({ outcome: 'rejected' });
  expect(done.misfits?.join('; ')).toMatch(says);
  expect(memory.outcome(key)).toMatchObject({
    certificate: undefined,
    rejected: { request: key, violations: [{ code: 'record-misfit' }] },
    pending: undefined,
  });
  expect(memory.keys.signed).toEqual([]);
  expect(memory.authority.text(recordKey(key))).toBe(evidence);
  const { authority, exchange } = memory;
  const order = await findSigningOrder({ ...memory.service, authority, exchange }, recordKey(key));
  expect(order).toMatch(says);
}

const DAYS_LATER = '2026-12-24T12:00:00.000Z';

describe('does not sign a record that was changed, and ends the request', () => {
  it.each<[string, Change, RegExp]>([
    ['another common name', withCertificate({ commonName: 'kubernetes-admin' }), /commonName is/],
    ['an organization', withCertificate({ organizations: ['system:masters'] }), /organizations is/],
    ['another name', withCertificate({ dnsNames: ['evil.example.com'] }), /dnsNames is/],
    ['no names', withCertificate({ dnsNames: [], ipAddresses: [] }), /dnsNames is/],
    [
      'one more usage',
      withCertificate({ extendedKeyUsages: ['serverAuth', 'clientAuth'] }),
      /extendedKeyUsages is/,
    ],
    [
      'another key',
      withCertificate({
        publicKey: Buffer.from(testKey('p-384').spki).toString('base64'),
      }),
      /publicKey is/,
    ],
    ['another kind of key', withCertificate({ keyAlgorithm: 'RSA' }), /keyAlgorithm is/],
    [
      'a later end',
      withCertificate({ notAfter: '2036-01-01T00:00:00.000Z' }),
      /the validity is .* to 2036/,
    ],
    [
      'a later beginning',
      withCertificate({ notBefore: DAYS_LATER, notAfter: '2027-12-24T12:00:00.000Z' }),
      /the validity is/,
    ],
    [
      'a date that cannot be read',
      withFields({ decidedAt: 'yesterday' }),
      /not a time in the past/,
    ],
    [
      'a decision in the future',
      withFields({ decidedAt: '2035-11-24T12:00:00.000Z' }),
      /not a time in the past/,
    ],
    [
      'a longer validity than the trust domain allows',
      (record, memory) =>
        consistent(
          {
            ...record,
            validitySeconds: 9000 * 3600,
            certificate: {
              ...record.certificate,
              notAfter: new Date(START.getTime() + 9000 * 3600_000).toISOString(),
            },
          },
          memory,
        ),
      /32400000 seconds, but its trust domain allows at most 31536000/,
    ],
    ['a negative validity', withFields({ validitySeconds: -1e308 }), /-1e\+308 seconds/],
    [
      'another request',
      withFields({ request: 'requests/prod/cp-9/r1/pki/apiserver.csr' }),
      /is the record of (?:request )?requests\/prod\/cp-9/,
    ],
    [
      'another certificate name',
      withFields({ certificateName: 'admin.conf' }),
      /it is for admin\.conf, the request for apiserver/,
    ],
    [
      'a certificate name that this release does not know',
      withFields({ certificateName: 'kubelet-client' }),
      /it is for kubelet-client/,
    ],
    ['another CA', withFields({ ca: 'etcd-ca' }), /it is for etcd-ca, but ca signs apiserver/],
    [
      'another trust domain',
      withFields({ trustDomain: 'other' }),
      /trust domain other has no version 1 of ca/,
    ],
    ['another version of the CA', withFields({ caVersion: 2 }), /has no version 2 of ca/],
    [
      'another key of a CA',
      (record, { document }) => ({
        ...record,
        keyId: document.cas['etcd-ca']?.versions[0]?.keyId ?? '',
      }),
      /has no version 1 of ca with the key/,
    ],
    [
      'a version of Kubernetes that does not exist',
      withFields({ kubernetesVersion: 'stable' }),
      /Kubernetes stable has no apiserver/,
    ],
    ['another CSR', withFields({ csrSha256: '0'.repeat(64) }), /is not the one that it names/],
    [
      'bytes of another certificate',
      (record, memory) => ({
        ...record,
        tbs: withCertificate({ commonName: 'mallory' })(record, memory).tbs,
      }),
      /subject is .*mallory/,
    ],
    ['bytes that are not a certificate', withFields({ tbs: 'AAAA' }), /draft is not DER/],
    [
      'a serial number that its bytes do not have',
      (record) => ({
        ...record,
        certificate: { ...record.certificate, serialNumber: '0102' },
      }),
      /serialNumber is/,
    ],
  ])('to %s', async (_, change, says) => {
    const opening = await recorded();
    forge(opening, change);
    await expectMisfit(opening, says);
  });

  it('for the node of another request: the CN is that of the node in the key', async () => {
    const { memory, key } = await recorded('kubelet.conf');
    const stolen = key.replace(/requests\/prod\/[^/]+/, 'requests/prod/cp-9');
    memory.exchange.seed(stolen, readFileSync(csrOf(newest, 'kubelet.conf').file));
    memory.authority.seed(recordKey(stolen), memory.authority.text(recordKey(key)) ?? '');
    const opening = { memory, key: stolen };
    forge(opening, withFields({ request: stolen }));
    await expectMisfit(opening, /subject\.commonName is system:node:.*; allowed: system:node:cp-9/);
  });
});

describe('a principal with only PutObject, who writes a record', () => {
  /** `O=system:masters, CN=mallory` until the end of the CA in 2036, in every field and byte. */
  const masters = (
    record: IssueRecord,
    memory: InMemoryService,
    csrSha256: string,
  ): IssueRecord => {
    const { notAfter } = issuingCa(memory.document, 'ca');
    const validitySeconds = (notAfter.getTime() - START.getTime()) / 1000;
    return consistent(
      {
        ...record,
        csrSha256,
        certificateName: 'user',
        request: MALLORY,
        validitySeconds,
        certificate: {
          ...record.certificate,
          commonName: 'mallory',
          organizations: ['system:masters'],
          notAfter: notAfter.toISOString(),
          publicKey: Buffer.from(testKey('p-256').spki).toString('base64'),
        },
      },
      memory,
    );
  };
  const MALLORY = `requests/${CLUSTER}/users/mine/user.csr`;
  const wanted = csr.buildCsr({
    key: testKey('p-256'),
    subject: csr.name([csr.O, csr.utf8('system:masters')], [csr.CN, csr.utf8('mallory')]),
  });

  async function attacked(csrSha256: string) {
    const { memory, key } = await recorded('scheduler.conf');
    const genuine = memory.authority.json(recordKey(key)) as unknown as IssueRecord;
    const forged = masters(genuine, memory, csrSha256);
    memory.authority.seed(recordKey(MALLORY), JSON.stringify(forged));
    return { memory, key: MALLORY };
  }

  it('gets nothing signed without a CSR', async () => {
    await expectMisfit(await attacked('0'.repeat(64)), /its CSR is not in the bucket/);
  });

  it('gets no certificate until 2036', async () => {
    const opening = await attacked(digestOf(wanted));
    opening.memory.exchange.seed(MALLORY, wanted);
    await expectMisfit(opening, /its trust domain allows at most 31536000/);
  });

  it('gets no one-year certificate either, because it needs an approval', async () => {
    const opening = await attacked(digestOf(wanted));
    opening.memory.exchange.seed(MALLORY, wanted);
    forge(opening, (record, memory) =>
      consistent(
        {
          ...record,
          validitySeconds: 3600,
          certificate: {
            ...record.certificate,
            notAfter: new Date(START.getTime() + 3600_000).toISOString(),
          },
        },
        memory,
      ),
    );
    await expectMisfit(opening, /it needs an approval: O=system:masters/);
  });
});

describe('an approval is weighed again before the signature', () => {
  it('a record that names an approval which does not exist is not signed', async () => {
    const opening = await recorded('super-admin.conf');
    const { memory, key } = opening;
    const { approval } = memory.authority.json(recordKey(key)) as unknown as IssueRecord;
    memory.authority.objects.delete(requestApprovalKey(key, approval?.planDigest ?? '', ALICE));
    await expectMisfit(opening, /it has 0 of the 1 approvals it needs/);
  });

  it('a missing approval is noticed', async () => {
    const opening = await recorded('super-admin.conf');
    forge(opening, ({ approval: _, ...record }) => record);
    await expectMisfit(opening, /it needs an approval: O=system:masters/);
  });

  it('an approval of another plan does not count', async () => {
    const opening = await recorded('super-admin.conf');
    forge(opening, (record) => ({
      ...record,
      approval: record.approval && { ...record.approval, planDigest: '0'.repeat(64) },
    }));
    await expectMisfit(opening, /its approval is for the plan 0000/);
  });

  it('the number of approvers cannot be lowered below what the trust domain requires', async () => {
    const opening = await recorded('super-admin.conf');
    opening.memory.rules = { [TRUST_DOMAIN]: { requiredApprovals: 2 } };
    await expectMisfit(opening, /it has 1 of the 2 approvals it needs/);
  });

  it('the uploader is not one of the approvers', async () => {
    const opening = await recorded('super-admin.conf');
    forge(opening, withFields({ uploader: 'AWS:AROAREQUESTER:alice' }));
    await expectMisfit(opening, /its author uploaded the request/);
  });

  it('a standing approval that was withdrawn in the meantime no longer counts', async () => {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(legacy);
    const key = memory.upload(node, csrOf(legacy, 'admin.conf'));
    const grant = {
      certificateName: 'admin.conf',
      trustDomain: TRUST_DOMAIN,
      organizations: ['system:masters'],
      maxValiditySeconds: 8760 * 3600,
      decidedAt: 'today',
    };
    const standing = { cluster: CLUSTER, grants: [grant], denials: [] };
    memory.authority.seed(standingApprovalKey(CLUSTER, ALICE), JSON.stringify(standing));
    await interrupted(memory, key);
    memory.authority.seed(
      standingApprovalKey(CLUSTER, ALICE),
      JSON.stringify({ ...standing, grants: [] }),
    );
    await expectMisfit({ memory, key }, /it has 0 of the 1 approvals it needs/);
  });

  it('the approval that a cluster record required is weighed again too', async () => {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(newest, { approvalRequired: ['scheduler.conf'] });
    const key = memory.upload(node, csrOf(newest, 'scheduler.conf'));
    await memory.process(key);
    writeApproval(memory, key);
    await interrupted(memory, key);
    const { approval } = memory.authority.json(recordKey(key)) as unknown as IssueRecord;
    memory.authority.objects.delete(requestApprovalKey(key, approval?.planDigest ?? '', ALICE));
    await expectMisfit({ memory, key }, /it has 0 of the 1 approvals it needs/);
  });
});

it('a record whose CSR expired from the bucket before it was finished is not signed', async () => {
  const opening = await recorded();
  opening.memory.exchange.objects.delete(opening.key);
  await expectMisfit(opening, /its CSR is not in the bucket/);
});

it('a record that did not fit is final, even if what was missing comes later', async () => {
  const { memory, key } = await recorded();
  const body = memory.exchange.objects.get(key)?.body ?? '';
  memory.exchange.objects.delete(key);
  await memory.process(key);
  memory.exchange.seed(key, body);
  expect(await memory.process(key)).toMatchObject({ outcome: 'rejected' });
  expect(memory.outcome(key).certificate).toBeUndefined();
  expect(memory.keys.signed).toEqual([]);
});

describe('a retry signs the bytes of the record', () => {
  it.each<[string, (opening: Opening) => void]>([
    [
      'if the cluster record has changed',
      ({ memory }) =>
        void memory.declare(newest, {
          certificateValidityPeriod: '1h',
          approvalRequired: ['apiserver'],
          requiredApprovals: 3,
          controlPlaneEndpoint: 'other.example.com:6443',
        }),
    ],
    [
      'if the cluster no longer has a record',
      ({ memory }) => void memory.authority.objects.delete(`clusters/${CLUSTER}.json`),
    ],
    [
      'after days',
      ({ memory }) => {
        memory.now = new Date(DAYS_LATER);
      },
    ],
    [
      'if its clock is two minutes behind that of the run that decided',
      ({ memory }) => {
        memory.now = new Date(START.getTime() - 2 * 60_000);
      },
    ],
  ])('%s', async (_, change) => {
    const opening = await recorded();
    change(opening);
    expect((await opening.memory.process(opening.key)).outcome).toBe('issued');
  });

  it.each<CertificateName>(['super-admin.conf', 'kubelet.conf', 'etcd-peer', 'admin.conf'])(
    'for %s',
    async (name) => {
      const { memory, key } = await recorded(name);
      expect((await memory.process(key, UPLOADER)).outcome).toBe('issued');
    },
  );
});

it('a certificate with an approval is accounted for afterwards', async () => {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(newest);
  const key = memory.upload(node, csrOf(newest, 'super-admin.conf'));
  await memory.process(key);
  expect((await approve(memory, key)).outcome).toBe('issued');
  expect(await findSigningOrder(memory.service, recordKey(key))).toMatchObject({ by: 'sign' });
});

/** What `decide` writes and what the check accepts must not drift apart: a genuine record would then be a misfit. */
it.each(
  listKubeadmSets().map((set) => [`${set.version} ${set.layout} ${set.config}`, set] as const),
)(
  'every certificate of %s is accounted for, even if a later run finds its record',
  async (_, set) => {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(set);
    for (const request of set.csrs) {
      const key = memory.upload(node, request);
      if ((await interrupted(memory, key)) === 'pending') {
        writeApproval(memory, key);
        await interrupted(memory, key);
      }
      expect((await memory.process(key)).outcome).toBe('issued');
      expect(await findSigningOrder(memory.service, recordKey(key))).toMatchObject({ by: 'sign' });
    }
  },
);

it('a node with a name that is too long for a kubelet gets its other certificates', async () => {
  const memory = await InMemoryService.open();
  const { record, name, bytes } = longNamedNode();
  memory.authority.seed(`clusters/${CLUSTER}.json`, JSON.stringify(record));
  const key = `requests/${CLUSTER}/${name}/r1/scheduler.conf.csr`;
  memory.exchange.seed(key, bytes);
  await interrupted(memory, key);
  expect((await memory.process(key)).outcome).toBe('issued');
});

function longNamedNode() {
  const rule = { namePattern: 'cp-*', addressRanges: ['10.0.0.0/8'], role: 'control-plane' };
  const record = {
    cluster: CLUSTER,
    trustDomain: TRUST_DOMAIN,
    kubernetesVersion: 'v1.37.2',
    nodes: [],
    nodeRules: [rule],
  };
  const bytes = csr.buildCsr({
    key: testKey('p-256'),
    subject: csr.name([csr.CN, csr.utf8('system:kube-scheduler')]),
  });
  return { record, name: `cp-${'x'.repeat(60)}`, bytes };
}
