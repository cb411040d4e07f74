/** Certificates that a node refuses to write, each with one defect. OpenSSL makes them, not our own code. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { makeCsr } from '../../../../client/node/csr/make-csr.ts';
import { makePrivateKey } from '../../../../client/node/disk/private-key.ts';
import {
  checkCertificate,
  type Expected,
  findProblems,
} from '../../../../client/node/trust/check-certificate.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import {
  caExtensions,
  type Extensions,
  serverExtensions as good,
  OpensslCa,
  spoil,
} from '../../../support/judges-openssl-ca.ts';

const ca = new OpensslCa();
const root = ca.root('kubernetes');
const other = ca.root('other');
const namesake = new OpensslCa();
namesake.root('kubernetes');
const leafKey = createPrivateKey(ca.leafKey);

afterAll(() => {
  ca.remove();
  namesake.remove();
});

const subject = { commonName: 'api.prod.example.com', organizations: [] };
const names = [
  { type: 'DNS', value: 'api.prod.example.com' },
  { type: 'IP', value: '10.20.0.11' },
] as const;

function expected(more: Partial<Expected> = {}, contents = { subject, names }): Expected {
  const { request } = readRequest(Buffer.from(makeCsr(contents, leafKey)));
  if (!request) throw new Error('the CSR of this test was refused');
  return {
    profile: profileOf('apiserver'),
    request,
    key: createPublicKey(leafKey),
    trustBundle: root,
    now: new Date(),
    ...more,
  };
}

const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600 * 1000);
const leaf = (extensions: Extensions = good, issuer = 'kubernetes') => ca.leaf(issuer, extensions);
const withExtension = (line: string) => leaf([...good, line]);

type Case = [
  title: string,
  certificate: () => string,
  problems: RegExp[],
  expected?: () => Expected,
];

const cases: Case[] = [
  ['the right certificate has no problem', () => leaf(), []],
  ['a second certificate after it is an intermediate, and no problem', () => leaf() + other, []],
  [
    'a bundle that starts with an older CA is not a problem',
    () => leaf(),
    [],
    () => expected({ trustBundle: other + root }),
  ],
  ['an empty text', () => '', [/not a PEM certificate/]],
  ['a truncated download', () => leaf().slice(0, 300), [/not a PEM certificate/]],
  ['an error page', () => '<html>403</html>', [/not a PEM certificate/]],
  ['text before the certificate', () => `subject=CN\n${leaf()}`, [/something other than PEM/]],
  ['a private key after the certificate', () => leaf() + ca.leafKey, [/something other than PEM/]],
  // OpenSSL reads the following, Go does not
  ['no final newline', () => leaf().trimEnd(), [/not canonical/]],
  [
    'lines that end in CR',
    () => leaf().replace(/(?<=[A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/])/g, '\r'),
    [/not canonical/],
  ],
  [
    'a block after it that is not a certificate',
    () => `${leaf()}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    [/not canonical/],
  ],
  [
    'a certificate of another CA',
    () => leaf(good, 'other'),
    [/no CA of the trust bundle signed it/],
  ],
  [
    'a certificate of a CA with the same name and another key',
    () => namesake.leaf('kubernetes'),
    [/not that of the CSR/, /private key next to it/, /no CA of the trust bundle/],
  ],
  [
    'an empty trust bundle trusts no certificate',
    () => leaf(),
    [/no CA of the trust bundle/],
    () => expected({ trustBundle: '' }),
  ],
  [
    "a certificate that is not valid yet by the node's clock",
    () => leaf(),
    [/its CA: it is not valid before/, /not valid before .*check the clock/],
    () => expected({ now: inDays(-2) }),
  ],
  [
    'a certificate that has expired',
    () => leaf(),
    [/its CA: it expired/, /it expired at/],
    () => expected({ now: inDays(401) }),
  ],
  [
    'a client certificate instead of a server certificate',
    () => leaf(spoil(good, 'extendedKeyUsage', 'clientAuth')),
    [/extended key usages/],
  ],
  [
    'an additional usage',
    () => leaf(spoil(good, 'extendedKeyUsage', 'serverAuth,clientAuth')),
    [/extended key usages/],
  ],
  ['no extended key usages', () => leaf(spoil(good, 'extendedKeyUsage')), [/extended key usages/]],
  ['no key usage', () => leaf(spoil(good, 'keyUsage')), [/digitalSignature/]],
  [
    'a key usage of CAs',
    () => leaf(spoil(good, 'keyUsage', 'critical,digitalSignature,keyCertSign')),
    [/other key usages/],
  ],
  [
    'a CA certificate',
    () => leaf(spoil(good, 'basicConstraints', 'critical,CA:true')),
    [/CA flag/],
  ],
  ['no basic constraints', () => leaf(spoil(good, 'basicConstraints')), [/CA flag/]],
  ['no names', () => leaf(spoil(good, 'subjectAltName')), [/its names/]],
  [
    'a missing name',
    () => leaf(spoil(good, 'subjectAltName', 'DNS:api.prod.example.com')),
    [/its names/],
  ],
  [
    'an additional name',
    () =>
      leaf(
        spoil(good, 'subjectAltName', 'DNS:api.prod.example.com,IP:10.20.0.11,DNS:evil.example'),
      ),
    [/its names/],
  ],
  [
    'a subject that was not requested',
    () => leaf(),
    [/common names/],
    () => expected({}, { subject: { ...subject, commonName: 'kube-apiserver' }, names }),
  ],
  [
    'a missing organization',
    () => leaf(),
    [/organizations/, /subject attributes/],
    () =>
      expected(
        {},
        { subject: { ...subject, organizations: ['system:masters'] as never[] }, names },
      ),
  ],
  [
    'an extension that was not requested',
    () => withExtension('nsComment=hello'),
    [/other extensions/],
  ],
  [
    'certificate policies, as public CAs write them',
    () => withExtension('certificatePolicies=2.23.140.1.2.1'),
    [/other extensions/],
  ],
];

it.each(cases)('%s', (_, certificate, problems, wanted = () => expected()) => {
  const found = checkCertificate(certificate(), wanted());
  const unexplained = found.filter((problem) => !problems.some((p) => p.test(problem)));
  expect(unexplained).toEqual([]);
  for (const problem of problems) expect(found).toContainEqual(expect.stringMatching(problem));
});

it('a certificate for the CSR, but not for the key next to it, is refused', async () => {
  const key = createPublicKey(createPrivateKey(await makePrivateKey('ECDSA-P256')));
  expect(checkCertificate(leaf(), expected({ key }))).toEqual([
    'it does not match the private key next to it',
  ]);
});

it('a certificate that outlives its CA is refused', () => {
  const short = new OpensslCa();
  const shortRoot = short.root('kubernetes', caExtensions, 1);
  const certificate = short.leaf('kubernetes');
  const key = createPrivateKey(short.leafKey);
  const { request } = readRequest(Buffer.from(makeCsr({ subject, names }, key)));
  short.remove();
  const wanted = { key: createPublicKey(key), trustBundle: shortRoot, ...(request && { request }) };
  expect(checkCertificate(certificate, expected(wanted))).toEqual(['it outlives its CA']);
});

it.each([
  ['before the node requested it: its clock was ahead', 400.5, 'clock'],
  ['after the node requested it, which fetched it too late', -0.01, 'none'],
])('a certificate that has expired, and was issued %s', (_, days, cure) => {
  const found = findProblems(leaf(), expected({ now: inDays(401), requestedAt: inDays(days) }));
  expect(found.filter(({ text }) => text.startsWith('it expired'))).toEqual([
    { cure, text: expect.stringMatching(/^it expired at \S+ \(check the clock\)$/) },
  ]);
});
