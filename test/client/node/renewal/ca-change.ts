/** A node, its service and foreign CAs, for the suites about changes of CA certificates. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { KUBELET_PEM } from '../../../../client/node/disk/places.ts';
import { formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { KUBEADM_NAMES } from '../../../../lib/profiles/certificate-names.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { NodeFixture } from '../../../support/node-folder.ts';
import { putObject } from '../../../support/renewal.ts';

export const root = mkdtempSync(join(tmpdir(), 'cakeless-cas-'));
/** A node of the service, while tests run. */
export let fixture: NodeFixture;
/** The CA that the service published first, and two foreign CAs. */
export const pem = { good: '', next: '', evil: '' };

/** Starts the service before the tests of a file, and publishes the first CA again after each of them. */
export function useCaChanges(): void {
  beforeAll(async () => {
    fixture = await NodeFixture.make();
    pem.good = readFileSync(join(fixture.template, 'pki/ca.crt'), 'utf8');
    pem.next = makeCa('next', 'kubernetes');
    pem.evil = makeCa('evil', 'evil');
  });
  afterEach(() => publish(pem.good));
  afterAll(async () => {
    await fixture.close();
    rmSync(root, { recursive: true });
  });
}

export function makeCa(name: string, commonName: string): string {
  const [key, file] = [join(root, `${name}.key`), join(root, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '3650', '-subj', `/CN=${commonName}`, '-keyout', key, '-out', file],
    ],
    { stdio: 'ignore' },
  );
  return readFileSync(file, 'utf8');
}

/** A self-signed CA certificate for the key of another one. */
export function signOwn(name: string, commonName: string): string {
  const args = ['req', '-x509', '-key', join(root, `${name}.key`), '-subj', `/CN=${commonName}`];
  return execFileSync('openssl', [...args, '-days', '3650']).toString();
}

export const publish = (bundle: string) => putObject(fixture, 'trust/fleet/ca.crt', bundle);
export const caOf = (folder: string) => readFileSync(join(folder, 'pki/ca.crt'), 'utf8');
export const hashes = (...certificates: string[]) =>
  certificates.flatMap((c) => ['--ca-cert-hash', formatCaCertHash('ca', c)]);
export const accept = (folder: string, ...more: string[]) =>
  fixture.run(folder, 'renew', 'apiserver', '--no-restart', '--accept-ca-change', ...more);

export const KUBECONFIGS = KUBEADM_NAMES.filter((name) => name.endsWith('.conf')).sort();

/** As `kubeadm init` leaves a node: kubelet.conf names the link that the kubelet switches. */
export function initNode(): string {
  const folder = fixture.copy();
  const { pem: pair } = readKubeletConf(folder);
  const current = writeKubeletStore(join(folder, 'kubelet-pki'), pair);
  const file = join(folder, 'kubelet.conf');
  const named = readFileSync(file, 'utf8')
    .replace(/client-certificate-data: \S+/, `client-certificate: ${current}`)
    .replace(/client-key-data: \S+/, `client-key: ${current}`);
  writeFileSync(file, named);
  return folder;
}

export const kubeletDir = (folder: string) => ['--kubelet-dir', join(folder, 'kubelet-pki')];
export const currentPem = (folder: string) =>
  readFileSync(join(folder, 'kubelet-pki', KUBELET_PEM), 'utf8');
export const renewAll = (folder: string, ...more: string[]) =>
  fixture.run(
    folder,
    ...['renew', 'all', '--no-restart', '--accept-ca-change', ...kubeletDir(folder), ...more],
  );

/** CA data in PEM, by kubeconfig. */
export const caDataOf = (folder: string, ...more: string[]) =>
  [...KUBECONFIGS, ...more].map((name) => {
    const { certificateAuthority } = readKubeconfig(
      readFileSync(join(folder, name), 'utf8'),
      folder,
    );
    return [
      name,
      certificateAuthority && 'pem' in certificateAuthority && certificateAuthority.pem,
    ];
  });

/** A certificate of the CA `name` for the key of another one, with its subject. */
export function signByNext(certificate: string, key: string, name = 'next'): string {
  const [from, keyFile] = [join(root, 'from.crt'), join(root, 'from.key')];
  writeFileSync(from, certificate);
  writeFileSync(keyFile, key);
  const csr = execFileSync('openssl', ['x509', '-x509toreq', '-in', from, '-signkey', keyFile]);
  const ca = [
    '-CA',
    join(root, `${name}.crt`),
    '-CAkey',
    join(root, `${name}.key`),
    '-CAcreateserial',
  ];
  return execFileSync('openssl', ['x509', '-req', '-days', '300', ...ca], {
    input: csr,
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString();
}

export function signCurrentPem(folder: string): void {
  const pair = currentPem(folder);
  const key = pair.slice(pair.indexOf('-----BEGIN', pair.indexOf('-----END')));
  writeFileSync(join(folder, 'kubelet-pki', KUBELET_PEM), signByNext(pair, key) + key);
}

export function signKubeconfig(folder: string, name: string): void {
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8');
  const { certificate, privateKey } = readKubeconfig(text, folder);
  if (!certificate || !('pem' in certificate) || !privateKey || !('pem' in privateKey))
    throw new Error(name);
  const signed = Buffer.from(signByNext(certificate.pem, privateKey.pem)).toString('base64');
  const data = /client-certificate-data: \S+/;
  writeFileSync(file, text.replace(data, `client-certificate-data: ${signed}`));
}

/** A certificate that other programs read, but our pattern does not. */
export const hidden = (certificate: string) =>
  certificate.replace(/\n(?=[A-Za-z0-9+/=]+\n)/, ' \n');
