/** Rejections and faults in processing a CSR that do not concern its contents. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { issuedKey, recordKey } from '../../../lib/contract/decision-record.ts';
import { processRequest } from '../../../lib/issuance/process-request.ts';
import { keyFile, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { CLUSTER, TRUST_DOMAIN, Workshop } from '../../support/workshop.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const apiserver = set.csrs.find(({ certificateName }) => certificateName === 'apiserver') ?? fail();

function fail(): never {
  throw new Error('no CSR of apiserver');
}

async function uploaded() {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(set);
  return { workshop, node, key: workshop.upload(node, apiserver) };
}

function put(workshop: Workshop, node: string, path: string, bytes: Uint8Array | string): string {
  const key = `requests/${CLUSTER}/${node}/r1/${path}`;
  workshop.exchange.seed(key, bytes);
  return key;
}

const codesOf = (workshop: Workshop, key: string) =>
  (workshop.outcome(key).rejected?.violations as { code: string }[] | undefined)?.map(
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
    const { workshop, node } = await uploaded();
    const key = put(workshop, node, path, pem);
    expect(await workshop.process(key)).toMatchObject({ outcome: 'rejected', removed: true });
    expect(codesOf(workshop, key)).toEqual(['private-key']);
    expect(workshop.exchange.objects.has(key)).toBe(false);
    const everything = [...workshop.authority.objects, ...workshop.exchange.objects];
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
      const { workshop, node } = await uploaded();
      const key = `requests/${CLUSTER}/${node}/${path}`;
      workshop.exchange.seed(key, pem);
      expect(await workshop.process(key)).toMatchObject({ outcome: 'ignored', removed: true });
      expect(workshop.exchange.objects.has(key)).toBe(false);
    },
  );

  it('is deleted even if it overwrote a request that has its certificate', async () => {
    const { workshop, key } = await uploaded();
    await workshop.process(key);
    const { certificate } = workshop.outcome(key);
    workshop.exchange.seed(key, pem);
    expect(await workshop.process(key)).toMatchObject({
      outcome: 'issued',
      removed: true,
      overwritten: true,
    });
    expect(workshop.exchange.objects.has(key)).toBe(false);
    expect(workshop.outcome(key)).toEqual({ certificate, rejected: undefined, pending: undefined });
  });

  it('reports the rejection even if the run was interrupted after the object was deleted', async () => {
    const { workshop, node } = await uploaded();
    const key = put(workshop, node, 'pki/apiserver.key', pem);
    workshop.exchange.interrupt = (point) => {
      if (point === 'after remove') throw new Error('killed');
    };
    await expect(workshop.process(key)).rejects.toThrow('killed');
    workshop.exchange.interrupt = () => {};
    await workshop.process(key);
    expect(codesOf(workshop, key)).toEqual(['private-key']);
  });
});

it('an object that is too large is deleted unread', async () => {
  const { workshop, node } = await uploaded();
  const key = put(workshop, node, 'pki/etcd/peer.csr', Buffer.alloc(40_000, 'A'));
  expect(await workshop.process(key)).toMatchObject({ outcome: 'rejected', removed: true });
  expect(codesOf(workshop, key)).toEqual(['object-too-large']);
});

it('a request that is overwritten keeps the certificate that was decided on', async () => {
  const { workshop, key } = await uploaded();
  await workshop.process(key);
  const before = workshop.outcome(key);
  const other = kubeadmSet('1.29.15', 'generate-csr', 'v4-p256').csrs.find(
    (c) => c.certificateName === 'apiserver',
  );
  workshop.exchange.seed(key, readFileSync(other?.file ?? ''));
  expect(await workshop.process(key)).toMatchObject({ outcome: 'issued', overwritten: true });
  expect(workshop.outcome(key)).toEqual(before);
  expect(workshop.keys.signed).toHaveLength(1);
});

it('a certificate that was deleted from the exchange bucket is restored from the ledger, byte for byte', async () => {
  const { workshop, key } = await uploaded();
  await workshop.process(key);
  const { certificate } = workshop.outcome(key);
  for (const name of [...workshop.exchange.objects.keys()])
    if (name.startsWith('certificates/')) workshop.exchange.objects.delete(name);
  await workshop.process(key);
  expect(workshop.outcome(key).certificate).toBe(certificate);
  expect(workshop.keys.signed).toHaveLength(1);
});

it.each([
  ['a key that is not a request', 'requests/PROD/cp-1/r1/admin.conf.csr'],
  ['a request that does not exist', 'requests/prod/cp-1/r1/admin.conf.csr'],
])('ignores %s', async (_, key) => {
  const { workshop } = await uploaded();
  expect((await workshop.process(key)).outcome).toBe('ignored');
  expect([...workshop.authority.objects.keys()].filter((k) => k.startsWith('records/'))).toEqual(
    [],
  );
});

it('ignores a file that is neither a CSR nor a private key', async () => {
  const { workshop, node } = await uploaded();
  const key = put(workshop, node, 'README.txt', 'hello');
  expect((await workshop.process(key)).outcome).toBe('ignored');
  expect(workshop.exchange.objects.has(key)).toBe(true);
});

it.each([
  ['an unknown path', 'pki/frontdoor.csr', () => {}, ['certificate-name-unknown']],
  [
    'an unknown cluster',
    'pki/apiserver.csr',
    (w: Workshop) => w.authority.objects.delete(`clusters/${CLUSTER}.json`),
    ['cluster-unknown'],
  ],
  [
    'an unknown trust domain',
    'pki/apiserver.csr',
    (w: Workshop) => w.authority.objects.delete(`trust/${TRUST_DOMAIN}.json`),
    ['trust-domain-unknown'],
  ],
  [
    'an expired CA',
    'pki/apiserver.csr',
    (w: Workshop) => {
      w.now = new Date('2037-01-01');
    },
    ['ca-expired'],
  ],
] as const)('%s is refused', async (_, path, change, codes) => {
  const { workshop, node } = await uploaded();
  change(workshop);
  const key = put(workshop, node, path, readFileSync(apiserver.file));
  expect((await workshop.process(key)).outcome).toBe('rejected');
  expect(codesOf(workshop, key)).toEqual(codes);
});

it('a request of a node that is not in the record is refused with all other reasons too', async () => {
  const { workshop } = await uploaded();
  const key = put(workshop, 'cp-9', 'kubelet.conf.csr', readFileSync(apiserver.file));
  await workshop.process(key);
  expect(codesOf(workshop, key)).toEqual([
    'node-unknown',
    'subject-common-name',
    'subject-organization',
  ]);
});

it('a malformed cluster record is a fault, not a rejection: the request is processed once the record is valid', async () => {
  const { workshop, key } = await uploaded();
  workshop.authority.seed(`clusters/${CLUSTER}.json`, '{"cluster":"prod"}');
  await expect(workshop.process(key)).rejects.toMatchObject({ code: 'document-malformed' });
  workshop.declare(set);
  expect((await workshop.process(key)).outcome).toBe('issued');
});

it('nothing is published if the KMS key is not the one of the CA certificate', async () => {
  const { workshop, key } = await uploaded();
  const document = structuredClone(workshop.document);
  const [ca, etcd] = [document.cas.ca.versions[0], document.cas['etcd-ca'].versions[0]];
  if (ca && etcd) ca.keyId = etcd.keyId;
  workshop.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
  await expect(workshop.process(key)).rejects.toMatchObject({ code: 'signature-invalid' });
  expect(workshop.outcome(key).certificate).toBeUndefined();
  expect(workshop.authority.objects.has(issuedKey(key))).toBe(false);
});

it.each([
  ['serialNumber', { serialNumber: '0102' }],
  ['notAfter', { notAfter: '2040-01-01T00:00:00.000Z' }],
  ['commonName', { commonName: 'kubernetes-admin' }],
  ['organizations', { organizations: ['system:masters'] }],
  ['dnsNames', { dnsNames: ['evil.example.com'] }],
  ['extendedKeyUsages', { extendedKeyUsages: ['serverAuth', 'clientAuth'] }],
  ['keyAlgorithm', { keyAlgorithm: 'RSA' }],
])('does not sign a record whose bytes and %s disagree', async (_, change) => {
  const { workshop, key } = await uploaded();
  workshop.keys.interrupt = () => {
    throw new Error('killed');
  };
  await expect(workshop.process(key)).rejects.toThrow('killed');
  workshop.keys.interrupt = () => {};
  const record = workshop.authority.json(recordKey(key)) ?? {};
  const certificate = { ...(record.certificate as object), ...change };
  workshop.authority.seed(recordKey(key), JSON.stringify({ ...record, certificate }));
  await expect(workshop.process(key)).rejects.toMatchObject({ code: 'lint-failed' });
  expect(workshop.keys.signed).toEqual([]);
});

it('an upload event names the uploader only of the bytes that it is for', async () => {
  const { workshop, node } = await uploaded();
  workshop.declare(set, { uploaders: ['AWS:the-node'] });
  const key = workshop.upload(node, apiserver, 'r2');
  const wake = { key, uploader: 'AWS:the-node', eTag: 'of-other-bytes' };
  expect((await processRequest(workshop.service, wake)).outcome).toBe('rejected');
  expect(codesOf(workshop, key)).toEqual(['uploader-not-allowed']);
});

it('no certificate outlives its CA', async () => {
  const { workshop, key } = await uploaded();
  workshop.now = new Date('2036-06-01T00:00:00Z');
  await workshop.process(key);
  const leaf = new X509Certificate(workshop.outcome(key).certificate ?? '');
  expect(leaf.validTo).toBe(new X509Certificate(workshop.caCertificate('ca')).validTo);
});

it('a kubeconfig and its CSR, uploaded together, get one outcome each', async () => {
  const { workshop, node } = await uploaded();
  const csr = set.csrs.find(({ certificateName }) => certificateName === 'admin.conf') ?? fail();
  const kubeconfig = put(workshop, node, 'admin.conf', readFileSync(keyFile(set, csr) ?? ''));
  const request = workshop.upload(node, csr);
  await Promise.all([workshop.process(kubeconfig), workshop.process(request)]);
  expect(codesOf(workshop, kubeconfig)).toEqual(['private-key']);
  expect(workshop.outcome(request)).toMatchObject({
    certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    rejected: undefined,
  });
});
