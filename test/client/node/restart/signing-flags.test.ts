/** Which flags make the kube-controller-manager of a node sign CSRs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signingFlags } from '../../../../client/node/restart/signing-flags.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-signing-flags-'));
const folders = { certDir: join(root, 'pki'), kubeconfigDir: root };
const file = join(root, 'manifests', 'kube-controller-manager.yaml');

beforeAll(() => mkdirSync(join(root, 'manifests')));
afterAll(() => rmSync(root, { recursive: true }));

function manifest(...words: string[]): void {
  const command = ['kube-controller-manager', ...words];
  writeFileSync(file, JSON.stringify({ spec: { containers: [{ command }] } }));
}

const CERT = '--cluster-signing-cert-file=/pki/ca.crt';
const KEY = '--cluster-signing-key-file=/pki/ca.key';
const common = ['cluster-signing-cert-file=/pki/ca.crt', 'cluster-signing-key-file=/pki/ca.key'];

const cases: [sentence: string, words: string[], flags: string[], signs: boolean][] = [
  ['without flags it does not sign', ['--v=2'], [], false],
  ['as kubeadm writes them with a CA key', [CERT, KEY], common, true],
  [
    'as kubeadm writes them in external-CA mode',
    ['--cluster-signing-cert-file=', '--cluster-signing-key-file='],
    [],
    false,
  ],
  [
    'for one signer only',
    ['--cluster-signing-legacy-unknown-key-file=/k', '--cluster-signing-duration=1h'],
    ['cluster-signing-legacy-unknown-key-file=/k'],
    true,
  ],
  [
    'with the value in the next argument',
    ['--cluster-signing-key-file', '/k'],
    ['cluster-signing-key-file=/k'],
    true,
  ],
  ['with underscores', ['--cluster_signing_key_file=/k'], ['cluster-signing-key-file=/k'], true],
  ['the last of two counts', [KEY, '--cluster-signing-key-file='], [], false],
  [
    'in the script of a shell',
    ['-c', `exec kube-controller-manager ${CERT} '${KEY}' >log`],
    common,
    true,
  ],
  ['with the controller turned off', [CERT, KEY, '--controllers=*,-csrsigning'], common, false],
];

it.each(cases)('%s', (_, words, flags, signs) => {
  manifest(...words);
  const found = signingFlags(folders);
  expect(found?.flags.map(({ name, value }) => `${name}=${value}`)).toEqual(flags);
  expect(found).toMatchObject({ file, signs });
});

it('a node without the manifest has no flags', () => {
  rmSync(file, { force: true });
  expect(signingFlags(folders)).toBeUndefined();
});
