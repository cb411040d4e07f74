/** Rejections and faults in processing a CSR that do not concern its contents. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { issuedKey, recordKey } from '../../../lib/contract/decision-record.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { csrOf, keyFile, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const apiserver = csrOf(set, 'apiserver');

async function uploaded() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  return { memory, node, key: memory.upload(node, apiserver) };
}

function put(
  memory: InMemoryService,
  node: string,
  path: string,
  bytes: Uint8Array | string,
): string {
  const key = `requests/${CLUSTER}/${node}/r1/${path}`;
  memory.exchange.seed(key, bytes);
  return key;
}

const codesOf = (memory: InMemoryService, key: string) =>
  (memory.outcome(key).rejected?.violations as { code: string }[] | undefined)?.map(
    ({ code }) => code,
  );

describe('an object that holds a private key', () => {
  const pem = readFileSync(keyFile(set, apiserver) ?? '', 'utf8');

  it.each([
    'pki/apiserver.key',
    'pki/apiserver.csr',
    'admin.conf',
    'notes.txt',
    '.kube.backup'.slice(1),
  ])('is refused, reported and deleted from the bucket, as %s', async (path) => {
    const { memory, node } = await uploaded();
    const key = put(memory, node, path, pem);
    expect(await memory.process(key)).toMatchObject({ outcome: 'rejected', removed: true });
    expect(codesOf(memory, key)).toEqual(['private-key']);
    expect(memory.exchange.objects.has(key)).toBe(false);
    const everything = [...memory.authority.objects, ...memory.exchange.objects];
    const body = pem.split('\n')[1] ?? '';
    expect(everything.filter(([, { body: b }]) => Buffer.from(b).includes(body))).toEqual([]);
  });

  it.each([
    'admin.key',
    'R1/pki/apiserver.key',
    'r1/.kube/config',
    'r1/pki/apiserver.key~',
    'r1/a/b/c/d/e/f/g.key',
  ])(
    'is deleted from the bucket even at %s, which is not a request and gets no outcome',
    async (path) => {
      const { memory, node } = await uploaded();
      const key = `requests/${CLUSTER}/${node}/${path}`;
      memory.exchange.seed(key, pem);
      expect(await memory.process(key)).toMatchObject({ outcome: 'ignored', removed: true });
      expect(memory.exchange.objects.has(key)).toBe(false);
    },
  );

  it('is deleted even if it overwrote a request that has its certificate', async () => {
    const { memory, key } = await uploaded();
    await memory.process(key);
    const { certificate } = memory.outcome(key);
    memory.exchange.seed(key, pem);
    expect(await memory.process(key)).toMatchObject({
      outcome: 'issued',
      removed: true,
      overwritten: true,
    });
    expect(memory.exchange.objects.has(key)).toBe(false);
    expect(memory.outcome(key)).toEqual({ certificate, rejected: undefined, pending: undefined });
  });

  it('reports the rejection even if the run was interrupted after the object was deleted', async () => {
    const { memory, node } = await uploaded();
    const key = put(memory, node, 'pki/apiserver.key', pem);
    memory.exchange.interrupt = (point) => {
      if (point === 'after remove') throw new Error('killed');
    };
    await expect(memory.process(key)).rejects.toThrow('killed');
    memory.exchange.interrupt = () => {};
    await memory.process(key);
    expect(codesOf(memory, key)).toEqual(['private-key']);
  });
});

it('an object that is too large is deleted unread', async () => {
  const { memory, node } = await uploaded();
  const key = put(memory, node, 'pki/etcd/peer.csr', Buffer.alloc(40_000, 'A'));
  expect(await memory.process(key)).toMatchObject({ outcome: 'rejected', removed: true });
  expect(codesOf(memory, key)).toEqual(['object-too-large']);
});

it('a request that is overwritten keeps the certificate that was decided on', async () => {
  const { memory, key } = await uploaded();
  await memory.process(key);
  const before = memory.outcome(key);
  const other = csrOf(kubeadmSet('1.29.15', 'generate-csr', 'v4-p256'), 'apiserver');
  memory.exchange.seed(key, readFileSync(other.file));
  expect(await memory.process(key)).toMatchObject({ outcome: 'issued', overwritten: true });
  expect(memory.outcome(key)).toEqual(before);
  expect(memory.keys.signed).toHaveLength(1);
});

it('a certificate that was deleted from the exchange bucket is restored from the ledger, byte for byte', async () => {
  const { memory, key } = await uploaded();
  await memory.process(key);
  const { certificate } = memory.outcome(key);
  for (const name of [...memory.exchange.objects.keys()])
    if (name.startsWith('certificates/')) memory.exchange.objects.delete(name);
  await memory.process(key);
  expect(memory.outcome(key).certificate).toBe(certificate);
  expect(memory.keys.signed).toHaveLength(1);
});

it.each([
  ['a key that is not a request', 'requests/PROD/cp-1/r1/admin.conf.csr'],
  ['a request that does not exist', 'requests/prod/cp-1/r1/admin.conf.csr'],
])('ignores %s', async (_, key) => {
  const { memory } = await uploaded();
  expect((await memory.process(key)).outcome).toBe('ignored');
  expect([...memory.authority.objects.keys()].filter((k) => k.startsWith('records/'))).toEqual([]);
});

it('ignores a file that is neither a CSR nor a private key', async () => {
  const { memory, node } = await uploaded();
  const key = put(memory, node, 'README.txt', 'hello');
  expect((await memory.process(key)).outcome).toBe('ignored');
  expect(memory.exchange.objects.has(key)).toBe(true);
});

it.each([
  ['an unknown path', 'pki/frontdoor.csr', () => {}, ['certificate-name-unknown']],
  [
    'an unknown cluster',
    'pki/apiserver.csr',
    (w: InMemoryService) => w.authority.objects.delete(`clusters/${CLUSTER}.json`),
    ['cluster-unknown'],
  ],
  [
    'an unknown trust domain',
    'pki/apiserver.csr',
    (w: InMemoryService) => w.authority.objects.delete(`trust/${TRUST_DOMAIN}.json`),
    ['trust-domain-unknown'],
  ],
  [
    'an expired CA',
    'pki/apiserver.csr',
    (w: InMemoryService) => {
      w.now = new Date('2037-01-01');
    },
    ['ca-expired'],
  ],
] as const)('%s is refused', async (_, path, change, codes) => {
  const { memory, node } = await uploaded();
  change(memory);
  const key = put(memory, node, path, readFileSync(apiserver.file));
  expect((await memory.process(key)).outcome).toBe('rejected');
  expect(codesOf(memory, key)).toEqual(codes);
});

it('a certificate whose CA the trust domain lacks is refused, and others are issued', async () => {
  const { memory, node, key } = await uploaded();
  const { 'etcd-ca': _, 'kubelet-ca': __, 'front-proxy-ca': ___, ...cas } = memory.document.cas;
  memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify({ ...memory.document, cas }));
  for (const name of ['etcd-server', 'front-proxy-client'] as const) {
    const refused = memory.upload(node, csrOf(set, name));
    expect((await memory.process(refused)).outcome).toBe('rejected');
    expect(codesOf(memory, refused)).toEqual(['ca-absent']);
  }
  expect((await memory.process(key)).outcome).toBe('issued');
});

it('a request of a node that is not in the record is refused with all other reasons too', async () => {
  const { memory } = await uploaded();
  const key = put(memory, 'cp-9', 'kubelet.conf.csr', readFileSync(apiserver.file));
  await memory.process(key);
  expect(codesOf(memory, key)).toEqual([
    'node-unknown',
    'subject-common-name',
    'subject-organization',
  ]);
});

it('a malformed cluster record is a fault, not a rejection: the request is processed once the record is valid', async () => {
  const { memory, key } = await uploaded();
  memory.authority.seed(`clusters/${CLUSTER}.json`, '{"cluster":"prod"}');
  await expect(memory.process(key)).rejects.toMatchObject({ code: 'document-malformed' });
  memory.declare(set);
  expect((await memory.process(key)).outcome).toBe('issued');
});

it('nothing is published if the KMS key does not belong to the CA certificate', async () => {
  const { memory, key } = await uploaded();
  const document = structuredClone(memory.document);
  const [ca, etcd] = [document.cas.ca.versions[0], document.cas['etcd-ca']?.versions[0]];
  if (ca && etcd) ca.keyId = etcd.keyId;
  memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
  await expect(memory.process(key)).rejects.toMatchObject({ code: 'signature-invalid' });
  expect(memory.outcome(key).certificate).toBeUndefined();
  expect(memory.authority.objects.has(issuedKey(key))).toBe(false);
});

it('an upload event names the uploader only of the bytes that it is for', async () => {
  const { memory, node } = await uploaded();
  memory.declare(set, { uploaders: ['AWS:the-node'] });
  const key = memory.upload(node, apiserver, 'r2');
  const wake = { key, uploader: 'AWS:the-node', eTag: 'of-other-bytes' };
  expect((await processRequest(memory.service, wake)).outcome).toBe('rejected');
  expect(codesOf(memory, key)).toEqual(['uploader-not-allowed']);
});

it('no certificate outlives its CA', async () => {
  const { memory, node } = await uploaded();
  memory.now = new Date('2036-06-01T00:00:00Z');
  const key = memory.upload(node, apiserver, 'late');
  await memory.process(key);
  const leaf = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(leaf.validTo).toBe(new X509Certificate(memory.caCertificate('ca')).validTo);
});

it('a kubeconfig and its CSR, uploaded together, get one outcome each', async () => {
  const { memory, node } = await uploaded();
  const csr = csrOf(set, 'admin.conf');
  const kubeconfig = put(memory, node, 'admin.conf', readFileSync(keyFile(set, csr) ?? ''));
  const request = memory.upload(node, csr);
  await Promise.all([memory.process(kubeconfig), memory.process(request)]);
  expect(codesOf(memory, kubeconfig)).toEqual(['private-key']);
  expect(memory.outcome(request)).toMatchObject({
    certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    rejected: undefined,
  });
});

it('a draft that fails the lint leaves no record, so that a fixed release can decide again', async () => {
  const { memory, node } = await uploaded();
  const key = memory.upload(node, apiserver);
  const { randomBytes } = memory.service;
  const service = { ...memory.service, randomBytes: (count: number) => randomBytes(count + 9) };
  await expect(processRequest(service, { key })).rejects.toMatchObject({ code: 'lint-failed' });
  expect(memory.authority.objects.has(recordKey(key))).toBe(false);
  expect((await memory.process(key)).outcome).toBe('issued');
});

describe('an object that its writer made unreadable', () => {
  const ARCHIVED = 'it is archived: its storage class is DEEP_ARCHIVE';

  it.each(['pki/apiserver.csr', 'pki/apiserver.key', 'notes.txt'])(
    'is rejected and deleted, as %s: it could contain a private key',
    async (path) => {
      const { memory, node } = await uploaded();
      const key = put(memory, node, path, readFileSync(apiserver.file));
      memory.exchange.unreadable.set(key, ARCHIVED);
      expect(await memory.process(key)).toMatchObject({ outcome: 'rejected', removed: true });
      expect(memory.outcome(key).rejected).toMatchObject({
        violations: [{ code: 'object-unreadable', got: ARCHIVED }],
      });
      expect(memory.exchange.objects.has(key)).toBe(false);
      expect(memory.keys.signed).toEqual([]);
    },
  );

  it('is deleted under a key that is not a request', async () => {
    const { memory, node } = await uploaded();
    const key = `requests/${CLUSTER}/${node}/x`;
    memory.exchange.seed(key, 'x');
    memory.exchange.unreadable.set(key, ARCHIVED);
    expect(await memory.process(key)).toMatchObject({ outcome: 'ignored', removed: true });
    expect(memory.exchange.objects.has(key)).toBe(false);
  });

  it('is not the CSR of a forged record, whatever digest it names', async () => {
    const { memory, key } = await uploaded();
    memory.keys.interrupt = () => {
      throw new Error('killed');
    };
    await memory.process(key).catch(() => undefined);
    memory.keys.interrupt = () => {};
    const record = { ...memory.authority.json(recordKey(key)), csrSha256: 'unread' };
    memory.authority.seed(recordKey(key), JSON.stringify(record));
    memory.exchange.unreadable.set(key, ARCHIVED);
    expect((await memory.process(key)).outcome).toBe('rejected');
    expect(memory.keys.signed).toEqual([]);
  });

  it('is a fault where the service reads a document, and nothing is decided', async () => {
    const { memory, key } = await uploaded();
    memory.authority.unreadable.set(`clusters/${CLUSTER}.json`, ARCHIVED);
    await expect(memory.process(key)).rejects.toMatchObject({
      code: 'document-malformed',
      message: `clusters/${CLUSTER}.json: ${ARCHIVED}`,
    });
  });

  it('is a fault where the ledger has a certificate: nothing empty is published', async () => {
    const { memory, key } = await uploaded();
    await memory.process(key);
    memory.authority.unreadable.set(issuedKey(key), ARCHIVED);
    await expect(memory.process(key)).rejects.toMatchObject({ code: 'document-malformed' });
  });
});
