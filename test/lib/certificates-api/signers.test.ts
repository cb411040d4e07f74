import { attemptOf, requestIdOf } from '../../../lib/certificates-api/attempts.ts';
import {
  type ApiSigner,
  acceptsUsages,
  SIGNERS,
  signerOf,
  signerOfPath,
} from '../../../lib/certificates-api/signers.ts';

it('has one signer for each path, and finds it by both', () => {
  for (const signer of SIGNERS) {
    expect(signerOf(signer.signerName)).toBe(signer);
    expect(signerOfPath(signer.path)).toBe(signer);
  }
  expect(signerOf('kubernetes.io/legacy-unknown')).toBeUndefined();
  expect(signerOfPath('kubelet.conf.csr')).toBeUndefined();
});

const [client, serving, user] = SIGNERS as unknown as [ApiSigner, ApiSigner, ApiSigner];

it.each<[string, ApiSigner, string[], boolean]>([
  ['a kubelet of 1.26', client, ['key encipherment', 'digital signature', 'client auth'], true],
  ['a kubelet since 1.27', client, ['digital signature', 'client auth'], true],
  ['another order', client, ['client auth', 'digital signature'], true],
  ['a usage twice', client, ['client auth', 'digital signature', 'client auth'], true],
  ['no usage', client, [], false],
  ['a server', client, ['digital signature', 'server auth'], false],
  ['both', serving, ['digital signature', 'server auth', 'client auth'], false],
  ['a CA', serving, ['digital signature', 'server auth', 'cert sign'], false],
  ['client auth alone, for a kubelet', client, ['client auth'], false],
  ['client auth alone, for a user', user, ['client auth'], true],
  ['a user without client auth', user, ['digital signature'], false],
])('judges usages as a set: %s', (_, signer, usages, accepted) => {
  expect(acceptsUsages(signer, usages)).toBe(accepted);
});

it.each<[string, ReturnType<typeof attemptOf>]>([
  ['6f1c0c52-77d4', { uid: '6f1c0c52-77d4', number: 1 }],
  ['6f1c0c52-77d4.2', { uid: '6f1c0c52-77d4', number: 2 }],
  ['6f1c0c52-77d4.31', { uid: '6f1c0c52-77d4', number: 31 }],
  ['6f1c0c52-77d4.1', undefined],
  ['6f1c0c52-77d4.0', undefined],
  ['6f1c0c52-77d4.02', undefined],
  ['6f1c0c52-77d4.2.3', undefined],
  ['6f1c0c52-77d4.x', undefined],
  ['6f1c0c52-77d4.1000000', undefined],
])('reads %s as one attempt at most', (requestId, attempt) => {
  expect(attemptOf(requestId)).toEqual(attempt);
  if (attempt) expect(requestIdOf(attempt)).toBe(requestId);
});
