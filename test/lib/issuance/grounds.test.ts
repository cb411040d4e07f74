/** What a decision is based on: read early and once, but never from before the wake-up, and never by a wrong guess. */
import { X509Certificate } from 'node:crypto';
import { SharedDeclarations } from '../../../lib/issuance/grounds.ts';
import { writeApproval } from '../../support/approve.ts';
import { CLUSTER, InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const OTHER = 'other';

/** A process that has issued a certificate of the cluster. */
async function warm() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const upload = (id: string, name = 'apiserver') => memory.upload(node, csrOf(set, name), id);
  await memory.process(upload('warm'));
  memory.authority.calls.length = 0;
  return { memory, upload };
}

/** The document with the keys of two CAs swapped. */
function swapped({ document }: InMemoryService) {
  const { ca, 'etcd-ca': etcd } = document.cas;
  return { ...document, trustDomain: OTHER, cas: { ...document.cas, ca: etcd, 'etcd-ca': ca } };
}

const readsOfTrust = (memory: InMemoryService) =>
  memory.authority.calls
    .filter(({ key }) => key.startsWith('trust/'))
    .map(({ call, key }) => `${call} ${key}`);

it('a known trust domain is read beside the cluster record, and not sent again', async () => {
  const { memory, upload } = await warm();
  expect((await memory.process(upload('r1'))).outcome).toBe('issued');
  expect(readsOfTrust(memory)).toEqual([`getIfChanged trust/${TRUST_DOMAIN}.json`]);
});

it('a trust domain that has been replaced counts in its new version', async () => {
  const { memory, upload } = await warm();
  const key = upload('r1');
  memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(swapped(memory)));
  await memory.process(key);
  const issued = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(issued.issuer).toBe(new X509Certificate(memory.caCertificate('etcd-ca')).subject);
});

it('a trust domain that was deleted since is unknown', async () => {
  const { memory, upload } = await warm();
  const key = upload('r1');
  memory.authority.objects.delete(`trust/${TRUST_DOMAIN}.json`);
  await memory.process(key);
  expect(memory.outcome(key).rejected).toMatchObject({
    violations: [{ code: 'trust-domain-unknown' }],
  });
});

it('a cluster record that now names another trust domain is followed', async () => {
  const { memory, upload } = await warm();
  const key = upload('r1');
  memory.declare(set, { trustDomain: OTHER });
  memory.authority.seed(`trust/${OTHER}.json`, JSON.stringify(swapped(memory)));
  await memory.process(key);
  expect(readsOfTrust(memory)).toEqual([
    `getIfChanged trust/${TRUST_DOMAIN}.json`,
    `get trust/${OTHER}.json`,
  ]);
  const issued = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(issued.issuer).toBe(new X509Certificate(memory.caCertificate('etcd-ca')).subject);
});

it('a trust domain that cannot be read causes no fault if the cluster record no longer names it', async () => {
  const { memory, upload } = await warm();
  memory.declare(set, { trustDomain: OTHER });
  memory.authority.seed(`trust/${OTHER}.json`, JSON.stringify(memory.document));
  memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, '{}');
  expect((await memory.process(upload('r1'))).outcome).toBe('issued');
});

it('a cluster record is compared byte by byte: its author could make two with the same ETag', async () => {
  const { memory, upload } = await warm();
  await memory.process(upload('r1'));
  const reads = memory.authority.calls.filter(({ key }) => key === `clusters/${CLUSTER}.json`);
  expect(reads.map(({ call }) => call)).toEqual(['get']);
});

it('the approvals of a decision are read once, and its record is checked against them', async () => {
  const { memory, upload } = await warm();
  const key = upload('r1', 'super-admin.conf');
  await memory.process(key);
  const approval = writeApproval(memory, key);
  memory.authority.calls.length = 0;
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(memory.authority.calls.filter(({ key: name }) => name === approval)).toHaveLength(1);
});

describe('shared by a batch', () => {
  const ask = (shared: SharedDeclarations) =>
    Promise.allSettled([shared.clusterRecord(CLUSTER), shared.clusterRecord(CLUSTER)]);

  it('each document is read once', async () => {
    const { memory } = await warm();
    const shared = new SharedDeclarations(memory.authority);
    shared.prefetch(CLUSTER);
    await ask(shared);
    await ask(shared);
    expect(memory.authority.calls.map(({ call }) => call).sort()).toEqual(['get', 'getIfChanged']);
  });

  it('a failed read fails the callers that waited for it, and is repeated for the next one', async () => {
    const { memory } = await warm();
    const shared = new SharedDeclarations(memory.authority);
    memory.authority.interrupt = () => {
      throw new Error('away');
    };
    expect((await ask(shared)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    memory.authority.interrupt = () => {};
    expect((await ask(shared)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});
