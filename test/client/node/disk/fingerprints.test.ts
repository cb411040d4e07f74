/** The certificates of a PEM text: those that cannot be used do not hide the others. */
import { expect, it } from '@jest/globals';
import { fingerprintOfFirst, publicKeysIn } from '../../../../client/node/disk/fingerprints.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { bitString, oid, sequence } from '../../../../lib/der/write.ts';
import { newEcKeys, writeCaCertificate } from '../../../support/ca-certificate.ts';

const now = new Date('2026-01-01T00:00:00Z');
const keys = newEcKeys();
const usual = certificateToPem(writeCaCertificate(keys, now));
const unknownKey = certificateToPem(
  writeCaCertificate(keys, now, {
    spki: sequence(sequence(oid('1.3.6.1.4.1.99999.1')), bitString(Uint8Array.of(1, 2, 3))),
  }),
);
const unreadable = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

it.each([
  ['a key of an unknown kind', unknownKey],
  ['an encoding that cannot be read', unreadable],
])('a certificate with %s does not hide the keys of the others', (_, other) => {
  const found = publicKeysIn(other + usual);
  expect(found.map((key) => key.equals(keys.publicKey))).toEqual([true]);
});

it('the fingerprint is that of the first certificate, or none', () => {
  expect(fingerprintOfFirst(unreadable + usual)).toBeUndefined();
  expect(fingerprintOfFirst(usual + unknownKey)).toMatch(/^[0-9A-F:]{95}$/);
});
