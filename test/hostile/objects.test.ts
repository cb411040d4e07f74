/** Hostile CertificateSigningRequests of the certificates API: each is refused for its reason, quickly, and in few bytes. */
import { formatCsrObject } from '../../lib/certificates-api/csr-object.ts';
import { findForbidden } from '../../lib/csr/forbidden-upload.ts';
import { readApiRequest } from '../../lib/csr/read-api-request.ts';
import { LIMITS } from '../../lib/limits.ts';
import { clientCsr } from '../support/api-csr.ts';
import { testKey } from '../support/csr-builder-keys.ts';

const GOOD = formatCsrObject(clientCsr({ cn: 'system:node:w-1' }));
const SPACE = LIMITS.maxObjectBytes - 1;
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');

/** A PKCS#8 key as PEM. */
function privateKey(): string {
  const { pkcs8 } = testKey('p-256');
  if (!pkcs8) throw new Error('no private key');
  return `-----BEGIN PRIVATE KEY-----\n${base64(pkcs8)}\n-----END PRIVATE KEY-----\n`;
}

const withSpec = (fields: Record<string, unknown>) => {
  const object = JSON.parse(GOOD) as { spec: object };
  return JSON.stringify({ ...object, spec: { ...object.spec, ...fields } });
};
const withField = (text: string) => GOOD.replace('"usages":', `${text}, "usages":`);
const filled = (before: string, one: string, after: string) =>
  before + one.repeat(Math.floor((SPACE - before.length - after.length) / one.length)) + after;
const escaped = (text: string) =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

it.each<[string, string | Uint8Array, string]>([
  ['nothing', '', 'csr-object-malformed'],
  ['a null', 'null', 'csr-object-malformed'],
  ['a NUL after the object', `${GOOD}\0`, 'csr-object-malformed'],
  ['a NUL in a name', withSpec({ username: 'system:node:w-1\0' }), ''],
  ['nulls instead of values', withSpec({ groups: null, username: null }), 'csr-object-malformed'],
  ['a byte order mark', `\ufeff${GOOD}`, 'csr-object-malformed'],
  ['UTF-16', Buffer.from(GOOD, 'utf16le'), 'csr-object-malformed'],
  ['two objects', GOOD + GOOD, 'csr-object-malformed'],
  ['a list of objects', `[${GOOD}]`, 'csr-object-malformed'],
  ['arrays within arrays', filled('', '[', ''), 'csr-object-malformed'],
  [
    'arrays within arrays, all closed',
    '['.repeat(SPACE / 2 - 1) + ']'.repeat(SPACE / 2 - 1),
    'csr-object-malformed',
  ],
  ['objects within objects', filled('', '{"a":', ''), 'csr-object-malformed'],
  ['a list of thousands of numbers', filled('[', '0,', '0]'), 'csr-object-malformed'],
  [
    'thousands of unknown fields',
    `{${Array.from({ length: 3000 }, (_, i) => `"${i}":0`).join()}}`,
    'csr-object-malformed',
  ],
  ['a number with thousands of digits', filled('', '9', ''), 'csr-object-malformed'],
  ['an unknown field', withField('"note": ""'), 'csr-object-malformed'],
  ['a name twice', withField('"username": "system:node:w-2"'), 'csr-object-malformed'],
  ['a name twice, once escaped', withField('"user\\u006eame": "x"'), 'csr-object-malformed'],
  ['__proto__', withField('"__proto__": {"username": "x"}'), 'csr-object-malformed'],
  ['junk as the CSR', withSpec({ request: base64('junk') }), 'der-malformed'],
  ['what is not base64', withSpec({ request: '****' }), 'csr-object-malformed'],
  ['base64 with a newline', withSpec({ request: 'QUFB\nQUFB' }), 'csr-object-malformed'],
  ['base64 of the URL alphabet', withSpec({ request: 'QUF_' }), 'csr-object-malformed'],
  ['base64 without padding', withSpec({ request: 'QUE' }), 'csr-object-malformed'],
  [
    'a certificate',
    withSpec({ request: base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') }),
    'pem-label',
  ],
  ['a private key as the CSR', withSpec({ request: base64(privateKey()) }), 'private-key'],
  ['a private key in a field', withSpec({ username: privateKey() }), 'private-key'],
  [
    'a private key in a field that is unknown',
    withField(`"k": ${JSON.stringify(privateKey())}`),
    'private-key',
  ],
  ['a private key in base64', withSpec({ username: base64(privateKey()) }), 'private-key'],
  [
    'a private key with every character escaped',
    withField(`"k": "${escaped(privateKey())}"`),
    'private-key',
  ],
  ['33 KiB', filled(GOOD, ' ', '') + ' '.repeat(1024), 'object-too-large'],
])('%s', (_, given, code) => {
  const body = Buffer.from(given);
  const tooLarge = body.length > LIMITS.maxObjectBytes;
  const stored = { body: tooLarge ? new Uint8Array() : body, size: body.length, tooLarge };
  const object = { ...stored, eTag: undefined, versionId: undefined, metadata: {} };
  const forbidden = findForbidden(object);
  const violations = forbidden ? [forbidden] : readApiRequest(object.body).csr.violations;
  expect([...new Set(violations.map((one) => one.code))]).toEqual(code === '' ? [] : [code]);
  for (const text of violations.flatMap((one) => Object.values(one)))
    expect(text).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.stringify(violations).length).toBeLessThan(8 * 1024);
});
