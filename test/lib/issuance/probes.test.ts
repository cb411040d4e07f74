/**
 * Probes: certificates of the new CA of a rotation, with which nodes find out what their servers trust. Of everything else
 * that is issued they differ in what signs them, so they are for nobody else, and at no other time.
 */
import { X509Certificate } from 'node:crypto';
import { findSigningOrder } from '../../../lib/audit/find-signing-order.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { nodeBudgetKey } from '../../../lib/contract/day-budget.ts';
import { type IssueRecord, issuedKey, recordKey } from '../../../lib/contract/decision-record.ts';
import { parseExpiryKey } from '../../../lib/contract/expiry-key.ts';
import { probePath } from '../../../lib/contract/request-kinds.ts';
import {
  type CaName,
  PROBE_NAMES,
  type ProbeName,
} from '../../../lib/profiles/certificate-names.ts';
import { PROBE_COMMON_NAME } from '../../../lib/profiles/profiles.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import { AFTER_ADOPTION } from '../../support/adopted-cas.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { addVersion, type RotatedCa } from '../../support/rotated-ca.ts';
import { importAllSubordinates } from '../../support/subordinate-cas.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const CONTROL_PLANE = 'cp-1';
const WORKER = 'w-1';
const nodes = [
  { name: CONTROL_PLANE, addresses: ['10.20.0.11'], role: 'control-plane', uploaders: ['AWS:*'] },
  { name: WORKER, addresses: ['10.20.0.21'], role: 'worker' },
];
const nodeRules = [{ namePattern: 'auto-*', addressRanges: ['10.20.1.0/24'], role: 'worker' }];

interface Upload {
  readonly node?: string;
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly names?: readonly string[];
  readonly requestId?: string;
}

async function opened(ca: CaName = 'ca', more: object = {}) {
  const memory = await InMemoryService.open();
  memory.declare(set, { nodes, nodeRules, ...more });
  const rotated = await addVersion(memory, ca);
  return { memory, rotated };
}

function upload(memory: InMemoryService, name: ProbeName, about: Upload = {}): string {
  const { node = CONTROL_PLANE, commonName = PROBE_COMMON_NAME, organizations = [] } = about;
  const subject = csr.name(...organizations.map((one) => [csr.O, csr.utf8(one)] as const), [
    csr.CN,
    csr.utf8(commonName),
  ]);
  const names = about.names?.map((one) => csr.dns(one)) ?? [];
  const der = csr.buildCsr({
    key: testKey('p-256'),
    subject,
    ...(names.length > 0 && { attributes: csr.withNames(...names) }),
  });
  const key = `requests/${CLUSTER}/${node}/${about.requestId ?? 'r1'}/${probePath(name)}`;
  memory.exchange.seed(key, csr.toPem(der));
  return key;
}

async function interrupt(memory: InMemoryService, key: string): Promise<void> {
  memory.keys.interrupt = () => {
    throw new Error('killed');
  };
  await expect(memory.process(key)).rejects.toThrow('killed');
  memory.keys.interrupt = () => {};
}

const codesOf = (memory: InMemoryService, key: string) =>
  ((memory.outcome(key).rejected as { violations?: { code: string }[] })?.violations ?? []).map(
    ({ code }) => code,
  );

const PROBED: Record<ProbeName, CaName> = { 'probe-ca': 'ca', 'probe-etcd-ca': 'etcd-ca' };

describe.each(PROBE_NAMES)('%s', (name) => {
  it('is a certificate of the new version for an hour, alone, without a group', async () => {
    const { memory, rotated } = await opened(PROBED[name]);
    rotated.enter('trust');
    const key = upload(memory, name);
    expect((await memory.process(key)).outcome).toBe('issued');
    const certificate = memory.outcome(key).certificate ?? '';
    expect(certificate).toBe(memory.authority.text(issuedKey(key)));
    const leaf = new X509Certificate(certificate);
    const [from, to] = [rotated.from, rotated.to].map(
      (one) => new X509Certificate(one.certificate),
    );
    expect(to && leaf.verify(to.publicKey)).toBe(true);
    expect(from && leaf.verify(from.publicKey)).toBe(false);
    expect(leaf.subject).toBe('CN=cakeless:probe');
    expect(Date.parse(leaf.validTo)).toBe(memory.now.getTime() + 3600_000);
    expect(await findSigningOrder(memory.service, recordKey(key))).toMatchObject({
      by: 'sign',
      keyId: rotated.to.keyId,
    });
  });

  it('counts in the budget of its node, and is in the expiry index with its version', async () => {
    const { memory, rotated } = await opened(PROBED[name]);
    rotated.enter('trust');
    await memory.process(upload(memory, name));
    const budget = memory.authority.json(nodeBudgetKey(CLUSTER, CONTROL_PLANE, '2026-11-24'));
    expect(budget).toBeDefined();
    const entries = [...memory.authority.objects.keys()].flatMap(
      (key) => parseExpiryKey(key) ?? [],
    );
    expect(entries).toMatchObject([{ node: CONTROL_PLANE, certificateName: name, caVersion: 2 }]);
  });

  it('never waits for an approval, and never outlives what the trust domain allows', async () => {
    const { memory, rotated } = await opened(PROBED[name], {
      certificateValidityPeriod: '30m',
      requiredApprovals: 2,
    });
    memory.rules = { [TRUST_DOMAIN]: { maxValidityPeriod: '30m', requiredApprovals: 2 } };
    rotated.enter('trust');
    const key = upload(memory, name);
    expect((await memory.process(key)).outcome).toBe('issued');
    const leaf = new X509Certificate(memory.outcome(key).certificate ?? '');
    expect(Date.parse(leaf.validTo)).toBe(memory.now.getTime() + 1800_000);
  });
});

type Phase = Parameters<RotatedCa['enter']>[0];

it.each<[string, ProbeName, CaName, Phase | undefined, Upload, ViolationCode[]]>([
  ['outside of rotations is refused', 'probe-ca', 'ca', undefined, {}, ['rotation-phase']],
  ['in phase issue is refused', 'probe-ca', 'ca', 'issue', {}, ['rotation-phase']],
  ['in phase retire is refused', 'probe-ca', 'ca', 'retire', {}, ['rotation-phase']],
  ['after a rotation is refused', 'probe-ca', 'ca', 'ended', {}, ['rotation-phase']],
  ['of a canceled rotation is refused', 'probe-ca', 'ca', 'canceled', {}, ['rotation-phase']],
  [
    'of ca, while etcd-ca is rotated, is refused',
    'probe-ca',
    'etcd-ca',
    'trust',
    {},
    ['rotation-phase'],
  ],
  [
    'of etcd-ca, while ca is rotated, is refused',
    'probe-etcd-ca',
    'ca',
    'trust',
    {},
    ['rotation-phase'],
  ],
  [
    'while front-proxy-ca is rotated is refused',
    'probe-ca',
    'front-proxy-ca',
    'trust',
    {},
    ['rotation-phase'],
  ],
  ['of ca by a worker is issued', 'probe-ca', 'ca', 'trust', { node: WORKER }, []],
  [
    'of ca by a node that only matches a rule is issued',
    'probe-ca',
    'ca',
    'trust',
    { node: 'auto-7' },
    [],
  ],
  [
    'of etcd-ca by a worker is refused',
    'probe-etcd-ca',
    'etcd-ca',
    'trust',
    { node: WORKER },
    ['certificate-name-role'],
  ],
  ['by an unknown node is refused', 'probe-ca', 'ca', 'trust', { node: 'cp-9' }, ['node-unknown']],
  [
    'in system:masters is refused',
    'probe-ca',
    'ca',
    'trust',
    { organizations: ['system:masters'] },
    ['subject-organization'],
  ],
  [
    'in the group of nodes is refused',
    'probe-ca',
    'ca',
    'trust',
    { organizations: ['system:nodes'] },
    ['subject-organization'],
  ],
  [
    'with the name of a node is refused',
    'probe-ca',
    'ca',
    'trust',
    { commonName: 'system:node:cp-1' },
    ['subject-common-name'],
  ],
  [
    'with the name of an admin is refused',
    'probe-ca',
    'ca',
    'trust',
    { commonName: 'kubernetes-admin' },
    ['subject-common-name'],
  ],
  [
    'with a name for servers is refused',
    'probe-ca',
    'ca',
    'trust',
    { names: ['kubernetes'] },
    ['san-not-allowed'],
  ],
  [
    'with everything that can be wrong is refused for all of it',
    'probe-etcd-ca',
    'ca',
    'issue',
    { node: WORKER, commonName: 'root', organizations: ['system:masters'], names: ['etcd'] },
    [
      'certificate-name-role',
      'subject-common-name',
      'subject-organization',
      'san-not-allowed',
      'rotation-phase',
    ],
  ],
])('a probe %s', async (_, name, ca, phase, about, codes) => {
  const { memory, rotated } = await opened(ca);
  if (phase) rotated.enter(phase);
  const key = upload(memory, name, about);
  const done = await memory.process(key);
  expect(done.outcome).toBe(codes.length === 0 ? 'issued' : 'rejected');
  expect(codesOf(memory, key)).toEqual(codes);
  expect(memory.keys.signed).toEqual(codes.length === 0 ? [rotated.to.keyId] : []);
});

it('a probe by a principal that may not upload for the node is refused', async () => {
  const { memory, rotated } = await opened('ca', {
    uploaders: ['AWS:AROAOTHER:*'],
    nodes: [{ ...nodes[1] }],
  });
  rotated.enter('trust');
  const key = upload(memory, 'probe-ca', { node: WORKER });
  expect((await memory.process(key)).outcome).toBe('rejected');
  expect(codesOf(memory, key)).toEqual(['uploader-not-allowed']);
});

it.each<Phase>(['issue', 'canceled', 'ended'])(
  'a probe whose rotation is %s before it is signed is not signed',
  async (phase) => {
    const { memory, rotated } = await opened();
    rotated.enter('trust');
    const key = upload(memory, 'probe-ca');
    await interrupt(memory, key);
    rotated.enter(phase);
    expect(await memory.process(key)).toMatchObject({
      outcome: 'rejected',
      reason: 'declarations-changed',
    });
    expect(memory.keys.signed).toEqual([]);
  },
);

it('a probe that was signed in phase trust is published without the cross certificate in phase issue', async () => {
  const { memory, rotated } = await opened();
  rotated.enter('trust');
  const key = upload(memory, 'probe-ca');
  await memory.process(key);
  memory.exchange.objects.delete(key.replace('requests/', 'certificates/').replace(/csr$/, 'crt'));
  rotated.enter('issue');
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(memory.outcome(key).certificate).toBe(memory.authority.text(issuedKey(key)));
});

it('a probe of a subordinate CA has the certificates between it and the root', async () => {
  const corporate = new CorporateRoot();
  const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
    importAllSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca']),
  );
  memory.declare(set, { nodes });
  const rotated = await addVersion(memory, 'ca', (spki) => ({
    certificate: certificateToPem(corporate.certify(spki, 'kubernetes', AFTER_ADOPTION)),
    chain: corporate.chainPem,
  }));
  rotated.enter('trust');
  const key = upload(memory, 'probe-ca');
  await memory.process(key);
  const { certificate = '' } = memory.outcome(key);
  expect(certificate.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
  expect(certificate).not.toContain(rotated.to.cross);
});

it.each<[string, (record: IssueRecord) => IssueRecord, RegExp]>([
  ['for a year', (record) => ({ ...record, validitySeconds: 8760 * 3600 }), /3600 seconds at most/],
  ['of front-proxy-ca', (record) => ({ ...record, ca: 'front-proxy-ca' }), /but ca signs probe-ca/],
])('a forged record of a probe %s is not signed', async (_, forge, says) => {
  const { memory, rotated } = await opened();
  rotated.enter('trust');
  const key = upload(memory, 'probe-ca');
  await interrupt(memory, key);
  const record = memory.authority.json(recordKey(key)) as unknown as IssueRecord;
  memory.authority.seed(recordKey(key), JSON.stringify(forge(record)));
  const done = await memory.process(key);
  expect(done.misfits?.join()).toMatch(says);
  expect(memory.keys.signed).toEqual([]);
});

it('a record of a probe of the old version, as only a forged document allows it, is not signed', async () => {
  const { memory, rotated } = await opened();
  const trustDomain = `trust/${TRUST_DOMAIN}.json`;
  rotated.enter('trust');
  const genuine = memory.authority.text(trustDomain) ?? '';
  memory.authority.seed(trustDomain, genuine.replace('"to":2', '"to":1'));
  const key = upload(memory, 'probe-ca');
  await interrupt(memory, key);
  expect(memory.authority.json(recordKey(key))).toMatchObject({ caVersion: 1 });
  memory.authority.seed(trustDomain, genuine);
  expect(await memory.process(key)).toMatchObject({ outcome: 'rejected' });
  expect(memory.keys.signed).toEqual([]);
});
