/** A certificate that is not exactly what the CSR asked for is never written into its status. */
import { checkIssued } from '../../../client/csrsigning/check-issued.ts';
import { signerOf } from '../../../lib/certificates-api/signers.ts';
import {
  type CertificateOptions,
  CLIENT_SIGNER,
  csrPem,
  KeyUsageFlags,
  OTHER_KEY,
  SERVING_SIGNER,
  TestCa,
} from './certificates.ts';
import { START } from './world.ts';

const NODE = 'system:node:w-1';
const names = [
  { type: 'DNS', value: 'w-1' },
  { type: 'IP', value: '10.20.0.21' },
  { type: 'IP', value: 'fd00::21' },
] as const;
const clientCsr = csrPem({ commonName: NODE });
const servingCsr = csrPem({ commonName: NODE, names });

let ca: TestCa;
let other: TestCa;
let subordinate: TestCa;
let notCa: TestCa;
let corporate: TestCa;
let below: TestCa;
let rotated: TestCa;
let rotatedBelow: TestCa;
beforeAll(async () => {
  ca = await TestCa.make('kubernetes');
  other = await TestCa.make('kubernetes');
  subordinate = await TestCa.make('subordinate', ca);
  corporate = await TestCa.make('Example Root');
  below = await TestCa.make('kubernetes', corporate);
  rotated = await TestCa.make('kubernetes');
  rotatedBelow = await TestCa.make('kubernetes', corporate);
  notCa = await TestCa.make('leaf that signs', ca, false);
});

const serving = (more: CertificateOptions = {}) =>
  ca.issue(servingCsr, { usages: ['serverAuth'], ...more });
const client = (more: CertificateOptions = {}) => ca.issue(clientCsr, more);

interface Options {
  readonly csr?: string;
  readonly signerName?: string;
  readonly expirationSeconds?: number;
  readonly trustBundle?: string;
}

function check(pem: string, options: Options): readonly string[] {
  const { csr = clientCsr, signerName = CLIENT_SIGNER, trustBundle = ca.pem, ...spec } = options;
  const signer = signerOf(signerName);
  if (!signer) throw new Error(signerName);
  const request = Buffer.from(csr).toString('base64');
  return checkIssued(pem, { csr: { spec: { request, ...spec } }, signer, trustBundle, now: START });
}

const asServing = { csr: servingCsr, signerName: SERVING_SIGNER };
const inSeconds = (seconds: number) => new Date(START.getTime() + seconds * 1000);

type Case = [
  title: string,
  certificate: () => Promise<string> | string,
  problems: RegExp[],
  options?: Options | (() => Options),
];

const cases: Case[] = [
  ['accepts the client certificate that was requested', () => client(), []],
  ['accepts the serving certificate that was requested', () => serving(), [], asServing],
  [
    'accepts names in another order, and an address in another form',
    () => serving({ names: [{ type: 'IP', value: 'fd00:0:0::21' }, names[1], names[0]] }),
    [],
    asServing,
  ],
  [
    'accepts a subordinate CA that goes along',
    async () => (await subordinate.issue(clientCsr)) + subordinate.pem,
    [],
  ],
  [
    'accepts what goes along if the trusted CA is below it',
    async () => (await subordinate.issue(clientCsr)) + subordinate.pem + ca.pem,
    [],
    () => ({ trustBundle: subordinate.pem }),
  ],
  [
    'accepts a cross certificate that goes along, if only the CA before is trusted',
    async () => (await rotated.issue(clientCsr)) + (await ca.certify(rotated)),
    [],
  ],
  [
    'accepts a cross certificate that goes along, if only the new CA is trusted',
    async () => (await rotated.issue(clientCsr)) + (await ca.certify(rotated)),
    [],
    () => ({ trustBundle: rotated.pem }),
  ],
  [
    'accepts a cross certificate behind a chain',
    async () =>
      (await rotatedBelow.issue(clientCsr)) +
      rotatedBelow.pem +
      corporate.pem +
      (await ca.certify(rotatedBelow)),
    [],
    () => ({ trustBundle: ca.pem + rotatedBelow.pem }),
  ],
  [
    'refuses a cross certificate of another key',
    async () => (await client()) + (await ca.certify(rotated)),
    [/intermediates is not a valid CA/],
  ],
  [
    'refuses a CA that goes along and is below nothing',
    async () => (await subordinate.issue(clientCsr)) + subordinate.pem + other.pem,
    [/intermediates is not a valid CA/],
    () => ({ trustBundle: subordinate.pem }),
  ],
  [
    'refuses a trusted CA that is above the one that signed it',
    async () => (await below.issue(clientCsr)) + below.pem,
    [/CA file has CN=Example Root, which is above the CA that signed it: the cluster would trust/],
    () => ({ trustBundle: corporate.pem }),
  ],
  [
    'accepts one of several trusted CAs',
    () => client(),
    [],
    () => ({ trustBundle: other.pem + ca.pem }),
  ],
  [
    'accepts a validity that was requested, with the time that the service sets it back',
    () => client({ notAfter: inSeconds(3600) }),
    [],
    { expirationSeconds: 3600 },
  ],
  [
    'accepts a validity that was cut down',
    () => client({ notAfter: inSeconds(600) }),
    [],
    { expirationSeconds: 86_400 },
  ],
  ['refuses nothing at all', () => '', [/not a PEM certificate/]],
  ['refuses an error page', () => '<html>403</html>', [/not a PEM certificate/]],
  ['refuses text before it', async () => `CN=x\n${await client()}`, [/other than PEM/]],
  [
    'refuses what is not a certificate in a certificate block',
    () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    [/cannot be read/],
  ],
  [
    'refuses the certificate of another key',
    () => ca.issue(csrPem({ commonName: NODE }, OTHER_KEY)),
    [/public key is not that of the CSR/],
  ],
  [
    'refuses the common name of another node',
    () => client({ commonName: 'system:node:cp-1' }),
    [/common names/],
  ],
  [
    'refuses system:masters',
    () => client({ organizations: ['system:masters'] }),
    [/organizations/],
  ],
  [
    'refuses an organization more',
    () => client({ organizations: ['system:nodes', 'system:masters'] }),
    [/organizations/, /subject attributes/],
  ],
  ['refuses no organization', () => client({ organizations: [] }), [/organizations/, /subject/]],
  [
    'refuses a name too few: the kubelet would ask again each second',
    () => serving({ names: names.slice(0, 2) }),
    [/its names/],
    asServing,
  ],
  [
    'refuses the name of the API server',
    () => serving({ names: [...names, { type: 'DNS', value: 'kubernetes.default.svc' }] }),
    [/its names/],
    asServing,
  ],
  [
    'refuses the address of the API server in a client certificate',
    () => client({ names: [{ type: 'IP', value: '10.96.0.1' }] }),
    [/its names/],
  ],
  [
    'refuses a name in another case',
    () => serving({ names: [{ type: 'DNS', value: 'W-1' }, names[1], names[2]] }),
    [/its names/],
    asServing,
  ],
  [
    'refuses a server certificate for a client',
    () => client({ usages: ['serverAuth'] }),
    [/extended key usages/],
  ],
  [
    'refuses a client certificate for a server',
    () => serving({ usages: ['clientAuth'] }),
    [/extended key usages/],
    asServing,
  ],
  [
    'refuses both usages',
    () => serving({ usages: ['serverAuth', 'clientAuth'] }),
    [/extended key usages/],
    asServing,
  ],
  ['refuses a CA', () => client({ isCa: true }), [/CA flag/]],
  [
    'refuses a certificate that may sign certificates',
    () => client({ keyUsages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign }),
    [/other key usages/],
  ],
  ['refuses an expired one', () => client({ notAfter: inSeconds(-1) }), [/it expired/]],
  [
    'refuses one that is not valid yet',
    () => client({ notBefore: inSeconds(60) }),
    [/not valid before/],
  ],
  [
    'refuses a longer validity than was requested',
    () => client({ notAfter: inSeconds(3601) }),
    [/valid for 3901s; requested: 3600s/],
    { expirationSeconds: 3600 },
  ],
  [
    'refuses one that outlives its CA',
    () => client({ notAfter: inSeconds(4000 * 24 * 3600) }),
    [/outlives its CA/],
  ],
  ['refuses another CA with the same name', () => other.issue(clientCsr), [/no CA of the trust/]],
  [
    'refuses a CA that goes along and is not trusted',
    async () => (await other.issue(clientCsr)) + other.pem,
    [/no CA of the trust bundle/],
  ],
  [
    'refuses a certificate that is no CA as an intermediate',
    async () => (await notCa.issue(clientCsr)) + notCa.pem,
    [/no CA of the trust bundle/, /intermediates is not a valid CA/],
  ],
  [
    'refuses the intermediate before the certificate',
    async () => subordinate.pem + (await subordinate.issue(clientCsr)),
    [/public key/],
  ],
  [
    'refuses an unrelated certificate behind it',
    async () => (await client()) + (await client()),
    [/no CA of the trust bundle|intermediates/],
  ],
  [
    'refuses a chain of more than a few certificates',
    async () => (await client()) + ca.pem.repeat(7),
    [/more than 7 certificates/],
  ],
  [
    'refuses everything if the CSR in the API server cannot be read',
    () => client(),
    [/CSR in the API server cannot be read/],
    { csr: 'not a CSR' },
  ],
];

it.each(cases)('%s', async (_, certificate, expected, options = {}) => {
  const problems = check(await certificate(), typeof options === 'function' ? options() : options);
  if (expected.length === 0) expect(problems).toEqual([]);
  else expect(problems).not.toEqual([]);
  for (const problem of expected) expect(problems.join('\n')).toMatch(problem);
});
