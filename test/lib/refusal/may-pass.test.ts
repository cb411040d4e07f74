import { mayPass } from '../../../lib/refusal/may-pass.ts';
import { VIOLATION_CODES } from '../../../lib/refusal/violation.ts';

it.each([
  'node-unknown',
  'cluster-unknown',
  'trust-domain-unknown',
  'ca-expired',
  'ca-absent',
  'san-not-allowed',
  'key-not-allowed',
  'uploader-not-allowed',
  'csr-signing-not-allowed',
  'certificate-name-role',
  'budget-exceeded',
  'users-not-allowed',
  'user-name',
  'user-organization',
])('lets a CSR be asked for again after %s, which others can fix', (code) => {
  expect(mayPass(code)).toBe(true);
});

it.each([
  'signature-invalid',
  'subject-organization',
  'user-name-forbidden',
  'user-organization-forbidden',
  'csr-usages',
  'attempt-order',
  'approval-denied',
  'a-code-of-a-later-release',
  'toString',
])('does not after %s', (code) => {
  expect(mayPass(code)).toBe(false);
});

it('decides about every code', () => {
  for (const code of Object.keys(VIOLATION_CODES)) expect(typeof mayPass(code)).toBe('boolean');
});
