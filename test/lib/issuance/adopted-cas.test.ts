/**
 * Certificates of every profile from CAs as existing clusters have them. Verifiers have the CA file as it is on the nodes.
 */
import { X509Certificate } from 'node:crypto';
import { issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { ADOPTABLE_CAS } from '../../../lib/ca/trust-domain-request.ts';
import { sha1KeyIdentifierOf } from '../../../lib/certificate/assemble.ts';
import { extensionOf, readCertificate } from '../../../lib/certificate/read-certificate.ts';
import { readClusterRecord } from '../../../lib/cluster/read-record.ts';
import { OID } from '../../../lib/der/oids.ts';
import { readDer, readFields, TAG } from '../../../lib/der/read.ts';
import { findCaExpiries } from '../../../lib/expiry/find-ca-expiry.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { adoptedSets, readAdoptedSet } from '../../support/adopted-cas.ts';
import { leavesOf, openAdopted, questionsAbout, requests } from '../../support/adopted-leaves.ts';
import { approve } from '../../support/approve.ts';
import { CLUSTER } from '../../support/in-memory-service.ts';
import { itWithJudges, judgeChain } from '../../support/judges.ts';

describe.each(adoptedSets())('CAs of %s', (set) => {
  const existing = readAdoptedSet(set);

  it("sign certificates of every profile, with the CA's subject and key identifier", async () => {
    const leaves = await leavesOf(set);
    expect(leaves.length).toBeGreaterThanOrEqual(11);
    for (const { ca, pem } of leaves) {
      const [leaf, issuer] = [
        readCertificate(new X509Certificate(pem).raw),
        readCertificate(existing[ca].x509.raw),
      ];
      expect(Buffer.from(leaf.issuer.raw)).toEqual(Buffer.from(issuer.subject.raw));
      expect(authorityKeyIdentifierOf(leaf)).toEqual(keyIdentifierOf(issuer));
      expect(new X509Certificate(pem).verify(existing[ca].x509.publicKey)).toBe(true);
    }
  });
});

itWithJudges('OpenSSL and Go accept the certificates of the oldest and the most unusual CAs, for their use', async () => {
  const sets = ['kubeadm-1.18-template', 'openssl-text', 'kubeadm-1.22.17'];
  const items = (await Promise.all(sets.map(questionsAbout))).flat();
  const withoutNames = items.map((item) => ({ ...item, dnsNames: [], ips: [] }));
  expect(judgeChain(withoutNames, ['openssl', 'go']).filter(({ ok }) => !ok)).toEqual([]);
}, ['openssl', 'go']);

type Fields = ReturnType<typeof readCertificate>;

function authorityKeyIdentifierOf(leaf: Fields): Buffer {
  const { value = new Uint8Array() } = extensionOf(leaf, OID.authorityKeyIdentifier) ?? {};
  // exactly one field: issuer and serial number are never named
  const [identifier] = readFields(readDer(value, 'aki'), TAG.sequence, 'keyIdentifier');
  return Buffer.from(identifier?.as(0x80, 'keyIdentifier').content ?? []);
}

function keyIdentifierOf(ca: Fields): Buffer {
  const extension = extensionOf(ca, OID.subjectKeyIdentifier);
  return Buffer.from(
    extension ? readDer(extension.value, 'ski').content : sha1KeyIdentifierOf(ca.publicKey),
  );
}

it.each(adoptedSets())('the expiry of the CAs of %s is watched', async (set) => {
  const existing = readAdoptedSet(set);
  const { memory } = await openAdopted(existing);
  const record = await readClusterRecord(memory.authority, CLUSTER);
  if (!record) throw new Error('no record');
  const [first] = await findCaExpiries(memory.authority, new Map([[CLUSTER, record]]));
  const ends = ADOPTABLE_CAS.map((ca) => Date.parse(existing[ca].x509.validTo));
  expect(first?.notAfter.getTime()).toBe(Math.min(...ends));
});

it('a trust domain of a cluster with an external etcd has no etcd-ca: what needs it is rejected, the rest is issued', async () => {
  const existing = readAdoptedSet('kubeadm-1.35.4-p256');
  const { memory, node, document } = await openAdopted(existing, ['ca', 'front-proxy-ca']);
  expect(CA_NAMES.filter((ca) => issuingCa(document, ca))).toEqual(['ca', 'front-proxy-ca']);
  const absent: string[] = [];
  for (const csr of requests.csrs) {
    const key = memory.upload(node, csr);
    if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
    const { certificate, rejected } = memory.outcome(key);
    if (certificate !== undefined) continue;
    const [violation, ...others] = (rejected?.violations ?? []) as { code: string }[];
    expect([violation?.code, others]).toEqual(['ca-absent', []]);
    absent.push(csr.certificateName);
  }
  expect(absent.sort()).toEqual([
    'apiserver-etcd-client',
    'etcd-healthcheck-client',
    'etcd-peer',
    'etcd-server',
  ]);
});
