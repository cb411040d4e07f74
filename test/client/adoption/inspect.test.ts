/** What `trust-domain inspect-pki` says about a control plane, and that it refuses what cannot be adopted. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { main } from '../../../client/main.ts';
import { withCapturedOutput } from '../../support/restored.ts';
import { newKey, newRsaKey, openssl, Pki, selfSigned } from './pki.ts';

let pki: Pki;
beforeEach(() => {
  pki = Pki.make();
});
afterEach(() => pki.dispose());

async function inspect(...more: string[]) {
  const args = ['trust-domain', 'inspect-pki', '--kubeconfig-dir', pki.root, ...more];
  return withCapturedOutput(() => main(args));
}

async function inspectJson(...more: string[]) {
  const { result, stdout } = await inspect('-o', 'json', ...more);
  return { exitCode: result, ...JSON.parse(stdout) };
}

const hashOf = (name: string) => {
  const certificate = new X509Certificate(readFileSync(pki.file(name)));
  const spki = certificate.publicKey.export({ type: 'spki', format: 'pem' });
  const der = openssl(['pkey', '-pubin', '-outform', 'DER'], spki);
  return openssl(['dgst', '-sha256', '-r'], der).toString().slice(0, 64);
};

it('shows every CA, the hashes of their public keys, and that they can be adopted', async () => {
  const { result, stdout } = await inspect();
  expect(result).toBe(0);
  expect(stdout).toMatch(/^ca +CN=kubernetes +ECC_NIST_P256 .* matches .*:/m);
  expect(stdout).toContain(
    `\n--ca-cert-hash sha256:${hashOf('ca.crt')} --ca-cert-hash etcd-ca=sha256:${hashOf('etcd/ca.crt')} --ca-cert-hash front-proxy-ca=sha256:${hashOf('front-proxy-ca.crt')}\n`,
  );
  expect(stdout).toMatch(/\nthese CAs can be adopted from this node\n$/);
});

it('prints the same as JSON', async () => {
  const certificate = new X509Certificate(readFileSync(pki.file('etcd/ca.crt')));
  expect(await inspectJson()).toMatchObject({
    exitCode: 0,
    adoptable: true,
    etcd: 'local',
    sharedKeys: [],
    controllerManager: null,
    keyCopies: { copies: [], unread: [], isComplete: true },
    cas: [
      { ca: 'ca' },
      {
        ca: 'etcd-ca',
        certificateFile: pki.file('etcd/ca.crt'),
        keyFile: pki.file('etcd/ca.key'),
        key: 'matches',
        accepts: expect.arrayContaining([expect.stringContaining('cRLSign')]),
        refuses: [],
        certificate: {
          subject: 'CN=etcd-ca',
          keySpec: 'ECC_NIST_P256',
          notAfter: new Date(certificate.validTo).toISOString(),
          sha256: certificate.fingerprint256,
          caCertHash: `etcd-ca=sha256:${hashOf('etcd/ca.crt')}`,
        },
      },
      { ca: 'front-proxy-ca' },
    ],
  });
});

const shared = newKey();
const other = newKey();

it.each<[string, () => void, RegExp]>([
  [
    'a key that is not that of the certificate',
    () => pki.write('ca.key', other),
    /ca\.key: is not the private key of the certificate/,
  ],
  ['a missing key', () => pki.remove('front-proxy-ca.key'), /front-proxy-ca\.key: does not exist/],
  [
    'an encrypted key',
    () => pki.write('ca.key', openssl(['pkey', '-aes256', '-passout', 'pass:secret'], shared)),
    /ca\.key: is encrypted/,
  ],
  [
    'a file that is not a key',
    () => pki.write('etcd/ca.key', 'none'),
    /etcd\/ca\.key: has no private/,
  ],
  [
    'a missing certificate',
    () => pki.remove('front-proxy-ca.crt'),
    /front-proxy-ca\.crt: does not/,
  ],
  [
    'a file that is not a certificate',
    () => pki.write('ca.crt', 'none'),
    /ca\.crt: it has no cert/,
  ],
  [
    'a certificate that cannot be read, next to one that can',
    () =>
      pki.write(
        'ca.crt',
        `${readFileSync(pki.file('ca.crt'))}-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n`,
      ),
    /ca\.crt: it has a certificate that cannot be read/,
  ],
  [
    'one key for two CAs',
    () => {
      pki.setCa('ca', shared);
      pki.setCa('front-proxy-ca', shared);
    },
    /ca and front-proxy-ca have the same key/,
  ],
  [
    'a certificate that is not a CA',
    () => pki.setCa('ca', shared, { extensions: ['basicConstraints=critical,CA:FALSE'] }),
    /ca\.crt: .*CA:FALSE/,
  ],
  ['a CA that expires soon', () => pki.setCa('ca', shared, { days: 20 }), /ca\.crt: expires at/],
  [
    'a key that KMS or the service does not have',
    () => pki.setCa('ca', newKey('P-521')),
    /ca\.crt: has a key that the service cannot use/,
  ],
])('refuses %s', async (_, change, reason) => {
  change();
  const { result, stdout } = await inspect();
  expect(result).toBe(7);
  expect(stdout).toMatch(new RegExp(`\n.*refused: .*${reason.source}`));
  expect(stdout).toMatch(/cannot be adopted from this node\n$/);
  expect((await inspectJson()).adoptable).toBe(false);
});

it.each<[string, (file: string) => void, RegExp]>([
  ['a folder', (file) => mkdirSync(file), /ca\.crt: is a directory/],
  ['a FIFO', (file) => void execFileSync('mkfifo', [file]), /ca\.crt: not a regular file/],
  ['a device', (file) => symlinkSync('/dev/zero', file), /ca\.crt: not a regular file/],
  ['a link to itself', (file) => symlinkSync(file, file), /ca\.crt: too many symbolic links/],
  ['something huge', (file) => writeFileSync(file, 'x'.repeat(5 * 1024 * 1024)), /larger than/],
])('%s where a file should be is a finding, and hides no other', async (_, put, reason) => {
  for (const name of ['ca.crt', 'etcd/ca.key']) {
    pki.remove(name);
    put(pki.file(name));
  }
  const { result, stdout } = await inspect();
  expect(result).toBe(7);
  expect(stdout).toMatch(reason);
  expect(stdout).toMatch(/etcd\/ca\.key: has no private key in PEM that can be read/);
  expect(stdout).toMatch(/^front-proxy-ca .* matches /m);
});

it('says which certificate of a bundle to keep: the one whose key is the CA key', async () => {
  const old = selfSigned('ca', other);
  const current = readFileSync(pki.file('ca.crt'), 'utf8');
  pki.write('ca.crt', old + current);
  const { result, stdout } = await inspect();
  expect(result).toBe(7);
  expect(stdout).toContain('it has 2 certificates');
  const line = (number: number) =>
    stdout.split('\n').find((text) => text.includes(`certificate ${number}:`));
  expect(line(1)).toContain(new X509Certificate(old).fingerprint256);
  expect(line(1)).toMatch(/remove this one$/);
  expect(line(2)).toMatch(/keep this one: its key is the CA key$/);
});

it('says of a bundle without a matching key that none is to be kept', async () => {
  pki.write('ca.crt', selfSigned('ca', other) + selfSigned('ca', shared));
  expect((await inspect()).stdout.match(/its key is not the CA key/g)).toHaveLength(2);
  pki.remove('ca.key');
  expect((await inspect()).stdout.match(/its key is not on this node/g)).toHaveLength(2);
});

it('accepts old and unusual forms, and names what is unusual', async () => {
  pki.setCa('ca', newRsaKey(), { subject: '/C=CH/O=Example/CN=Zürich CA' });
  const text = readFileSync(pki.file('ca.crt'), 'utf8');
  pki.write('ca.crt', `Certificate:\n  Data:\n${text}`.replaceAll('\n', '\r\n'));
  const { result, stdout } = await inspect();
  expect(result).toBe(0);
  expect(stdout).toContain('ca: accepted: has a subject of 3 attributes');
  expect(stdout).toMatch(/C=CH, O=Example, CN=Zürich CA +RSA_2048/);
});

const MANIFEST = (name: string, ...flags: string[]) =>
  JSON.stringify({ spec: { containers: [{ command: [name, ...flags] }] } });

it('recognizes an external etcd, and does not ask for its CA', async () => {
  pki.remove('etcd/ca.crt', 'etcd/ca.key');
  pki.writeBelow('manifests/kube-apiserver.yaml', MANIFEST('kube-apiserver'));
  const found = await inspectJson();
  expect([found.exitCode, found.etcd]).toEqual([0, 'external']);
  expect(found.cas.map(({ ca }: { ca: string }) => ca)).toEqual(['ca', 'front-proxy-ca']);
  expect((await inspect()).stdout).toContain('etcd is external: its CA is not adopted');
});

it('does not take the certificate of an external etcd for a CA to adopt', async () => {
  pki.remove('etcd/ca.key');
  pki.writeBelow('manifests/kube-apiserver.yaml', MANIFEST('kube-apiserver'));
  expect(await inspectJson()).toMatchObject({ exitCode: 0, etcd: 'external' });
  pki.writeBelow('manifests/etcd.yaml', MANIFEST('etcd'));
  expect(await inspectJson()).toMatchObject({ exitCode: 7, etcd: 'local' });
});

it('inspects only the CAs that are named', async () => {
  pki.remove('etcd/ca.key');
  const { exitCode, cas } = await inspectJson('--ca', 'front-proxy-ca', '--ca', 'ca');
  expect([exitCode, cas.map(({ ca }: { ca: string }) => ca)]).toEqual([
    0,
    ['ca', 'front-proxy-ca'],
  ]);
  expect((await inspect('--ca', 'kubelet-ca')).result).toBe(2);
});

it('names copies of the keys, and a controller manager that signs with one', async () => {
  pki.writeBelow('tmp/backup/old.pem', readFileSync(pki.file('ca.key'), 'utf8'));
  const flag = `--cluster-signing-key-file=${pki.file('ca.key')}`;
  pki.writeBelow(
    'manifests/kube-controller-manager.yaml',
    MANIFEST('kube-controller-manager', flag),
  );
  pki.writeBelow('manifests/etcd.yaml', MANIFEST('etcd'));
  const { result, stdout } = await inspect();
  expect(result).toBe(0);
  expect(stdout).toContain(`copy of the key of ca: ${pki.root}/tmp/backup/old.pem`);
  expect(stdout).toMatch(
    /kube-controller-manager signs with a CA key: .*--cluster-signing-key-file=/,
  );
});

it('follows a link to a key, as Kubernetes does', async () => {
  const key = readFileSync(pki.file('ca.key'));
  pki.remove('ca.key');
  symlinkSync(pki.write('elsewhere.key', key), pki.file('ca.key'));
  expect((await inspectJson('--ca', 'ca')).cas).toMatchObject([{ key: 'matches' }]);
});

it('refuses a machine without a pki folder', async () => {
  const args = ['trust-domain', 'inspect-pki', '--cert-dir', `${pki.root}/none`];
  const { result, stderr } = await withCapturedOutput(() => main(args));
  expect([result, stderr]).toEqual([
    2,
    expect.stringContaining('does not look like a control plane'),
  ]);
});
