/** Private keys in every form that could be uploaded by mistake. All keys are throw-away. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toPem } from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { keyFile, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { APISERVER, apiserver, type HostileCases, refusedAs } from './good.ts';
import { pkcs12File } from './private-keys-openssl.ts';

const exposed = (bytes: Uint8Array | string) => refusedAs(APISERVER)('private-key', bytes);
const load = (name: string) =>
  createPrivateKey({
    key: Buffer.from(testKey(name).pkcs8 ?? []),
    format: 'der',
    type: 'pkcs8',
  });
const [rsa, ec] = [load('rsa-2048'), load('p-256')];
const pkcs1 = rsa.export({ type: 'pkcs1', format: 'der' });
const sec1 = ec.export({ type: 'sec1', format: 'der' });
const pkcs8 = rsa.export({ type: 'pkcs8', format: 'der' });
const pkcs1Pem = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const secret = { cipher: 'aes-256-cbc', passphrase: 'secret' };
const encrypted = rsa.export({ type: 'pkcs8', format: 'der', ...secret });
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const kubeconfig = readFileSync(join(set.dir, 'keys', 'admin.conf'), 'utf8');
const flatSet = kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048');
const flatKey = flatSet.csrs.map((request) => keyFile(flatSet, request)).find(Boolean) ?? '';
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');
const wrapped = (text: string, width: number, between: string) =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(between);
const good = toPem(apiserver());
const utf16 = Buffer.from(pkcs1Pem, 'utf16le');
const body = (start: string) => base64(`${start}${'nothing but filler '.repeat(12)}`);

export const privateKeys: HostileCases = {
  'PKCS1 in PEM': exposed(pkcs1Pem),
  'PKCS1 in PEM with CRLF': exposed(pkcs1Pem.replaceAll('\n', '\r\n')),
  'PKCS1 in DER': exposed(pkcs1),
  'PKCS1 in DER, cut short': exposed(pkcs1.subarray(0, 600)),
  'SEC1 in PEM': exposed(ec.export({ type: 'sec1', format: 'pem' }).toString()),
  'SEC1 in DER': exposed(sec1),
  'PKCS8 in PEM': exposed(rsa.export({ type: 'pkcs8', format: 'pem' }).toString()),
  'PKCS8 in DER': exposed(pkcs8),
  'PKCS8 of an EC key in DER': exposed(ec.export({ type: 'pkcs8', format: 'der' })),
  'PKCS8 of an Ed25519 key in DER': exposed(testKey('ed25519').pkcs8 ?? ''),
  'PKCS8 encrypted in PEM': exposed(
    rsa.export({ type: 'pkcs8', format: 'pem', ...secret }).toString(),
  ),
  'PKCS8 encrypted in DER': exposed(encrypted),
  'PKCS1 encrypted in PEM': exposed(
    rsa.export({ type: 'pkcs1', format: 'pem', ...secret }).toString(),
  ),
  'OpenSSH key': exposed(
    toPem(Buffer.from(body('openssh-key-v1\0')), { label: 'OPENSSH PRIVATE KEY' }),
  ),
  'OpenPGP key': exposed(toPem(Buffer.from(body('')), { label: 'PGP PRIVATE KEY BLOCK' })),
  'SSH2 key': exposed('---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/56wAAA\n'),
  'label in lower case': exposed(pkcs1Pem.replaceAll('PRIVATE KEY', 'private key')),
  'PKCS12 file': exposed(pkcs12File(pkcs1Pem)),
  'PKCS12 in base64': exposed(base64(pkcs12File(pkcs1Pem))),
  'JSON web key': exposed(JSON.stringify(rsa.export({ format: 'jwk' }))),
  'JSON web key of an EC key, indented': exposed(
    JSON.stringify(ec.export({ format: 'jwk' }), null, 2),
  ),
  'kubeconfig of generate-csr': exposed(kubeconfig),
  'kubeconfig in base64, as in a Secret': exposed(base64(kubeconfig)),
  'kubeconfig as JSON': exposed(`{"users":[{"user":{"client-key-data":"${base64(pkcs1Pem)}"}}]}`),
  'kubeconfig with the key on the next line': exposed(
    `    client-key-data: >-\n      ${wrapped(base64(pkcs1Pem), 64, '\n      ')}\n`,
  ),
  'key file of renew': exposed(readFileSync(flatKey)),
  'PEM key in base64': exposed(base64(pkcs1Pem)),
  'PEM key in wrapped base64': exposed(wrapped(base64(pkcs1Pem), 76, '\n')),
  'PEM key in base64 twice': exposed(base64(base64(pkcs1Pem))),
  'PEM key as a JSON string': exposed(JSON.stringify({ key: pkcs1Pem })),
  'DER key in base64': exposed(base64(pkcs8)),
  'DER key in base64, indented': exposed(`  ${wrapped(base64(pkcs1), 64, '\n  ')}\n`),
  'PEM key in UTF-16': exposed(utf16),
  'PEM key in UTF-16, other order, with a mark': exposed(
    Buffer.concat([Buffer.of(0xfe, 0xff), Buffer.from(utf16).swap16()]),
  ),
  'PEM key with a byte order mark': exposed(`\ufeff${pkcs1Pem}`),
  'PEM key after NUL bytes': exposed(`\0\0\0${pkcs1Pem}`),
  'key after a request': exposed(good + pkcs1Pem),
  'key before a request': exposed(pkcs1Pem + good),
  'key after a request in DER': exposed(Buffer.concat([apiserver(), pkcs1])),
  'SEC1 key after a request in DER': exposed(Buffer.concat([apiserver(), sec1])),
  'key in DER after a newline': exposed(Buffer.concat([Buffer.from('\n'), pkcs1])),
  'PKCS8 in DER after a byte order mark': exposed(Buffer.concat([Buffer.from('\ufeff'), pkcs8])),
  'encrypted key in DER after a newline': exposed(Buffer.concat([Buffer.from('\n'), encrypted])),
  'key under the label of a request': exposed(toPem(pkcs1)),
  'EC key under the label of a request': exposed(toPem(sec1)),
};
