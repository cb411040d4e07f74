/**
 * Certificates of CAs below a corporate root: what is published has the chain, what is recorded is the leaf, and verifiers
 * that trust the root, or the CA alone, accept them.
 */
import { X509Certificate } from 'node:crypto';
import { importCertificates } from '../../../lib/ca/import-certificate.ts';
import { certificatesIn, certificateToPem } from '../../../lib/certificate/pem.ts';
import { issuedKey } from '../../../lib/contract/decision-record.ts';
import { outcomeKeys, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { OID } from '../../../lib/der/oids.ts';
import { octetString } from '../../../lib/der/write.ts';
import { type CaName, isCertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { AFTER_ADOPTION } from '../../support/adopted-cas.ts';
import { bytesOf, clientCsr, keyOf } from '../../support/api-csr.ts';
import { approve } from '../../support/approve.ts';
import { type CaCertificateParts, extension, type KeyPair } from '../../support/ca-certificate.ts';
import { CorporateRoot, extensionsBelow, publicOnly } from '../../support/corporate-root.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';
import type { ChainItem } from '../../support/judges-questions.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { importAllSubordinates, issueSubordinates } from '../../support/subordinate-cas.ts';

const DAY_MS = 86_400_000;
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const corporate = new CorporateRoot();
const ISSUING = certificateToPem(corporate.issuing);
const ROOT = certificateToPem(corporate.root);

async function opened() {
  const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
    importAllSubordinates(service, keys, TRUST_DOMAIN, corporate),
  );
  const { node } = memory.declare(set);
  return { memory, node };
}

const outcomeKey = (key: string): string => {
  const address = parseRequestKey(key);
  if (!address) throw new Error(key);
  return outcomeKeys(address).certificate;
};

it('a certificate is published with the CA and the certificates between it and the root, and recorded alone', async () => {
  const { memory, node } = await opened();
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  expect((await memory.process(key)).outcome).toBe('issued');
  const ledger = memory.authority.text(issuedKey(key)) ?? '';
  expect(certificatesIn(ledger)).toHaveLength(1);
  expect(memory.outcome(key).certificate).toBe(ledger + memory.caCertificate('ca') + ISSUING);
});

it('the chain is that of the CA, also for a certificate that another run has stored', async () => {
  const { memory, node } = await opened();
  const keys = ['etcd-server', 'front-proxy-client'].map((name) =>
    memory.upload(node, csrOf(set, name)),
  );
  for (const key of keys) {
    await memory.process(key);
    const published = memory.outcome(key).certificate;
    memory.exchange.objects.delete(outcomeKey(key));
    const signed = memory.keys.signed.length;
    expect((await memory.process(key)).outcome).toBe('issued');
    expect(memory.outcome(key).certificate).toBe(published);
    expect(memory.keys.signed).toHaveLength(signed);
    expect(certificatesIn(published ?? '')).toHaveLength(3);
  }
  const [etcd, proxy] = keys.map((key) => certificatesIn(memory.outcome(key).certificate ?? '')[1]);
  expect([`${etcd}\n`, `${proxy}\n`]).toEqual([
    memory.caCertificate('etcd-ca'),
    memory.caCertificate('front-proxy-ca'),
  ]);
});

it('a certificate in the ledger is not published without its chain if the CA cannot be read', async () => {
  const { memory, node } = await opened();
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  await memory.process(key);
  memory.exchange.objects.delete(outcomeKey(key));
  const name = `trust/${TRUST_DOMAIN}.json`;
  const document = memory.authority.json(name) as {
    cas: { ca: { versions: { version: number }[] } };
  };
  const [version] = document.cas.ca.versions;
  if (version) version.version = 2;
  memory.authority.seed(name, JSON.stringify(document));
  await expect(memory.process(key)).rejects.toThrow(/has no version 1 of ca/);
  expect(memory.outcome(key).certificate).toBeUndefined();
});

it("a kubelet's certificate by the certificates API has the chain as well", async () => {
  const worker = { name: 'w-1', addresses: ['10.20.0.21'], role: 'worker' };
  const { memory } = await opened();
  memory.declare(set, { nodes: [worker], csrSigning: { kubeletClient: {} } });
  const object = clientCsr({ cn: 'system:node:w-1', uid: 'u-1' });
  const key = keyOf(object);
  memory.exchange.seed(key, bytesOf(object));
  expect((await memory.process(key)).outcome).toBe('issued');
  expect(certificatesIn(memory.outcome(key).certificate ?? '')).toHaveLength(3);
});

it('a certificate ends when its CA does', async () => {
  const notAfter = new Date(AFTER_ADOPTION.getTime() + 60 * 86_400_000);
  const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, async (service, keys) =>
    importCertificates(service, keys, {
      action: 'import-certificate',
      trustDomain: TRUST_DOMAIN,
      cas: await issueSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca'], { notAfter }),
    }),
  );
  const { node } = memory.declare(set);
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  await memory.process(key);
  const leaf = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(new Date(leaf.validTo)).toEqual(notAfter);
});

describe('after the CA was renewed with the same key', () => {
  const END = new Date(AFTER_ADOPTION.getTime() + 200 * DAY_MS);
  const RENEWED_AT = new Date(AFTER_ADOPTION.getTime() + 100 * DAY_MS);
  /** Another intermediate CA below the same root. */
  const second = new CorporateRoot({ root: { keys: corporate.rootKeys } });
  const above = certificateToPem(second.issuing);

  /** A certificate of before, one that was recorded before and issued after, and one of after. */
  async function renewed(changes: (keys: KeyPair) => Partial<CaCertificateParts> = () => ({})) {
    const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, async (service, keys) =>
      importCertificates(service, keys, {
        action: 'import-certificate',
        trustDomain: TRUST_DOMAIN,
        cas: await issueSubordinates(service, keys, TRUST_DOMAIN, corporate, ['ca'], {
          notAfter: END,
        }),
      }),
    );
    const { node } = memory.declare(set);
    const issue = async (requestId: string, at: Date) => {
      memory.now = at;
      const key = memory.upload(node, csrOf(set, 'apiserver'), requestId);
      await memory.process(key);
      return memory.outcome(key).certificate ?? '';
    };
    const old = memory.caCertificate('ca');
    const before = await issue('before', AFTER_ADOPTION);
    memory.now = RENEWED_AT;
    const recorded = memory.upload(node, csrOf(set, 'apiserver'), 'recorded');
    memory.keys.interrupt = () => {
      throw new Error('killed');
    };
    await memory.process(recorded).catch(() => {});
    memory.keys.interrupt = () => {};
    const spki = new X509Certificate(old).publicKey.export({ type: 'spki', format: 'der' });
    const keys = publicOnly(new Uint8Array(spki));
    const notAfter = new Date(RENEWED_AT.getTime() + 2000 * DAY_MS);
    const parts = { notAfter, ...changes(keys) };
    const fresh = certificateToPem(
      second.certify(new Uint8Array(spki), 'kubernetes', RENEWED_AT, parts),
    );
    const chain = above + ROOT;
    const importing = () =>
      importCertificates(memory.service, memory.keys, {
        action: 'import-certificate',
        trustDomain: TRUST_DOMAIN,
        cas: { ca: { certificate: fresh, chain } },
      });
    return { memory, issue, importing, recorded, before, old, fresh };
  }

  async function leaves() {
    const { memory, issue, importing, recorded, ...texts } = await renewed();
    await importing();
    memory.now = new Date(RENEWED_AT.getTime() + DAY_MS);
    await memory.process(recorded);
    const between = memory.outcome(recorded).certificate ?? '';
    return { ...texts, between, after: await issue('after', memory.now) };
  }

  it('new certificates have the current chain, also those that were recorded before', async () => {
    const { old, fresh, before, between, after } = await leaves();
    const chains = [before, between, after].map((pem) => certificatesIn(pem).slice(1).join('\n'));
    const present = `${fresh}${above}`.trimEnd();
    expect(chains).toEqual([`${old}${ISSUING}`.trimEnd(), present, present]);
  });

  it('a certificate with the old chain expires before the old CA does, so the chain never expires first', async () => {
    const { old, before, between, after } = await leaves();
    const end = (pem: string) => Date.parse(new X509Certificate(pem).validTo);
    expect([before, between].map(end)).toEqual([end(old), end(old)]);
    expect(end(after)).toBeGreaterThan(end(old));
  });

  const asked = (name: string, certificate: string, roots: string, at: Date): ChainItem => ({
    ...{ name, certificate, roots, at },
    ...{ usage: 'serverAuth', dnsNames: [], ips: [] },
  });

  itWithJudges('Go and OpenSSL accept those of before and after with the root; Go also with either CA alone', async () => {
    const { old, fresh, before, between, after } = await leaves();
    const soon = new Date(RENEWED_AT.getTime() + 2 * DAY_MS);
    const all = Object.entries({ before, between, after });
    const underRoot = all.map(([name, pem]) => asked(name, pem, ROOT, soon));
    expect(judgeChain(underRoot, ['go', 'openssl']).filter(({ ok }) => !ok)).toEqual([]);
    const alone = all.flatMap(([name, pem]) =>
      [old, fresh].map((ca) => asked(name, `${certificatesIn(pem)[0]}\n`, ca, soon)),
    );
    expect(judgeChain(alone, ['go']).filter(({ ok }) => !ok)).toEqual([]);
    const late = asked('after', after, ROOT, new Date(END.getTime() + DAY_MS));
    expect(judgeChain([late], ['go', 'openssl']).filter(({ ok }) => !ok)).toEqual([]);
  }, ['openssl', 'go']);

  itWithJudges('with another key identifier, OpenSSL would refuse the certificates of before, and Go would not: the import refuses it', async () => {
    const changes = (keys: KeyPair) => ({
      extensions: extensionsBelow(keys, second.issuingKeys, {
        without: [OID.subjectKeyIdentifier],
        more: [extension(OID.subjectKeyIdentifier, octetString(Buffer.from('another one')))],
      }),
    });
    const { importing, before, fresh } = await renewed(changes);
    await expect(importing()).rejects.toThrow(/so that OpenSSL would refuse them/);
    const [leaf] = certificatesIn(before);
    const item = asked('before', `${leaf}\n${fresh}${above}`, ROOT, RENEWED_AT);
    const verdicts = judgeChain([item], ['go', 'openssl']).map(({ judge, ok }) => [judge, ok]);
    expect(verdicts).toEqual([
      ['go', true],
      ['openssl', false],
    ]);
  }, ['openssl', 'go']);
});

/** Every certificate, for each of its usages, as it is published. */
async function questions(): Promise<(ChainItem & { readonly ca: CaName })[]> {
  const { memory, node } = await opened();
  const items: (ChainItem & { readonly ca: CaName })[] = [];
  for (const csr of set.csrs) {
    const key = memory.upload(node, csr);
    if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
    const { certificateName: name } = csr;
    if (!isCertificateName(name)) throw new Error(name);
    const { ca, extendedKeyUsages } = profileOf(name);
    for (const usage of extendedKeyUsages)
      items.push({
        ca,
        name: `${name} ${usage}`,
        certificate: memory.outcome(key).certificate ?? '',
        roots: memory.caCertificate(ca),
        usage,
        at: new Date(AFTER_ADOPTION.getTime() + 86_400_000),
        dnsNames: csr.sans.dns.filter((dnsName) => !dnsName.startsWith('*')),
        ips: csr.sans.ip,
      });
  }
  return items;
}

itWithJudges('Go accepts each certificate under the CA alone, and Go and OpenSSL, strictly, under the root', async () => {
  const items = await questions();
  expect(items.length).toBeGreaterThanOrEqual(11);
  expect(judgeChain(items, ['go']).filter(({ ok }) => !ok)).toEqual([]);
  const underRoot = items.map((item) => ({ ...item, roots: ROOT, dnsNames: [], ips: [] }));
  expect(judgeChain(underRoot, ['go', 'openssl']).filter(({ ok }) => !ok)).toEqual([]);
  const alone = items.map((item) => ({
    ...item,
    certificate: `${certificatesIn(item.certificate)[0]}\n`,
  }));
  expect(judgeChain(alone, ['go']).filter(({ ok }) => !ok)).toEqual([]);
}, ['openssl', 'go']);

itWithJudges('Go refuses a certificate of another CA below the same root, whatever chain it comes with', async () => {
  const items = await questions();
  const clients = items.filter(({ usage, ca }) => usage === 'clientAuth' && ca !== 'ca');
  const ca = items.find((item) => item.ca === 'ca')?.roots ?? '';
  const asUsers = clients.map((item) => ({ ...item, roots: ca, dnsNames: [], ips: [] }));
  expect(asUsers.length).toBeGreaterThanOrEqual(4);
  expect(judgeChain(asUsers, ['go']).filter(({ ok }) => ok)).toEqual([]);
}, ['go']);
