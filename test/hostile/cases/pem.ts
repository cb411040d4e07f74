/** PEM that tools write or tolerate, and the CSR reader refuses, except for two harmless habits. */
import { toPem } from '../../support/csr-builder.ts';
import { APISERVER, apiserver, type HostileCases, refusedAs } from './good.ts';

const refused = refusedAs(APISERVER);
const der = apiserver();
const good = toPem(der);
const malformed = (text: string) => refused('pem-malformed', Buffer.from(text, 'latin1'));
const [first = '', second = '', ...rest] = good.split('\n');
const lines = (...changed: string[]) => [...changed, ...rest].join('\n');
const utf16 = Buffer.from(good, 'utf16le');

export const pem: HostileCases = {
  'good block': refused([], good),
  'good block with CRLF': refused([], toPem(der, { lineEnd: '\r\n' })),
  'good block without a final newline': refused([], good.trimEnd()),
  'good block with trailing newlines': refused([], `${good}\n\n`),
  'two blocks': malformed(good + good),
  'text before the block': malformed(`Certificate Request:\n${good}`),
  'newline before the block': malformed(`\n${good}`),
  'text after the block': malformed(`${good}# made by hand\n`),
  'space after the block': malformed(`${good} `),
  'label NEW CERTIFICATE REQUEST': refused(
    'pem-label',
    toPem(der, { label: 'NEW CERTIFICATE REQUEST' }),
  ),
  'label CERTIFICATE': refused('pem-label', toPem(der, { label: 'CERTIFICATE' })),
  'label PUBLIC KEY': refused('pem-label', toPem(der, { label: 'PUBLIC KEY' })),
  'label with two spaces': refused('pem-label', toPem(der, { label: 'CERTIFICATE  REQUEST' })),
  'label in lower case': malformed(toPem(der, { label: 'certificate request' })),
  'label that is empty': malformed(toPem(der, { label: '' })),
  'label of a thousand letters': malformed(toPem(der, { label: 'A'.repeat(1000) })),
  'label with an escape character': malformed(toPem(der, { label: 'A\u001b[2J' })),
  'four hyphens': refused('der-malformed', good.replaceAll('-----', '----')),
  'END that does not match': malformed(good.replace('END CERTIFICATE', 'END X509 CERTIFICATE')),
  'no END': malformed(good.slice(0, good.indexOf('-----END'))),
  'END on the last line of base64': malformed(good.replace('\n-----END', '-----END')),
  'no base64': malformed(`${first}\n-----END CERTIFICATE REQUEST-----\n`),
  'line endings of CR alone': malformed(good.replaceAll('\n', '\r')),
  'lines of 76': malformed(toPem(der, { lineLength: 76 })),
  'lines of 48': malformed(toPem(der, { lineLength: 48 })),
  'one line': malformed(toPem(der, { lineLength: 100_000 })),
  'empty line in the base64': malformed(lines(first, '', second)),
  'spaces before lines': malformed(good.replace(/^(?!-)/gm, ' ')),
  'tab in base64': malformed(lines(first, `${second.slice(0, 30)}\t${second.slice(30)}`)),
  'NUL in base64': malformed(lines(first, `${second.slice(0, 30)}\0${second.slice(31)}`)),
  'base64 of the URL alphabet': malformed(lines(first, second.replace(/[A-Z]/, '-'))),
  'base64 with padding in the middle': malformed(lines(first, `${second.slice(0, 62)}==`)),
  'base64 with stray bits': malformed(strayBits()),
  'headers in the block': malformed(lines(first, 'Proc-Type: 4,CLEAR', '', second)),
  'byte order mark': malformed(`\u00ef\u00bb\u00bf${good}`),
  'UTF-16': refused('der-malformed', utf16),
  'UTF-16 with a byte order mark': refused(
    'der-malformed',
    Buffer.concat([Buffer.of(0xff, 0xfe), utf16]),
  ),
  'base64 without a block': refused('der-malformed', Buffer.from(der).toString('base64')),
  'block in a block': refused('der-malformed', toPem(Buffer.from(good))),
  'block of a truncated request': refused('der-malformed', toPem(der.subarray(0, 400))),
  'YAML around the block': malformed(`request: |\n${good.replace(/^/gm, '  ')}`),
};

/** The last base64 digit before the padding has unused bits, which must be zero. */
function strayBits(): string {
  const padded = toPem(apiserver().subarray(0, 400)); // 400 octets leave a rest of one: `==`, and four unused bits
  return padded.replace(/([A-Za-z0-9+/])(={1,2})\n-----END/, (_, digit: string, pad: string) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    return `${alphabet[alphabet.indexOf(digit) + 1] ?? 'B'}${pad}\n-----END`;
  });
}
