/** CSRs equal those of kubeadm byte by byte, except for key and signature. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { contentsOf } from '../../../../client/node/csr/csr-contents.ts';
import { makeCsr } from '../../../../client/node/csr/make-csr.ts';
import { areAPair, kindOfKey, makePrivateKey } from '../../../../client/node/disk/private-key.ts';
import { type AlternativeName, formatName } from '../../../../lib/csr/alternative-names.ts';
import type { KeyKind } from '../../../../lib/csr/public-key.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import { type Element, readDer, TAG } from '../../../../lib/der/read.ts';
import { listKubeadmSets } from '../../../support/kubeadm-sets.ts';

const KINDS: readonly KeyKind[] = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256', 'ECDSA-P384'];
const LABELS: Partial<Record<KeyKind, string>> = {
  'ECDSA-P256': 'EC PRIVATE KEY',
  'ECDSA-P384': 'EC PRIVATE KEY',
};

const files = listKubeadmSets().flatMap((set) =>
  set.csrs.map((csr) => ({ ...csr, set: `${set.version} ${set.layout} ${set.config}` })),
);

const derOf = (pem: string) =>
  new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));

const sorted = (names: readonly AlternativeName[] = []) => names.map(formatName).sort();

/** Subject and attributes of a CertificationRequestInfo, unchanged. */
function comparable(pem: string): string[] {
  const [info] = readDer(derOf(pem), 'csr').as(TAG.sequence, 'csr').children();
  const fields: Element[] = info?.as(TAG.sequence, 'info').children() ?? [];
  return [fields[1], fields[3]].map((field) => Buffer.from(field?.content ?? []).toString('hex'));
}

it('the fixtures contain real CSRs to compare with', () => {
  expect(files.length).toBeGreaterThan(50);
});

it.each(files)("$set: the CSR of $path equals kubeadm's", async ({ file }) => {
  const real = readFileSync(file, 'utf8');
  const { request } = readRequest(readFileSync(file));
  if (!request) throw new Error(`${file}: the CSR was rejected`);
  const { subject, names } = request;
  const key = createPrivateKey(await makePrivateKey('ECDSA-P256'));
  expect(comparable(makeCsr({ subject, names }, key))).toEqual(comparable(real));
});

it.each(files.filter(({ reference }) => reference))(
  "$set: a CSR from the certificate of $path requests what kubeadm's CSR requested",
  ({ file, reference = '', set }) => {
    const { request } = readRequest(readFileSync(file));
    const certificate = new X509Certificate(readFileSync(reference));
    const { contents, violations } = contentsOf(certificate);
    expect(violations).toEqual([]);
    expect(contents.subject).toEqual(request?.subject);
    // the CSR of 1.21 lacks etcd's extra names, which could not be configured then; its reference has them
    if (!/^1\.21/.test(set)) expect(sorted(contents.names)).toEqual(sorted(request?.names));
  },
);

it.each(KINDS)(
  'writes a key of kind %s as kubeadm does, and OpenSSL accepts its CSR',
  async (kind) => {
    const pem = await makePrivateKey(kind);
    const key = createPrivateKey(pem);
    expect(pem).toMatch(`-----BEGIN ${LABELS[kind] ?? 'RSA PRIVATE KEY'}-----`);
    expect(kindOfKey(key)).toBe(kind);
    const contents = {
      subject: { commonName: 'kube-apiserver', organizations: [] },
      names: [
        { type: 'DNS', value: '*.example.com' },
        { type: 'IP', value: '10.96.0.1' },
        { type: 'IP', value: 'fd00::1' },
      ],
    } as const;
    const csr = makeCsr(contents, key);
    const text = execFileSync('openssl', ['req', '-verify', '-noout', '-text'], {
      input: csr,
      stdio: ['pipe', 'pipe', 'pipe'],
    }).toString();
    expect(text).toContain(
      'DNS:*.example.com, IP Address:10.96.0.1, IP Address:FD00:0:0:0:0:0:0:1',
    );
    const { request, violations } = readRequest(Buffer.from(csr));
    expect(violations).toEqual([]);
    expect(request?.key.kind).toBe(kind);
    expect(areAPair(key, createPublicKey(key))).toBe(true);
  },
);
