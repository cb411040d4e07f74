/**
 * Findings from real kubeadm (1.22.17 to 1.37.2; `npm run e2e -- --only configurations` tries some hundred more): what it
 * refuses, what it accepts and with which names in its CSRs, and what it ignores with a warning.
 */
import { CommandError } from '../../../client/errors.ts';
import { readKubeadmConfig } from '../../../client/kubeadm/kubeadm-config.ts';
import { csrFromConfig } from '../../../client/node/csr/kubeadm-csr.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';

const INIT = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: 10.20.0.11 }
nodeRegistration: { name: cp-1 }
---
`;
const cluster = (more: string, api = 'v1beta4', version = 'v1.35.4') =>
  `apiVersion: kubeadm.k8s.io/${api}\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\n${more}\n`;
const read = (text: string) => readKubeadmConfig(text, 'config.yaml');
/** The names in `apiserver` besides those that are always there. */
const extraNames = (text: string) =>
  csrFromConfig('apiserver', read(text))
    .contents.names.map(formatName)
    .filter((name) => !/^DNS:(?:cp-1|kubernetes.*)$|^IP:10\.20\.0\.11$/.test(name))
    .join(' ');

it.each([
  ['null as a list', 'apiServer: { certSANs: }', 'IP:10.96.0.1'],
  ['null as a map', 'apiServer:\nnetworking: ~\nscheduler: null', 'IP:10.96.0.1'],
  ['an empty text', 'controlPlaneEndpoint: ""', 'IP:10.96.0.1'],
  ['leading zeros', 'apiServer: { certSANs: [010.030.000.011] }', 'IP:10.96.0.1 IP:10.30.0.11'],
  ['leading zeros in a range', 'networking: { serviceSubnet: 10.096.0.0/016 }', 'IP:10.96.0.1'],
  [
    'an IPv4-mapped address',
    'apiServer: { certSANs: ["::ffff:1.2.3.4"] }',
    'IP:10.96.0.1 IP:1.2.3.4',
  ],
  ['an IPv4-mapped range', 'networking: { serviceSubnet: "::ffff:10.0.0.0/112" }', 'IP:10.0.0.1'],
  [
    'a range by one of its addresses',
    'networking: { serviceSubnet: 10.97.3.4/16 }',
    'IP:10.97.0.1',
  ],
  [
    'capitals in names of the API server',
    'apiServer: { certSANs: [A.Example.com] }',
    'DNS:a.example.com IP:10.96.0.1',
  ],
  ['almost an address', 'apiServer: { certSANs: [10.0.0.256] }', 'DNS:10.0.0.256 IP:10.96.0.1'],
  [
    'digits with colons, which are not a number',
    'apiServer: { certSANs: ["::1"] }',
    'IP:10.96.0.1 IP:::1',
  ],
  [
    'a date, which stays a text',
    'apiServer: { certSANs: [2026-01-01] }',
    'DNS:2026-01-01 IP:10.96.0.1',
  ],
  [
    'base64',
    'controlPlaneEndpoint: !!binary YXBpLmV4YW1wbGUuY29t',
    'DNS:api.example.com IP:10.96.0.1',
  ],
  ['an endpoint with an empty port', 'controlPlaneEndpoint: "api:"', 'DNS:api IP:10.96.0.1'],
  ['a port with zeros', 'controlPlaneEndpoint: 10.0.0.9:06443', 'IP:10.96.0.1 IP:10.0.0.9'],
  [
    'an anchor and a merge key',
    'foo: &a { serviceSubnet: 10.1.0.0/16 }\nnetworking: { <<: *a }',
    'IP:10.1.0.1',
  ],
  [
    'the last of two maps',
    'networking: { dnsDomain: a }\nnetworking: { serviceSubnet: 10.1.0.0/16 }',
    'IP:10.1.0.1',
  ],
])('takes %s', (_, more, names) => {
  expect(extraNames(INIT + cluster(more))).toBe(names);
});

it.each([
  ['Windows line endings', (text: string) => text.replaceAll('\n', '\r\n')],
  ['a byte order mark', (text: string) => `\ufeff${text}`],
  ['a separator at the start and at the end', (text: string) => `---\n${text}---\n`],
  ['a comment after a separator', (text: string) => text.replace('---', '--- # two')],
  ['what follows three dots', (text: string) => `${text}...\nnot: [yaml\n`],
  [
    'the configuration of a component',
    (text: string) =>
      `${text}---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n`,
  ],
  [
    'JSON',
    (text: string) =>
      `${text.split('---')[0]}---\n{ "apiVersion": "kubeadm.k8s.io/v1beta4",\n\t"kind": "ClusterConfiguration", "kubernetesVersion": "v1.35.4" }\n`,
  ],
])('takes %s, without a warning', (_, change) => {
  expect(read(change(INIT + cluster(''))).warnings).toEqual([]);
});

it.each<[string, string, RegExp]>([
  [
    'a number as version',
    cluster('', 'v1beta4', '1.30'),
    /kubernetesVersion: must be a string, and is the number 1\.3, so quote it$/,
  ],
  [
    'a boolean as name',
    cluster('networking: { dnsDomain: yes }'),
    /networking\.dnsDomain: must be a string, and is the boolean true/,
  ],
  [
    'a text as list',
    cluster('apiServer: { certSANs: a }'),
    /apiServer\.certSANs: must be a list, and is "a"/,
  ],
  [
    'a map of arguments in v1beta4',
    cluster('apiServer: { extraArgs: { v: "2" } }'),
    /apiServer\.extraArgs: must be a list/,
  ],
  [
    'null in a list of names',
    cluster('apiServer: { certSANs: [null] }'),
    /apiServer\.certSANs\[0\]: "" is not an IP address/,
  ],
  [
    'capitals in names of etcd',
    cluster('etcd: { local: { peerCertSANs: [A.b] } }'),
    /etcd\.local\.peerCertSANs\[0\]: "A\.b"/,
  ],
  [
    'capitals in the endpoint',
    cluster('controlPlaneEndpoint: API:6443'),
    /controlPlaneEndpoint: API:6443 is not HOST/,
  ],
  [
    'brackets without a port',
    cluster('controlPlaneEndpoint: "[fd00::1]"'),
    /controlPlaneEndpoint: /,
  ],
  [
    'a space in a list of ranges',
    cluster('networking: { serviceSubnet: "10.1.0.0/16, fd00::/112" }'),
    /without spaces/,
  ],
  [
    'a range that is too large',
    cluster('networking: { serviceSubnet: 10.0.0.0/8 }'),
    /from 12 to 28/,
  ],
  [
    'a range that is too small',
    cluster('networking: { serviceSubnet: 10.0.0.0/29 }'),
    /from 12 to 28/,
  ],
  [
    'a relative folder',
    cluster('certificatesDir: pki'),
    /certificatesDir: pki is not an absolute path/,
  ],
  [
    'two kinds of etcd',
    cluster('etcd: { local: {}, external: { endpoints: ["https://a:1"] } }'),
    /local and external/,
  ],
  [
    'a certificate of etcd without its key',
    cluster('etcd: { external: { endpoints: ["https://a:1"], caFile: /a, certFile: /a } }'),
    /certFile and keyFile/,
  ],
  [
    'a duration with days',
    cluster('certificateValidityPeriod: 1d'),
    /certificateValidityPeriod: must be a duration/,
  ],
  ['v1alpha3', cluster('', 'v1alpha3'), /v1alpha3 is an old API version/],
  [
    'v1beta1 for 1.35',
    cluster('', 'v1beta1'),
    /v1beta1 is an old API version, which kubeadm reads up to 1\.21/,
  ],
  ['v1beta3 for 1.37', cluster('', 'v1beta3', 'v1.37.2'), /up to 1\.36/],
  [
    'v1beta4 for 1.29',
    cluster('', 'v1beta4', 'v1.29.15'),
    /reads kubeadm\.k8s\.io\/v1beta4 from 1\.31/,
  ],
  [
    'P-384 for 1.32',
    cluster('encryptionAlgorithm: ECDSA-P384', 'v1beta4', 'v1.32.0'),
    /from 1\.34/,
  ],
  [
    'a gate that 1.37 no longer has',
    cluster('featureGates: { PublicKeysECDSA: true }', 'v1beta4', 'v1.37.2'),
    /has no PublicKeysECDSA/,
  ],
  [
    'a comment before the first separator',
    `# a comment\n---\n${cluster('')}`,
    /document 2: is empty: kubeadm refuses/,
  ],
  ['a separator with text', `${cluster('')}--- x\n`, /"--- x" does not separate documents/],
  ['a kind twice', `${cluster('')}---\n${cluster('')}`, /contains ClusterConfiguration twice/],
  [
    'a document of the core group',
    `${cluster('')}---\napiVersion: v1\nkind: Secret\n`,
    /contains Secret \(v1\)/,
  ],
  [
    'YAML that begins like JSON',
    `{ apiVersion: kubeadm.k8s.io/v1beta4, kind: ClusterConfiguration }`,
    /begins with \{ and is not JSON/,
  ],
  ['an alias to itself', cluster('foo: &a [*a]'), /anchor a contains itself/],
  [
    'aliases that expand to gigabytes',
    cluster(
      [
        'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
        ...[1, 2, 3, 4, 5, 6].map((i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}x]`),
      ].join('\n'),
    ),
    /excessive aliasing/,
  ],
])('refuses %s, and names it', (_, text, problem) => {
  expect(() => read(INIT + text)).toThrow(CommandError);
  expect(() => read(INIT + text)).toThrow(problem);
});

it.each([
  [
    'apiServerCertSANs: [a]',
    /apiServerCertSANs is not a field of .*did you mean apiServer\.certSANs\?/,
  ],
  ['certSANs: [a]', /certSANs is not a field of .*did you mean apiServer\.certSANs\?/],
  [
    'apiServer: { certSans: [a] }',
    /apiServer\.certSans is not .*did you mean apiServer\.certSANs\?/,
  ],
  ['foo: bar', /foo is not a field of kubeadm\.k8s\.io\/v1beta4, so kubeadm ignores it$/],
  ['clusterName: a\nclusterName: b', /clusterName is set twice; the last one counts/],
  ['apiServer: { certSANs: [010.0.0.1] }', /010\.0\.0\.1 is read as 10\.0\.0\.1, .*octal/],
  ['--- # other\napiVersion: example.com/v1\nkind: Foo', /Foo \(example\.com\/v1\) is ignored/],
])('warns of %j', (more, warning) => {
  const { warnings } = read(INIT + cluster(more));
  expect(warnings).toEqual([expect.stringMatching(warning)]);
});

it('a field of a later API version is ignored, with a warning', () => {
  const text = cluster('certificateValidityPeriod: 1h', 'v1beta3', 'v1.35.4');
  const { warnings, recordFields } = read(INIT + text);
  expect(recordFields).not.toHaveProperty('certificateValidityPeriod');
  expect(warnings).toEqual([expect.stringMatching(/it is a field of v1beta4/)]);
});

it.each([
  ['{ PublicKeysECDSA: true }', 'RSA-3072', 'ECDSA-P256'],
  ['{ PublicKeysECDSA: false }', 'ECDSA-P256', 'RSA-2048'],
  ['{}', 'RSA-3072', 'RSA-3072'],
])('feature gates %s take precedence over the algorithm %s: %s', (gates, algorithm, kind) => {
  const text = cluster(`featureGates: ${gates}\nencryptionAlgorithm: ${algorithm}`);
  expect(read(INIT + text).keyKind).toBe(kind);
});
