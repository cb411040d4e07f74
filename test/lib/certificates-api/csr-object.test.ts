import {
  type CsrObject,
  formatCsrObject,
  readCsrObject,
  toCsrObject,
} from '../../../lib/certificates-api/csr-object.ts';

const REQUEST = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n').toString('base64');

const OBJECT: CsrObject = {
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: {
    name: 'csr-7x9q2',
    uid: '6f1c0c52-77d4-4d0e-9a35-2f6b6f0f3c11',
    creationTimestamp: '2026-11-24T06:00:00Z',
  },
  spec: {
    request: REQUEST,
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
    username: 'system:node:w-1',
    groups: ['system:nodes', 'system:authenticated'],
  },
  status: {},
};

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const withSpec = (spec: object) => ({ ...OBJECT, spec: { ...OBJECT.spec, ...spec } });

it('reads what it writes', () => {
  const { object, violations } = readCsrObject(Buffer.from(formatCsrObject(OBJECT)));
  expect(violations).toEqual([]);
  expect(object).toEqual(OBJECT);
});

it.each<[string, string]>([
  [
    "a bootstrapping kubelet's: a digest in base64url",
    'node-csr-1iqzViIuYjEIJ6yP0vsR1zqV4wqL_Qx7Uyo2F6kTQGA',
  ],
  ["a person's", 'Jane Doe'],
])('accepts the name of a CSR that the API server accepts: %s', (_, name) => {
  const named = { ...OBJECT, metadata: { ...OBJECT.metadata, name } };
  const object = toCsrObject(named);
  expect(object).toEqual(named);
  expect(readCsrObject(bytesOf(object)).violations).toEqual([]);
});

it.each(['', '.', '..', 'a/b', 'a%2fb', 'x'.repeat(254)])('no CSR is named %j', (name) => {
  const named = { ...OBJECT, metadata: { ...OBJECT.metadata, name } };
  expect(toCsrObject(named)).toBeUndefined();
  expect(readCsrObject(bytesOf(named)).violations).toMatchObject([
    { code: 'csr-object-malformed' },
  ]);
});

it('writes the same bytes for the same object, whatever the order of its fields', () => {
  const extra = {
    'authentication.kubernetes.io/pod-uid': ['2'],
    'authentication.kubernetes.io/a': ['1'],
  };
  const one = withSpec({ expirationSeconds: 3600, uid: 'u-1', extra });
  const turned = JSON.parse(JSON.stringify(one), (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value,
  );
  expect(formatCsrObject(turned)).toBe(formatCsrObject(one));
  expect(readCsrObject(Buffer.from(formatCsrObject(turned))).object).toEqual(one);
});

it.each<[string, Buffer, string]>([
  ['nothing', Buffer.from(''), 'not JSON in UTF-8'],
  ['a PEM block', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n'), 'not JSON in UTF-8'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not JSON in UTF-8'],
  [
    'a byte order mark',
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytesOf(OBJECT)]),
    'not JSON in UTF-8',
  ],
  ['33 KiB', Buffer.alloc(33 * 1024, ' '), '33792 bytes'],
  ['an array', bytesOf([]), 'the document: must be of type object'],
  [
    'an unknown field',
    bytesOf({ ...OBJECT, subject: 'x' }),
    'the document: has unknown fields: subject',
  ],
  ['an unknown field of spec', bytesOf(withSpec({ isCA: true })), 'spec: has unknown fields: isCA'],
  [
    'the certificate in status',
    bytesOf({ ...OBJECT, status: { certificate: '' } }),
    'status: has unknown fields: certificate',
  ],
  [
    'another kind',
    bytesOf({ ...OBJECT, kind: 'Secret' }),
    'kind: must be one of CertificateSigningRequest',
  ],
  [
    'a uid with a dot',
    bytesOf({ ...OBJECT, metadata: { ...OBJECT.metadata, uid: 'a.2' } }),
    'metadata.uid: must be one RFC 1123 label',
  ],
  [
    'a request that is not base64',
    bytesOf(withSpec({ request: 'LS0t*' })),
    'spec.request: must be base64, as the API server writes it',
  ],
  [
    'an empty request',
    bytesOf(withSpec({ request: '' })),
    'spec.request: must be base64, as the API server writes it',
  ],
  [
    'less than 600 seconds',
    bytesOf(withSpec({ expirationSeconds: 599 })),
    'spec.expirationSeconds: must be at least 600',
  ],
  [
    'half a second',
    bytesOf(withSpec({ expirationSeconds: 600.5 })),
    'spec.expirationSeconds: must be of type int',
  ],
  [
    'a name that occurs twice',
    Buffer.from(JSON.stringify(OBJECT).replace('"spec":', '"spec":{},"spec":')),
    'a name that occurs twice',
  ],
  [
    'a name that occurs twice, once with an escape',
    Buffer.from(JSON.stringify(OBJECT).replace('"username":', '"user\\u006eame":"a","username":')),
    'a name that occurs twice',
  ],
])('rejects %s', (_, body, got) => {
  const { object, violations } = readCsrObject(body);
  expect(object).toBeUndefined();
  expect(violations.map(({ code }) => code)).toEqual(violations.map(() => 'csr-object-malformed'));
  expect(violations.map((one) => one.got)).toContain(got);
});

it('reports every invalid field at once', () => {
  const { violations } = readCsrObject(
    bytesOf(withSpec({ request: 1, usages: 'any', groups: {} })),
  );
  expect(violations.map(({ got }) => got.split(':')[0])).toEqual([
    'spec.request',
    'spec.usages',
    'spec.groups',
  ]);
});

it('does not take quotes and colons in values for names', () => {
  const strange = withSpec({ username: 'a":"b\\', groups: ['"', '\\"x":', 'y":'] });
  expect(readCsrObject(bytesOf(strange)).object).toEqual(strange);
});

describe('what the API server gave', () => {
  const given = {
    ...OBJECT,
    metadata: { ...OBJECT.metadata, generateName: 'csr-', resourceVersion: '7', managedFields: [] },
    spec: {
      ...OBJECT.spec,
      extra: {
        'authentication.kubernetes.io/credential-id': ['X509SHA256=00'],
        'example.com/scopes': ['everything'],
      },
    },
    status: {
      certificate: 'LS0t',
      conditions: [
        {
          type: 'Approved',
          status: 'True',
          reason: 'AutoApproved',
          message: 'm'.repeat(5000),
          lastUpdateTime: '2026-11-24T06:00:01Z',
          lastTransitionTime: '2026-11-24T06:00:01Z',
        },
      ],
    },
  };

  it('is cut to the closed shape', () => {
    const object = toCsrObject(given);
    expect(object).toEqual({
      ...OBJECT,
      spec: {
        ...OBJECT.spec,
        extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=00'] },
      },
      status: {
        conditions: [
          { type: 'Approved', status: 'True', reason: 'AutoApproved', message: 'm'.repeat(1024) },
        ],
      },
    });
    expect(object && readCsrObject(Buffer.from(formatCsrObject(object))).object).toEqual(object);
  });

  it('may be an item of a list, without apiVersion, kind and status', () => {
    const { metadata, spec } = OBJECT;
    expect(toCsrObject({ metadata, spec })).toEqual(OBJECT);
  });

  it('keeps the groups of Kubernetes and the first 50 others', () => {
    const people = Array.from({ length: 300 }, (_, i) => `team-${i}`);
    const groups = [...people, 'system:authenticated'];
    const object = toCsrObject({ ...given, spec: { ...given.spec, groups } });
    expect(object?.spec.groups).toEqual([...people.slice(0, 50), 'system:authenticated']);
  });

  it.each<[string, unknown]>([
    ['another kind', { ...given, kind: 'Secret' }],
    ['no object', 'x'],
    ['no spec', { metadata: OBJECT.metadata }],
    ['no request', { ...given, spec: { ...given.spec, request: '' } }],
  ])('is not a CSR: %s', (_, api) => {
    expect(toCsrObject(api)).toBeUndefined();
  });
});
