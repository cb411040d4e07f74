/** Certificates during the rotation of a CA: which version signs, what is published with them, and what is signed no more. */
import { X509Certificate } from 'node:crypto';
import { findSigningOrder } from '../../../lib/audit/find-signing-order.ts';
import { issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { issuedKey, recordKey } from '../../../lib/contract/decision-record.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { type TrustDomainDocument, trustDomainSchema } from '../../../lib/contract/trust-domain.ts';
import { checkDocument } from '../../../lib/store/documents.ts';
import { AFTER_ADOPTION } from '../../support/adopted-cas.ts';
import { bytesOf, clientCsr, keyOf } from '../../support/api-csr.ts';
import { approve } from '../../support/approve.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import { InMemoryService, START, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { addVersion, type RotatedCa } from '../../support/rotated-ca.ts';
import { importAllSubordinates } from '../../support/subordinate-cas.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const worker = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };

async function opened() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  return { memory, node, rotated: await addVersion(memory) };
}

/** Runs until KMS is called, which fails. */
async function interrupt(memory: InMemoryService, key: string): Promise<void> {
  memory.keys.interrupt = () => {
    throw new Error('killed');
  };
  await expect(memory.process(key)).rejects.toThrow('killed');
  memory.keys.interrupt = () => {};
}

const published = (memory: InMemoryService, key: string) =>
  certificatesIn(memory.outcome(key).certificate ?? '').map((pem) => new X509Certificate(pem));

const documentOf = (memory: InMemoryService) =>
  memory.authority.json(`trust/${TRUST_DOMAIN}.json`) as unknown as TrustDomainDocument;

const orderOf = (memory: InMemoryService, key: string) =>
  findSigningOrder(memory.service, recordKey(key));

type Phase = Parameters<RotatedCa['enter']>[0];

describe('what is published', () => {
  it.each<[Phase, boolean, 1 | 2, 'with' | 'without']>([
    ['trust', false, 1, 'without'],
    ['issue', false, 2, 'with'],
    ['issue', true, 2, 'without'],
    ['retire', false, 2, 'without'],
    ['ended', false, 2, 'without'],
    ['canceled', false, 1, 'without'],
  ])(
    'in phase %s (compromised: %s), version %d signs, %s the cross certificate',
    async (phase, compromised, version, cross) => {
      const { memory, node, rotated } = await opened();
      rotated.enter(phase, { compromised });
      const key = memory.upload(node, csrOf(set, 'apiserver'));
      expect((await memory.process(key)).outcome).toBe('issued');
      const ledger = memory.authority.text(issuedKey(key)) ?? '';
      expect(certificatesIn(ledger)).toHaveLength(1);
      const { from, to } = rotated;
      expect(memory.outcome(key).certificate).toBe(ledger + (cross === 'with' ? to.cross : ''));
      const ca = new X509Certificate((version === 1 ? from : to).certificate);
      expect(new X509Certificate(ledger).verify(ca.publicKey)).toBe(true);
      expect(memory.authority.json(recordKey(key))).toMatchObject({ caVersion: version });
    },
  );

  it('the certificates of other CAs are published as before', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('issue');
    const key = memory.upload(node, csrOf(set, 'etcd-server'));
    await memory.process(key);
    expect(published(memory, key)).toHaveLength(1);
  });

  it('who trusts only the old CA can verify it by the cross certificate', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('issue');
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    const [leaf, cross] = published(memory, key);
    const old = new X509Certificate(rotated.from.certificate);
    expect(leaf && cross && leaf.checkIssued(cross) && leaf.verify(cross.publicKey)).toBe(true);
    expect(cross?.checkIssued(old) && cross.verify(old.publicKey)).toBe(true);
  });

  it('a version without a cross certificate signs without it', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('issue');
    const name = `trust/${TRUST_DOMAIN}.json`;
    const text = JSON.stringify(documentOf(memory), (key, value) =>
      key === 'cross' ? undefined : value,
    );
    memory.authority.seed(name, text);
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    expect(published(memory, key)).toHaveLength(1);
  });

  it("a kubelet's certificate by the certificates API has it as well", async () => {
    const { memory, rotated } = await opened();
    memory.declare(set, { nodes: [worker], csrSigning: { kubeletClient: {} } });
    rotated.enter('issue');
    const object = clientCsr({ cn: 'system:node:w-1', uid: 'u-1' });
    const key = keyOf(object);
    memory.exchange.seed(key, bytesOf(object));
    expect((await memory.process(key)).outcome).toBe('issued');
    expect(published(memory, key)).toHaveLength(2);
  });

  it('another run publishes what the phase says now, and signs nothing', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('issue');
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    const leaf = memory.authority.text(issuedKey(key)) ?? '';
    const address = parseRequestKey(key);
    if (!address) throw new Error(key);
    for (const [phase, cross] of [
      ['issue', rotated.to.cross],
      ['retire', ''],
    ] as const) {
      memory.exchange.objects.delete(outcomeKeys(address).certificate);
      rotated.enter(phase);
      expect((await memory.process(key)).outcome).toBe('issued');
      expect(memory.outcome(key).certificate).toBe(leaf + cross);
    }
    expect(memory.keys.signed).toHaveLength(1);
  });
});

describe('below a corporate root', () => {
  const [corporate, another] = [new CorporateRoot(), new CorporateRoot()];

  async function rotatedBelow(root: CorporateRoot) {
    const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
      importAllSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca']),
    );
    const { node } = memory.declare(set);
    const rotated = await addVersion(memory, 'ca', (spki) => ({
      certificate: certificateToPem(root.certify(spki, 'kubernetes', AFTER_ADOPTION)),
      chain: root.chainPem,
    }));
    rotated.enter('issue');
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    const certificate = memory.outcome(key).certificate ?? '';
    return { rotated, certificate };
  }

  it('the path to the old CA and the root comes first, then the new CA; each certificate once', async () => {
    const { rotated, certificate } = await rotatedBelow(corporate);
    const [leaf] = certificatesIn(certificate);
    const issuing = certificateToPem(corporate.issuing);
    const { from, to } = rotated;
    expect(certificate).toBe(`${leaf}\n${to.cross}${from.certificate}${issuing}${to.certificate}`);
  });

  itWithJudges('Go and OpenSSL accept it under each version, its chain, and the root of before, whatever root is above the new one', async () => {
    const at = new Date(AFTER_ADOPTION.getTime() + 86_400_000);
    const about = { usage: 'serverAuth' as const, dnsNames: [], ips: [], at };
    for (const root of [corporate, another]) {
      const { rotated, certificate } = await rotatedBelow(root);
      const { from, to } = rotated;
      const chains = [from, to].map((one) => one.certificate + (one.chain ?? ''));
      const items = [
        { roots: certificateToPem(corporate.root) },
        { roots: chains[0] ?? '' },
        { roots: chains[1] ?? '' },
        { roots: chains.join('') },
        { roots: from.certificate, partialChain: true },
        { roots: to.certificate, partialChain: true },
        { roots: from.certificate + to.certificate, partialChain: true },
      ].map((one, i) => ({ ...about, ...one, certificate, name: `${i}` }));
      expect(judgeChain(items, ['go', 'openssl']).filter(({ ok }) => !ok)).toEqual([]);
      // only a verifier that looks for a second path
      const ofNew = { ...about, certificate, name: 'new', roots: certificateToPem(root.root) };
      expect(judgeChain([ofNew], ['go']).filter(({ ok }) => !ok)).toEqual([]);
    }
  }, ['openssl', 'go']);
});

describe('a record that is signed in a later phase', () => {
  it('keeps its version, and is published without the cross certificate', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('trust');
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await interrupt(memory, key);
    rotated.enter('issue');
    expect((await memory.process(key)).outcome).toBe('issued');
    const [leaf, ...others] = published(memory, key);
    expect(others).toEqual([]);
    expect(leaf?.verify(new X509Certificate(rotated.from.certificate).publicKey)).toBe(true);
    expect(memory.keys.signed).toEqual([rotated.from.keyId]);
    expect(await orderOf(memory, key)).toMatchObject({ keyId: rotated.from.keyId });
  });

  it.each<[string, Phase, Phase]>([
    ['of the old version is not signed once it has ended', 'trust', 'ended'],
    ['of a version whose rotation was canceled is never signed', 'issue', 'canceled'],
  ])('%s: the request is rejected', async (_, recordedIn, signedIn) => {
    const { memory, node, rotated } = await opened();
    rotated.enter(recordedIn);
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await interrupt(memory, key);
    rotated.enter(signedIn);
    const done = await memory.process(key);
    expect(done).toMatchObject({ outcome: 'rejected', reason: 'declarations-changed' });
    expect(done.misfits).toBeUndefined(); // no alarm: nobody forged it
    expect(memory.keys.signed).toEqual([]);
    expect(memory.outcome(key)).toMatchObject({
      certificate: undefined,
      rejected: {
        violations: [
          { code: 'declarations-changed', got: expect.stringMatching(/ca no longer signs/) },
        ],
      },
    });
    // forever, even if the version were to sign again
    rotated.enter(recordedIn);
    expect(await memory.process(key)).toMatchObject({ outcome: 'rejected' });
    expect(memory.keys.signed).toEqual([]);
  });

  it('that is in the ledger is published, although its version has ended', async () => {
    const { memory, node, rotated } = await opened();
    rotated.enter('trust');
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    const address = parseRequestKey(key);
    memory.exchange.objects.delete(address ? outcomeKeys(address).certificate : '');
    rotated.enter('ended');
    expect((await memory.process(key)).outcome).toBe('issued');
    expect(memory.keys.signed).toHaveLength(1);
  });

  it('has an order that says when its version ended', async () => {
    const { memory, node, rotated } = await opened();
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    await memory.process(key);
    rotated.enter('issue');
    expect(await orderOf(memory, key)).toMatchObject({ by: 'sign', endedAt: undefined });
    rotated.enter('ended');
    expect(await orderOf(memory, key)).toMatchObject({ by: 'sign', endedAt: START });
  });
});

it('a version that has ended signs nothing, even if a document says that it does', async () => {
  const { memory, node, rotated } = await opened();
  rotated.enter('canceled');
  const document = documentOf(memory);
  document.cas.ca.signing = 2;
  memory.authority.seed(`trust/${TRUST_DOMAIN}.json`, JSON.stringify(document));
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  await expect(memory.process(key)).rejects.toThrow(/version 2 of ca no longer signs/);
  expect(memory.keys.signed).toEqual([]);
  expect(memory.authority.text(recordKey(key))).toBeUndefined();
});

it('a request that waits for an approver over a change of phase gets the version of the decision, once', async () => {
  const { memory, node, rotated } = await opened();
  rotated.enter('trust');
  const key = memory.upload(node, csrOf(set, 'super-admin.conf'));
  expect((await memory.process(key)).outcome).toBe('pending');
  rotated.enter('issue');
  expect((await approve(memory, key)).outcome).toBe('issued');
  expect(memory.authority.json(recordKey(key))).toMatchObject({ caVersion: 2 });
  expect(published(memory, key)).toHaveLength(2);
  rotated.enter('retire');
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(memory.keys.signed).toEqual([rotated.to.keyId]);
});

it('a release that does not know rotations refuses a document in phase issue, and this one reads it', async () => {
  const { memory, rotated } = await opened();
  rotated.enter('issue');
  const document = documentOf(memory);
  expect(document).toMatchObject({ mustUnderstand: ['rotation'] });
  expect(checkDocument(document, 'trust domain', trustDomainSchema)).toEqual(document);
  const unknown = { ...document, mustUnderstand: ['rotation', 'something'] };
  expect(() => checkDocument(unknown, 'trust domain', trustDomainSchema)).toThrow(/something/);
});

it('what a version is published with follows the document, not the first one that was read', async () => {
  const { memory, rotated } = await opened();
  rotated.enter('issue');
  const { rotation, ...stable } = documentOf(memory);
  const inIssue = { ...stable, rotation };
  expect(issuingCa(inIssue, 'ca').cross).toBe(rotated.to.cross);
  expect(issuingCa(stable, 'ca').cross).toBe('');
  expect(issuingCa(inIssue, 'ca', 1)?.cross).toBe('');
});
