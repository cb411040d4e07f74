/** CSRs of our own are what kubeadm would have made: compared with real ones, octet by octet but for key and signature. */
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

/** Subject and attributes of a CertificationRequestInfo, as they stand. */
function comparable(pem: string): string[] {
  const [info] = readDer(derOf(pem), 'csr').as(TAG.sequence, 'csr').children();
  const fields: Element[] = info?.as(TAG.sequence, 'info').children() ?? [];
  return [fields[1], fields[3]].map((field) => Buffer.from(field?.content ?? []).toString('hex'));
}

it('there are real CSRs to compare with', () => {
  expect(files.length).toBeGreaterThan(50);
});

it.each(files)('$set: $path comes out as kubeadm wrote it', async ({ file }) => {
  const real = readFileSync(file, 'utf8');
  const { request } = readRequest(readFileSync(file));
  if (!request) throw new Error(`${file} is refused at the door`);
  const { subject, names } = request;
  const key = createPrivateKey(await makePrivateKey('ECDSA-P256'));
  expect(comparable(makeCsr({ subject, names }, key))).toEqual(comparable(real));
});

it.each(files.filter(({ reference }) => reference))(
  "$set: the certificate of $path asks for the same again as kubeadm's CSR",
  ({ file, reference = '', set }) => {
    const { request } = readRequest(readFileSync(file));
    const certificate = new X509Certificate(readFileSync(reference));
    const { contents, violations } = contentsOf(certificate);
    expect(violations).toEqual([]);
    expect(contents.subject).toEqual(request?.subject);
    // 1.21 could not be told of etcd's extra names when it made the CSR, and its reference has them
    if (!/^1\.21/.test(set)) expect(sorted(contents.names)).toEqual(sorted(request?.names));
  },
);

it.each(KINDS)(
  'a key of kind %s is written as kubeadm does, and OpenSSL accepts its CSR',
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
