/** Which cross certificates vouch for a new CA. */
import { X509Certificate } from 'node:crypto';
import { judgeCross, type Refusal } from '../../../../client/node/rotation/voucher.ts';
import { hashOf } from '../../../../client/node/trust/ca-cert-hash.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { OID } from '../../../../lib/der/oids.ts';
import { booleanTrue } from '../../../../lib/der/write.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  integer,
  keyUsage,
  newEcKeys,
  usualExtensions,
  writeCaCertificate,
} from '../../../support/ca-certificate.ts';

const NOW = new Date('2026-12-01T12:00:00Z');
const DAY = 86_400_000;
const MADE = new Date(NOW.getTime() - DAY);
const [from, to, third] = [newEcKeys(), newEcKeys(), newEcKeys()];

const pem = (keys: typeof from, changes: Partial<CaCertificateParts> = {}) =>
  certificateToPem(writeCaCertificate(keys, MADE, changes));
const cross = (changes: Partial<CaCertificateParts> = {}) => pem(to, { signer: from, ...changes });
const withConstraints = (...fields: Uint8Array[]) => [
  ...usualExtensions(to, { without: [OID.basicConstraints] }),
  basicConstraints(...fields),
];

const old = pem(from);
const key = hashOf(pem(to));
const keyOfOld = hashOf(old);

const judge = (
  text: string,
  more: { trusted?: string[]; key?: string | undefined; compromised?: string[] } = {},
) => {
  const { trusted = [old], compromised = [] } = more;
  const judged = judgeCross({
    ca: 'ca',
    cross: text,
    key: 'key' in more ? more.key : key,
    trusted: trusted.map((one) => new X509Certificate(one)),
    compromised,
    now: NOW,
  });
  return 'key' in judged ? judged.key : judged.refusal;
};

it('the key of the new CA, certified by the old one, is vouched for', () => {
  expect(judge(cross())).toBe(key);
});

it.each<[string, Refusal, string, Parameters<typeof judge>[1]?]>([
  [
    'has the name of another CA',
    'other-role',
    cross({ subject: commonNameOf('etcd-ca'), issuer: commonNameOf('kubernetes') }),
  ],
  ['is signed by a CA that the file does not have', 'not-signed-by-ours', cross({ signer: third })],
  ['is signed by the CA of another file', 'not-signed-by-ours', cross(), { trusted: [pem(third)] }],
  ['is self-signed', 'not-signed-by-ours', pem(to)],
  ['has expired', 'not-valid-now', cross({ notAfter: new Date(NOW.getTime() - 1) })],
  ['is not valid yet', 'not-valid-now', cross({ notBefore: new Date(NOW.getTime() + DAY) })],
  [
    'is signed by a CA that has expired',
    'not-valid-now',
    cross(),
    { trusted: [pem(from, { notAfter: new Date(NOW.getTime() - 1) })] },
  ],
  ['has CA:FALSE', 'not-a-ca', cross({ extensions: withConstraints() })],
  [
    'has no basicConstraints',
    'not-a-ca',
    cross({ extensions: usualExtensions(to, { without: [OID.basicConstraints] }) }),
  ],
  [
    'may not sign certificates',
    'no-cert-sign',
    cross({
      extensions: [...usualExtensions(to, { without: [OID.keyUsage] }), keyUsage(0, 6)],
    }),
  ],
  [
    'has no keyUsage',
    'no-cert-sign',
    cross({ extensions: usualExtensions(to, { without: [OID.keyUsage] }) }),
  ],
  ['is for a key that the rotation does not name', 'other-key', pem(third, { signer: from })],
  [
    'is signed by a key that may have been stolen',
    'compromised',
    cross(),
    { compromised: [keyOfOld] },
  ],
  [
    'is signed by a CA that must not have a CA below it',
    'path-length',
    cross(),
    {
      trusted: [
        pem(from, {
          extensions: [
            ...usualExtensions(from, { without: [OID.basicConstraints] }),
            basicConstraints(booleanTrue(), integer(0)),
          ],
        }),
      ],
    },
  ],
  ['is followed by another certificate', 'not-one-certificate', cross() + old],
  ['is followed by other text', 'not-one-certificate', `${cross()}# the new CA`],
  ['is empty', 'not-one-certificate', ''],
  [
    'cannot be read',
    'not-one-certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ],
])('a cross certificate that %s vouches for nothing: %s', (_, refusal, text, more = {}) => {
  expect(judge(text, more)).toBe(refusal);
});

it.each([
  ['has its own subject, which the new one has, too', { subject: commonNameOf('my-ca') }, true],
  ['has its own subject, which the new one does not have', {}, true],
  ['has its own subject, and the new one a third', { subject: commonNameOf('x') }, false],
])('an adopted CA that %s: vouched for is %p', (_, changes, isVouched) => {
  const adopted = pem(from, { subject: commonNameOf('my-ca'), issuer: commonNameOf('my-ca') });
  const text = cross({ ...changes, issuer: commonNameOf('my-ca') });
  expect(judge(text, { trusted: [adopted] })).toBe(isVouched ? key : 'other-role');
});

it('if no key is required, it vouches for the one that it certifies', () => {
  expect(judge(cross(), { key: undefined })).toBe(key);
});
