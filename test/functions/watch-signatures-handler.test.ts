import { X509Certificate } from 'node:crypto';
import { newWatchSignaturesHandler } from '../../functions/watch-signatures-handler.ts';
import { CaKeyList } from '../../lib/audit/ca-key-list.ts';
import { importCertificates } from '../../lib/ca/import-certificate.ts';
import { renewCa } from '../../lib/ca/renew-ca.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { recordKey } from '../../lib/contract/decision-record.ts';
import { OID } from '../../lib/der/oids.ts';
import { readDer, readOid } from '../../lib/der/read.ts';
import { booleanTrue, sequence } from '../../lib/der/write.ts';
import { AFTER_ADOPTION, adoptAll, readAdoptedSet } from '../support/adopted-cas.ts';
import {
  basicConstraints,
  commonNameOf,
  extension,
  integer,
  keyUsage,
  newEcKeys,
} from '../support/ca-certificate.ts';
import {
  ACCOUNT,
  ALICE,
  CREATE_CA_ROLE,
  callerOfAccount,
  SIGN_ROLE,
  type SignEvent,
  sessionOf,
  signEvent,
} from '../support/cloudtrail.ts';
import { CorporateRoot, extensionsBelow } from '../support/corporate-root.ts';
import { InMemoryService, START, TRUST_DOMAIN } from '../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../support/kubeadm-sets.ts';
import { addVersion, type CrossChanges } from '../support/rotated-ca.ts';
import { lambdaContext, withReporter } from '../support/running-service-lambda.ts';
import { importAllSubordinates } from '../support/subordinate-cas.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const MINUTE_MS = 60_000;

/** The use of an imported key to prove an adoption. */
async function adopted() {
  const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
    adoptAll(service, keys, TRUST_DOMAIN, readAdoptedSet('kubeadm-1.35.4-p256')),
  );
  return { memory, keyArn: memory.document.cas.ca.versions[0]?.keyId ?? '' };
}

/** A service that issued a certificate for apiserver and rejected another request, with the records of its CAs. */
async function opened() {
  const memory = await InMemoryService.openWithCaRecords();
  const { node } = memory.declare(set);
  const keyOf = (name: string, requestId?: string) =>
    memory.upload(node, csrOf(set, name), requestId);
  const issued = keyOf('apiserver');
  await memory.process(issued);
  const refused = keyOf('apiserver', 'other');
  memory.declare(set, { controlPlaneEndpoint: 'other.example.com:6443' });
  await memory.process(refused);
  const { authority } = memory;
  const roles = { sign: SIGN_ROLE, createCa: CREATE_CA_ROLE };
  const caKeys = new CaKeyList(authority, () => new Date(memory.now.getTime() + 5 * MINUTE_MS));
  const watch = (event: unknown) =>
    withReporter(
      (reporter) =>
        newWatchSignaturesHandler({ ...memory.service, caKeys, roles }, reporter)(
          event,
          lambdaContext,
        ),
      'watch-signatures',
    );
  const keyArn = memory.document.cas.ca.versions[0]?.keyId ?? '';
  const etcdKeyArn = memory.document.cas['etcd-ca']?.versions[0]?.keyId ?? '';
  return { memory, watch, keyArn, etcdKeyArn, record: recordKey(issued), refused };
}

type Opened = Awaited<ReturnType<typeof opened>>;

const CA_RECORD = `ca-records/${TRUST_DOMAIN}/ca/1.json`;
const OTHER_KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/0987dcba-09fe-87dc-65ba-ab0987654321`;
const ADMIN = `arn:aws:iam::${ACCOUNT}:role/admin`;

describe('accounted for', () => {
  it.each<[string, (service: Opened) => SignEvent]>([
    ['a leaf by the role of sign', ({ keyArn, record }) => ({ keyArn, record })],
    [
      'a CA by the role of create-ca',
      ({ keyArn }) => ({
        keyArn,
        record: CA_RECORD,
        userIdentity: sessionOf(CREATE_CA_ROLE),
      }),
    ],
    [
      'by a replica of the key in another region',
      ({ keyArn, record }) => ({ keyArn: keyArn.replace('eu-central-1', 'eu-west-1'), record }),
    ],
    [
      'a second time, by a racing or interrupted run',
      ({ keyArn, record }) => ({ keyArn, record, eventTime: '2026-11-24T12:14:00Z' }),
    ],
    [
      "in the trail of the key's account, which names only the account of the role",
      ({ keyArn, record }) => ({ keyArn, record, userIdentity: callerOfAccount(ACCOUNT) }),
    ],
  ])('%s', async (_, event) => {
    const service = await opened();
    const { record } = event(service);
    const { result, lines, metrics } = await service.watch(signEvent(event(service)));
    expect(result).toEqual({ kind: 'accounted', record });
    expect(metrics).toMatchObject([{ SignatureWithoutRecord: 0, service: 'watch-signatures' }]);
    expect(lines).toMatchObject([{ level: 'INFO', message: 'accounted', record }]);
  });
});

it('the proof of an adoption by the role of create-ca is accounted for, and by no other', async () => {
  const { memory, keyArn } = await adopted();
  const judge = async (role: string, eventTime: string) => {
    const caKeys = new CaKeyList(memory.authority, () => memory.now);
    const roles = { sign: SIGN_ROLE, createCa: CREATE_CA_ROLE };
    const deps = { ...memory.service, caKeys, roles };
    const event = { keyArn, record: CA_RECORD, userIdentity: sessionOf(role), eventTime };
    const watched = await withReporter(
      (reporter) => newWatchSignaturesHandler(deps, reporter)(signEvent(event), lambdaContext),
      'watch-signatures',
    );
    return watched.result;
  };
  expect(await judge(CREATE_CA_ROLE, '2026-12-24T12:00:02Z')).toEqual({
    kind: 'accounted',
    record: CA_RECORD,
  });
  expect(await judge(SIGN_ROLE, '2026-12-24T12:00:02Z')).toMatchObject({ kind: 'without-record' });
  expect(await judge(CREATE_CA_ROLE, '2026-12-25T12:00:02Z')).toMatchObject({
    kind: 'without-record',
    reasons: [expect.stringContaining('must not be signed again')],
  });
});

describe('the CSR of a subordinate CA', () => {
  /** A service with a CSR for the key of `ca`, and what judges a signature of that key. */
  async function requested() {
    const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
      importAllSubordinates(service, keys, TRUST_DOMAIN, new CorporateRoot(), ['ca']),
    );
    const keyArn = memory.document.cas.ca.versions[0]?.keyId ?? '';
    const records = [...memory.authority.objects.keys()].filter((key) => key.endsWith('.json'));
    const record = records.find((key) => key.includes('/1.csr/')) ?? '';
    const judge = async (role: string, eventTime: string, named = record) => {
      const caKeys = new CaKeyList(memory.authority, () => memory.now);
      const roles = { sign: SIGN_ROLE, createCa: CREATE_CA_ROLE };
      const event = { keyArn, record: named, userIdentity: sessionOf(role), eventTime };
      const watched = await withReporter(
        (reporter) =>
          newWatchSignaturesHandler({ ...memory.service, caKeys, roles }, reporter)(
            signEvent(event),
            lambdaContext,
          ),
        'watch-signatures',
      );
      return watched.result;
    };
    return { memory, record, judge };
  }

  const SOON = '2026-12-24T12:00:02Z';

  it('and the proof of its certificate, signed by the role of create-ca, are accounted for, and by no other', async () => {
    const { judge, record } = await requested();
    for (const named of [record, CA_RECORD]) {
      expect(await judge(CREATE_CA_ROLE, SOON, named)).toEqual({
        kind: 'accounted',
        record: named,
      });
      expect(await judge(SIGN_ROLE, SOON, named)).toMatchObject({ kind: 'without-record' });
    }
  });

  it('is not signed again on another day', async () => {
    const { judge } = await requested();
    expect(await judge(CREATE_CA_ROLE, '2026-12-25T12:00:02Z')).toMatchObject({
      kind: 'without-record',
      reasons: [expect.stringContaining('must not be signed again')],
    });
  });

  it.each<[string, (record: Record<string, string>) => Record<string, string>]>([
    ['another common name', () => ({ commonName: 'system:admin' })],
    ['a certificate', () => ({ request: 'MIIBBzCBrqADAgEC' })],
    ['another CA', () => ({ ca: 'etcd-ca' })],
  ])('does not count if its record has %s', async (_, change) => {
    const { memory, record, judge } = await requested();
    const known = memory.authority.json(record) as Record<string, string>;
    memory.authority.seed(record, JSON.stringify({ ...known, ...change(known) }));
    expect(await judge(CREATE_CA_ROLE, SOON)).toMatchObject({
      kind: 'without-record',
      reasons: [`${record}: is not the record of the CSR of this name and key`],
    });
  });

  it('does not count if its record does not exist', async () => {
    const { judge } = await requested();
    const missing = `ca-records/${TRUST_DOMAIN}/ca/1.csr/${'0'.repeat(64)}.json`;
    expect(await judge(CREATE_CA_ROLE, SOON, missing)).toMatchObject({
      kind: 'without-record',
      reasons: [`${missing}: the record does not exist`],
    });
  });
});

describe('the renewal of a CA certificate with the same key', () => {
  const RENEWED_AT = new Date(START.getTime() + 365 * 24 * 60 * 60 * 1000);
  const SOON = new Date(RENEWED_AT.getTime() + 2000).toISOString();

  async function renewed() {
    const memory = await InMemoryService.openWithCaRecords();
    memory.now = RENEWED_AT;
    await renewCa(memory.service, { action: 'renew-ca', trustDomain: TRUST_DOMAIN, ca: 'ca' });
    const keyArn = memory.document.cas.ca.versions[0]?.keyId ?? '';
    const [record = ''] = memory.keys.records;
    const judge = async (role: string, eventTime: string) => {
      const caKeys = new CaKeyList(memory.authority, () => memory.now);
      const roles = { sign: SIGN_ROLE, createCa: CREATE_CA_ROLE };
      const event = { keyArn, record, userIdentity: sessionOf(role), eventTime };
      const watched = await withReporter(
        (reporter) =>
          newWatchSignaturesHandler({ ...memory.service, caKeys, roles }, reporter)(
            signEvent(event),
            lambdaContext,
          ),
        'watch-signatures',
      );
      return watched.result;
    };
    return { memory, record, judge };
  }

  it('is accounted for if create-ca signed it, and only then', async () => {
    const { judge, record } = await renewed();
    expect(await judge(CREATE_CA_ROLE, SOON)).toEqual({ kind: 'accounted', record });
    expect(await judge(SIGN_ROLE, SOON)).toMatchObject({ kind: 'without-record' });
    const nextDay = new Date(RENEWED_AT.getTime() + 24 * 60 * 60 * 1000).toISOString();
    expect(await judge(CREATE_CA_ROLE, nextDay)).toMatchObject({
      kind: 'without-record',
      reasons: [expect.stringContaining('must not be signed again')],
    });
  });

  it.each<[string, object]>([
    ['another CA', { ca: 'etcd-ca' }],
    ['a draft that is no renewal', { tbs: 'MIIBBzCBrqADAgEC' }],
    ['a certificate to renew that cannot be read', { renews: 'AAAA' }],
    ['another key', { publicKey: 'AAAA' }],
  ])('does not count if its record has %s', async (_, change) => {
    const { memory, record, judge } = await renewed();
    const known = memory.authority.json(record) as object;
    memory.authority.seed(record, JSON.stringify({ ...known, ...change }));
    expect(await judge(CREATE_CA_ROLE, SOON)).toMatchObject({
      kind: 'without-record',
      reasons: [`${record}: is not the record of a certificate that is renewed with the same key`],
    });
  });
});

describe('the proof of a certificate that renews a subordinate CA', () => {
  const RENEWED_AT = new Date(AFTER_ADOPTION.getTime() + 365 * 24 * 60 * 60 * 1000);
  const SOON = new Date(RENEWED_AT.getTime() + 2000).toISOString();

  async function renewed() {
    const corporate = new CorporateRoot();
    const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
      importAllSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca']),
    );
    memory.now = RENEWED_AT;
    const [version] = memory.document.cas.ca.versions;
    const { publicKey } = new X509Certificate(version?.certificate ?? '');
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    const certificate = certificateToPem(corporate.certify(spki, 'kubernetes', RENEWED_AT));
    await importCertificates(memory.service, memory.keys, {
      action: 'import-certificate',
      trustDomain: TRUST_DOMAIN,
      cas: { ca: { certificate, chain: corporate.chainPem } },
    });
    const record = `ca-records/${TRUST_DOMAIN}/ca/1.renewal/1.json`;
    const judge = async (role: string, eventTime = SOON) => {
      const caKeys = new CaKeyList(memory.authority, () => memory.now);
      const roles = { sign: SIGN_ROLE, createCa: CREATE_CA_ROLE };
      const keyArn = version?.keyId ?? '';
      const event = { keyArn, record, userIdentity: sessionOf(role), eventTime };
      const watched = await withReporter(
        (reporter) =>
          newWatchSignaturesHandler({ ...memory.service, caKeys, roles }, reporter)(
            signEvent(event),
            lambdaContext,
          ),
        'watch-signatures',
      );
      return watched.result;
    };
    return { memory, record, judge };
  }

  it('is accounted for if create-ca signed it, and only then', async () => {
    const { judge, record } = await renewed();
    expect(await judge(CREATE_CA_ROLE)).toEqual({ kind: 'accounted', record });
    expect(await judge(SIGN_ROLE)).toMatchObject({ kind: 'without-record' });
    const nextDay = new Date(RENEWED_AT.getTime() + 24 * 60 * 60 * 1000).toISOString();
    expect(await judge(CREATE_CA_ROLE, nextDay)).toMatchObject({
      kind: 'without-record',
      reasons: [expect.stringContaining('must not be signed again')],
    });
  });

  it('is not signed again by an import that was killed before it stored the certificate', async () => {
    const { memory, judge } = await renewed();
    memory.authority.objects.delete(`ca-records/${TRUST_DOMAIN}/ca/1.renewal/1.crt`);
    const nextDay = new Date(RENEWED_AT.getTime() + 24 * 60 * 60 * 1000).toISOString();
    expect(await judge(CREATE_CA_ROLE, nextDay)).toMatchObject({
      kind: 'without-record',
      reasons: [expect.stringContaining('must not be signed again')],
    });
  });

  it.each<[string, object]>([
    ['another CA', { ca: 'etcd-ca' }],
    ['something that is not a proof', { proof: 'MIIBBzCBrqADAgEC' }],
    ['a certificate that cannot be read', { certificate: 'AAAA' }],
    ['another key', { publicKey: 'AAAA' }],
  ])('does not count if its record has %s', async (_, change) => {
    const { memory, record, judge } = await renewed();
    const known = memory.authority.json(record) as object;
    memory.authority.seed(record, JSON.stringify({ ...known, ...change }));
    expect(await judge(CREATE_CA_ROLE)).toMatchObject({
      kind: 'without-record',
      reasons: [`${record}: is not the record of a certificate that is renewed with the same key`],
    });
  });
});

describe('a cross certificate', () => {
  /** A rotation whose new version and cross certificate are recorded, and what judges a signature. */
  async function recorded(changes: CrossChanges = {}) {
    const service = await opened();
    const rotated = await addVersion(service.memory);
    rotated.record(changes);
    const judge = async (event: Partial<SignEvent> = {}) => {
      const genuine = {
        keyArn: service.keyArn,
        record: CROSS,
        userIdentity: sessionOf(CREATE_CA_ROLE),
      };
      return (await service.watch(signEvent({ ...genuine, ...event }))).result;
    };
    return { ...service, rotated, judge };
  }

  const CROSS = `ca-records/${TRUST_DOMAIN}/ca/2.cross.json`;

  it('signed with the old key by the role of create-ca is accounted for, and by no other', async () => {
    const { judge, rotated } = await recorded();
    expect(await judge()).toEqual({ kind: 'accounted', record: CROSS });
    expect(await judge({ userIdentity: sessionOf(SIGN_ROLE) })).toMatchObject({
      reasons: [expect.stringMatching(/^the caller is/)],
    });
    expect(await judge({ keyArn: rotated.to.keyId })).toMatchObject({
      reasons: [expect.stringMatching(/^the record is for the key/)],
    });
  });

  it('is not signed again long after it was stored', async () => {
    const { judge, memory } = await recorded();
    memory.authority.seed(CROSS.replace(/json$/, 'crt'), 'stored');
    expect(await judge({ eventTime: '2026-11-24T12:14:00Z' })).toMatchObject({ kind: 'accounted' });
    expect(await judge({ eventTime: '2026-11-24T12:15:03Z' })).toMatchObject({
      reasons: [expect.stringMatching(/must not be signed again/)],
    });
  });

  it.each<[string, boolean, RegExp | undefined]>([
    ['of an abandoned version is not accounted for', false, /version 2 was abandoned/],
    ['of an earlier version, before a later one was abandoned, is', true, undefined],
  ])('%s', async (_, isStarted, why) => {
    const { judge, memory, rotated } = await recorded();
    const { document } = memory;
    const [first] = document.cas.ca.versions;
    const started = { ...first, version: 2, keyId: rotated.to.keyId };
    const ca = {
      signing: 1,
      abandoned: isStarted ? 3 : 2,
      versions: [first, ...(isStarted ? [started] : [])],
    };
    const changed = { ...document, cas: { ...document.cas, ca } };
    memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(changed));
    expect(await judge()).toMatchObject(
      why
        ? { kind: 'without-record', reasons: [expect.stringMatching(why)] }
        : { kind: 'accounted' },
    );
  });

  it('the key of the new version is a CA key before the version signs anything', async () => {
    const { judge, rotated } = await recorded();
    const event = { keyArn: rotated.to.keyId, record: 'trust/x' };
    expect(await judge(event)).toMatchObject({ kind: 'without-record' });
  });

  const another = newEcKeys();
  it.each<[string, CrossChanges, RegExp]>([
    [
      'the key of nobody',
      { parts: () => ({ keys: another }) },
      /its key is not that of the new version/,
    ],
    [
      'the key that signs it',
      { parts: ({ from }) => ({ keys: from }) },
      /its key is that of the CA that signs it/,
    ],
    ['another subject', { parts: () => ({ subject: commonNameOf('root') }) }, /its subject is not/],
    ['another issuer', { parts: () => ({ issuer: commonNameOf('root') }) }, /its issuer is not/],
    ['cA FALSE', ofExtensions(basicConstraints()), /no critical basicConstraints cA TRUE/],
    [
      'a path length',
      ofExtensions(basicConstraints(booleanTrue(), integer(0))),
      /without pathLenConstraint/,
    ],
    ['a keyUsage of leaves', ofExtensions(keyUsage(0)), /no critical keyUsage/],
    [
      'the identifier of another key',
      { parts: ({ to }) => ({ extensions: extensionsBelow(to, another) }) },
      /its authorityKeyIdentifier is not/,
    ],
    [
      'the identifier of another subject key',
      { parts: ({ from }) => ({ extensions: extensionsBelow(another, from) }) },
      /its subjectKeyIdentifier is not/,
    ],
    [
      'an extension that limits it',
      ofExtensions(extension(OID.nameConstraints, sequence())),
      /other extensions: nameConstraints/,
    ],
    ['version 1', { parts: () => ({ version: 'v1' }) }, /not of version 3/],
    [
      'a negative serial number',
      { parts: () => ({ serialNumber: Uint8Array.of(0x80) }) },
      /serial/,
    ],
    ['a validity that ends first', { parts: () => ({ notAfter: new Date(0) }) }, /ends before/],
    ['bytes that are no certificate', { fields: { tbs: 'AAAA' } }, /is not a cross certificate/],
    ['a version that does not exist', { fields: { from: 7 } }, /are not both recorded/],
    ['itself as the version before', { fields: { from: 2 } }, /not both recorded|not an earlier/],
    ['another key ARN', { fields: { keyId: OTHER_KEY } }, /not for that of version 1/],
    ['another public key', { fields: { publicKey: 'AAAA' } }, /key that signs it is not/],
    ['another version', { fields: { version: 3 } }, /is the record of version 3/],
  ])('does not count if its record has %s', async (_, changes, reason) => {
    const { judge } = await recorded(changes);
    expect(await judge()).toMatchObject({
      kind: 'without-record',
      reasons: expect.arrayContaining([expect.stringMatching(reason)]),
    });
  });

  it('does not count if its record does not exist', async () => {
    const { judge, memory } = await recorded();
    memory.authority.objects.delete(CROSS);
    expect(await judge()).toMatchObject({
      reasons: [expect.stringMatching(/the record does not exist/)],
    });
  });

  /** The usual extensions, with one replaced or added. */
  function ofExtensions(one: Uint8Array): CrossChanges {
    const [id] = readDer(one, 'extension').children();
    const replaced = id ? readOid(id) : '';
    return {
      parts: ({ from, to }) => ({
        extensions: extensionsBelow(to, from, { without: [replaced], more: [one] }),
      }),
    };
  }
});

describe('reports a signature without a record', () => {
  it.each<[string, (service: Opened) => SignEvent, RegExp[]]>([
    ['the call names nothing', ({ keyArn }) => ({ keyArn }), [/^the call does not name a record$/]],
    [
      'a person signed, and the call names nothing',
      ({ keyArn }) => ({ keyArn, userIdentity: ALICE }),
      [
        /^the caller is .*user\/Alice, not .*cakeless-sign or .*create-ca$/,
        /does not name a record/,
      ],
    ],
    [
      'another role names a valid record',
      ({ keyArn, record }) => ({ keyArn, record, userIdentity: sessionOf(ADMIN) }),
      [/^the caller is .*assumed-role\/admin\/admin, not .*cakeless-sign$/],
    ],
    [
      "a caller from an account other than the roles'",
      ({ keyArn, record }) => ({ keyArn, record, userIdentity: callerOfAccount('999988887777') }),
      [/^the caller is AWSAccount 999988887777/],
    ],
    [
      'the record does not exist',
      ({ keyArn, record }) => ({ keyArn, record: record.replace('/r1/', '/r2/') }),
      [/\/r2\/.*: the record does not exist$/],
    ],
    [
      'the record is one of a rejection',
      ({ keyArn, refused }) => ({ keyArn, record: recordKey(refused) }),
      [/is the record of a rejection$/],
    ],
    [
      'the record is for another CA key',
      ({ etcdKeyArn, record }) => ({ keyArn: etcdKeyArn, record }),
      [/^the record is for the key arn:/],
    ],
    [
      'sign uses the record of a CA',
      ({ keyArn }) => ({ keyArn, record: CA_RECORD }),
      [/^the caller is .*cakeless-sign\/cakeless-sign, not .*create-ca$/],
    ],
    [
      'create-ca uses the record of a leaf',
      ({ keyArn, record }) => ({ keyArn, record, userIdentity: sessionOf(CREATE_CA_ROLE) }),
      [/^the caller is .*create-ca, not .*cakeless-sign$/],
    ],
    [
      'the call names an object that is not a record',
      ({ keyArn }) => ({ keyArn, record: `trust/${TRUST_DOMAIN}.json` }),
      [/^trust\/.*: is not the key of a record$/],
    ],
    [
      'the certificate was stored long before',
      ({ keyArn, record }) => ({ keyArn, record, eventTime: '2026-11-24T12:15:03Z' }),
      [/^what the record describes was stored at 2026-11-24T12:00:00.000Z/],
    ],
    [
      'the event names no key, so it may be any key',
      ({ record }) => ({
        keyArn: '',
        record,
        detail: { resources: null, requestParameters: { keyId: 'alias/cakeless/fleet/ca' } },
      }),
      [/^the record is for the key arn:/],
    ],
  ])('%s', async (_, event, reasons) => {
    const service = await opened();
    const { result, lines, metrics } = await service.watch(signEvent(event(service)));
    expect(result).toMatchObject({
      kind: 'without-record',
      reasons: reasons.map((reason) => expect.stringMatching(reason)),
    });
    expect(metrics).toMatchObject([{ SignatureWithoutRecord: 1 }]);
    expect(lines).toMatchObject([
      {
        level: 'ERROR',
        message: 'a signature without a record',
        caller: expect.any(String),
        at: expect.stringMatching(/^2026-11-24T12:/),
        requestId: '8d0b35e0-46cf-48b9-be99-bf2ebc9ab9fb',
        eventId: '107b3cac-b125-4556-9702-12a2b9afcff7',
        sourceIp: '192.0.2.10',
        reasons: expect.any(Array),
      },
    ]);
  });

  it('a record that cannot be read does not count', async () => {
    const { memory, watch, keyArn, record } = await opened();
    memory.authority.seed(record, '{');
    const { result } = await watch(signEvent({ keyArn, record }));
    expect(result).toMatchObject({ reasons: [expect.stringContaining('not JSON')] });
  });

  it('a record that does not fit its request does not count', async () => {
    const { memory, watch, keyArn, record } = await opened();
    const forged = structuredClone(memory.authority.json(record)) as {
      certificate: { organizations: string[] };
    };
    forged.certificate.organizations = ['system:masters'];
    memory.authority.seed(record, JSON.stringify(forged));
    const { result } = await watch(signEvent({ keyArn, record }));
    expect(result).toMatchObject({
      kind: 'without-record',
      reasons: [expect.stringMatching(/does not fit its request: organizations is system:masters/)],
    });
  });

  it('a record under the key of another request does not count', async () => {
    const { memory, watch, keyArn, record } = await opened();
    const moved = record.replace('/r1/', '/r9/');
    memory.authority.seed(moved, memory.authority.text(record) ?? '');
    const { result } = await watch(signEvent({ keyArn, record: moved }));
    expect(result).toMatchObject({ reasons: [expect.stringContaining('is the record of')] });
  });

  it.each([
    ['2026-11-24T12:14:00Z', []],
    ['2026-11-24T12:15:03Z', ['the CA ended at 2026-11-24T12:00:00.000Z and must no longer sign']],
  ])('a leaf that a version signed at %s, which ended at 12:00', async (eventTime, reasons) => {
    const { memory, watch, keyArn, record } = await opened();
    memory.authority.objects.delete(record.replace(/json$/, 'crt'));
    (await addVersion(memory)).enter('ended');
    const { result } = await watch(signEvent({ keyArn, record, eventTime }));
    expect(result).toEqual(
      reasons.length > 0
        ? { kind: 'without-record', record, reasons }
        : { kind: 'accounted', record },
    );
  });

  it('the record of another version of the CA does not count', async () => {
    const { memory, watch, keyArn } = await opened();
    const record = CA_RECORD.replace('/1.json', '/2.json');
    memory.authority.seed(record, memory.authority.text(CA_RECORD) ?? '');
    const { result } = await watch(
      signEvent({ keyArn, record, userIdentity: sessionOf(CREATE_CA_ROLE) }),
    );
    const reason = `${record}: is the record of version 1 of ca of ${TRUST_DOMAIN}`;
    expect(result).toMatchObject({ kind: 'without-record', reasons: [reason] });
  });
});

describe('refused calls', () => {
  const DENIED = { errorCode: 'AccessDenied', errorMessage: 'User is not authorized' };

  it('by other principals are a warning, not a signature without a record', async () => {
    const { watch, keyArn } = await opened();
    const { result, lines, metrics } = await watch(
      signEvent({ keyArn, userIdentity: ALICE, detail: DENIED }),
    );
    expect(result).toEqual({ kind: 'refused', byOurs: false });
    expect(metrics).toMatchObject([{ SignatureWithoutRecord: 0 }]);
    expect(lines).toMatchObject([{ level: 'WARN', errorCode: 'AccessDenied', keyId: keyArn }]);
  });

  it('may name no key', async () => {
    const { watch } = await opened();
    const detail = { ...DENIED, requestParameters: null, resources: null };
    const { lines } = await watch(signEvent({ keyArn: '', userIdentity: ALICE, detail }));
    expect(lines).toMatchObject([{ level: 'WARN' }]);
  });

  it('of the functions, including throttling, are left to the functions to report', async () => {
    const { watch, keyArn, record } = await opened();
    const { lines } = await watch(
      signEvent({ keyArn, record, detail: { errorCode: 'ThrottlingException' } }),
    );
    expect(lines).toMatchObject([{ level: 'INFO', message: 'refused' }]);
  });
});

it.each([
  ['signed', {}],
  ['refused', { errorCode: 'AccessDenied' }],
])('ignores a key that does not belong to a CA: %s', async (_, detail) => {
  const { watch } = await opened();
  const { result, lines, metrics } = await watch(
    signEvent({ keyArn: OTHER_KEY, userIdentity: ALICE, detail }),
  );
  expect(result).toEqual({ kind: 'not-ours' });
  expect([...lines, ...metrics]).toEqual([]);
});

it('does not read the list of CA keys for each call with another key of the account', async () => {
  const { memory, watch, keyArn } = await opened();
  const lists = () => memory.authority.calls.filter(({ key }) => key === 'ca-keys/').length;
  const other = (eventTime: string) => watch(signEvent({ keyArn: OTHER_KEY, eventTime }));
  await other('2026-11-24T12:00:02Z');
  await other('2026-11-24T12:03:30Z');
  expect(lists()).toBe(1);
  // the list was read at 12:05:00, so it does not cover a later time
  await other('2026-11-24T12:04:30Z');
  expect(lists()).toBe(2);
  // a key on the list needs no newer list
  await watch(signEvent({ keyArn, eventTime: '2026-11-24T13:00:00Z' }));
  expect(lists()).toBe(2);
});

it('a CA that was just created is on the list', async () => {
  const { memory, watch } = await opened();
  await watch(signEvent({ keyArn: OTHER_KEY }));
  memory.authority.seed(
    'ca-keys/new.json',
    JSON.stringify({ trustDomain: 'new', ca: 'ca', version: 1, keyId: OTHER_KEY }),
  );
  const { result } = await watch(
    signEvent({ keyArn: OTHER_KEY, eventTime: '2026-11-24T12:04:59Z' }),
  );
  expect(result).toMatchObject({ kind: 'without-record' });
});

it.each([
  ['another call', { eventName: 'Verify' }],
  ['another service', { eventSource: 's3.amazonaws.com' }],
  ['no time', { eventTime: 'soon' }],
  ['no caller', { userIdentity: undefined }],
])('an event of %s is an error', async (_, detail) => {
  const { watch, keyArn } = await opened();
  await expect(watch(signEvent({ keyArn, detail }))).rejects.toThrow();
});

it('a ledger that cannot be read is an error, so that Lambda retries', async () => {
  const { memory, watch, keyArn, record } = await opened();
  memory.authority.interrupt = () => {
    throw new Error('S3 is away');
  };
  await expect(watch(signEvent({ keyArn, record }))).rejects.toThrow('S3 is away');
});
