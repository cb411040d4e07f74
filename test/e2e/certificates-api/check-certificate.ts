/** Whether what is in the status of a CSR is a certificate for that CSR and nothing else. */
import { X509Certificate } from 'node:crypto';
import { canonicalIpAddress } from '../../../lib/ip-address.ts';
import { readCertificateFacts } from '../../support/certificate-facts.ts';
import { mustRun } from '../harness/program.ts';
import { type Csr, pemOf } from './api.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const MARK = '-----BEGIN CERTIFICATE-----';

/** @param ca PEM of the CA that must have signed it @throws Error that says what is wrong */
export async function checkCertificate(csr: Csr, ca: string): Promise<X509Certificate> {
  const pem = pemOf(csr.status.certificate ?? '');
  const blocks = pem.split(MARK).length - 1;
  if (blocks !== 1 || !pem.startsWith(MARK)) throw new Error(`${blocks} blocks: ${pem}`);
  const leaf = new X509Certificate(pem);
  const req = ['openssl', 'req', '-noout'];
  const input = pemOf(csr.spec.request);
  const key = await mustRun([...req, '-pubkey'], { input });
  if (leaf.publicKey.export({ type: 'spki', format: 'pem' }) !== key)
    throw new Error('not the key of the CSR');
  if (!leaf.verify(new X509Certificate(ca).publicKey)) throw new Error('signed by another CA');
  const facts = readCertificateFacts(pem);
  const text = await mustRun([...req, '-text', '-nameopt', 'RFC2253'], { input });
  const asked = namesIn(text);
  const given = [...facts.names].map(normalize).sort();
  if (given.join() !== asked.join()) throw new Error(`names ${given}, asked for ${asked}`);
  const usage = csr.spec.usages.includes('server auth') ? SERVER_AUTH : CLIENT_AUTH;
  if (facts.extendedKeyUsages.join() !== usage) throw new Error(`${facts.extendedKeyUsages}`);
  return leaf;
}

/** `DNS:…` and `IP:…` of a CSR in OpenSSL's words, sorted. */
function namesIn(text: string): string[] {
  const [, line = ''] = /Subject Alternative Name:\s*\n\s*(.+)/.exec(text) ?? [];
  return line
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => normalize(name.replace('IP Address:', 'IP:')))
    .sort();
}

/** OpenSSL writes IPv6 addresses in its own way. */
function normalize(name: string): string {
  if (!name.startsWith('IP:')) return name;
  return `IP:${canonicalIpAddress(name.slice(3)) ?? name}`;
}
