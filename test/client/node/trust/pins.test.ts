/** Reasons to trust a CA, and reasons not to. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, parseCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { judgeBundle, type Pins } from '../../../../client/node/trust/pins.ts';
import { OpensslNode } from '../../../support/openssl-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-pins-'));
const pem = { one: '', other: '', leaf: '' };
beforeAll(() => {
  const node = new OpensslNode(root).make([
    { path: 'pki/apiserver', ca: 'ca', subject: '/CN=x', usages: 'serverAuth' },
  ]);
  const read = (path: string) => readFileSync(join(node.folder, 'pki', path), 'utf8');
  Object.assign(pem, {
    one: read('ca.crt'),
    other: read('etcd/ca.crt'),
    leaf: read('apiserver.crt'),
  });
});
afterAll(() => rmSync(root, { recursive: true }));

const pins = (more: Partial<Pins> = {}, ...ca: string[]): Pins => ({
  hashes: { ca, 'etcd-ca': [], 'front-proxy-ca': [], 'kubelet-ca': [], root: [] },
  trustBundle: undefined,
  onFirstUse: false,
  ...more,
});

const trusted: [string, () => [string, string | undefined, Pins], string][] = [
  ['a file on disk', () => [pem.one, pem.one, pins()], 'disk'],
  ['a hash', () => [pem.one, undefined, pins({}, hashOf(pem.one))], 'hash'],
  [
    'one of two hashes, for a CA that changes',
    () => [pem.one, undefined, pins({}, hashOf(pem.other), hashOf(pem.one))],
    'hash',
  ],
  [
    'a file',
    () => [pem.one, undefined, pins({ trustBundle: pem.other + pem.one })],
    'trust-bundle',
  ],
  ['first use', () => [pem.one, undefined, pins({ onFirstUse: true })], 'first-use'],
];
it.each(trusted)('%s is a reason to trust a CA', (_, question, trustedBy) => {
  expect(judgeBundle('ca', ...question())).toEqual({ trustedBy });
});

const refused: [string, () => [string, string | undefined, Pins], RegExp][] = [
  [
    'more certificates than two versions of a CA have',
    () => [pem.one.repeat(33), undefined, pins({}, hashOf(pem.one))],
    /has 33 certificates; at most 32 are examined/,
  ],
  ['no pin', () => [pem.one, undefined, pins()], /nothing vouches for/],
  [
    'another hash',
    () => [pem.one, pem.one, pins({ onFirstUse: true }, hashOf(pem.other))],
    /is not the pinned one/,
  ],
  [
    'a hash of one of two certificates',
    () => [pem.one + pem.other, undefined, pins({}, hashOf(pem.one))],
    /is not the pinned one/,
  ],
  [
    'a file with other CAs',
    () => [pem.one, pem.one, pins({ trustBundle: pem.other })],
    /not in the given trust bundle/,
  ],
  [
    'another file on disk',
    () => [pem.one, pem.other, pins({}, hashOf(pem.one))],
    /on disk differ from those/,
  ],
  ['a leaf certificate', () => [pem.leaf, undefined, pins({}, hashOf(pem.leaf))], /is not a CA/],
  ['no certificate', () => ['', undefined, pins({ onFirstUse: true })], /not a list of PEM/],
  [
    'something between the certificates',
    () => [`${pem.one}x`, undefined, pins({ onFirstUse: true })],
    /not a list of PEM/,
  ],
  [
    'a truncated certificate',
    () => [pem.one.replace(/\n.*\n-----END/, '\n-----END'), undefined, pins({ onFirstUse: true })],
    /cannot be parsed/,
  ],
];
it.each(refused)('%s is a reason not to trust it', (_, question, problem) => {
  expect(judgeBundle('ca', ...question())).toEqual(
    expect.objectContaining({ problem: expect.stringMatching(problem) }),
  );
});

it("a hash in kubeadm's form applies to ca; for other CAs, the name comes first", () => {
  const hex = 'AB'.repeat(32);
  expect(parseCaCertHash(`sha256:${hex}`)).toEqual(['ca', hex.toLowerCase()]);
  expect(parseCaCertHash(`etcd-ca=sha256:${hex}`)).toEqual(['etcd-ca', hex.toLowerCase()]);
});

it.each(['', 'ab', 'sha256:ab', 'sha1:abcd', `other=sha256:${'a'.repeat(64)}`])(
  '%s is not a hash',
  (text) => {
    expect(() => parseCaCertHash(text)).toThrow(/not a hash of a CA/);
  },
);
