import { certificateNameOf } from '../../../lib/contract/kubeadm-paths.ts';
import {
  outcomeKeys,
  parseRequestKey,
  requestKeyOfOutcome,
} from '../../../lib/contract/request-key.ts';

it('parses the key of a request', () => {
  const key = 'requests/prod/cp-1.prod.example.com/2026-11-24/pki/etcd/server.csr';
  expect(parseRequestKey(key)).toEqual({
    key,
    cluster: 'prod',
    node: 'cp-1.prod.example.com',
    requestId: '2026-11-24',
    path: 'pki/etcd/server.csr',
  });
});

const long = Array.from({ length: 5 }, () => 'a'.repeat(60)).join('.');

it.each([
  ['another prefix', 'request/prod/cp-1/r1/apiserver.csr'],
  ['a leading slash', '/requests/prod/cp-1/r1/apiserver.csr'],
  ['the parent folder as cluster', 'requests/../cp-1/r1/apiserver.csr'],
  ['the parent folder as node', 'requests/prod/../r1/apiserver.csr'],
  ['the parent folder in the path', 'requests/prod/cp-1/r1/../cp-2/apiserver.csr'],
  ['the current folder in the path', 'requests/prod/cp-1/r1/./apiserver.csr'],
  ['an escaped parent folder', 'requests/prod/%2e%2e/r1/apiserver.csr'],
  ['an escape in the path', 'requests/prod/cp-1/r1/pki%2fapiserver.csr'],
  ['a plus in the path', 'requests/prod/cp-1/r1/pki+apiserver.csr'],
  ['a backslash', 'requests/prod/cp-1/r1/pki\\apiserver.csr'],
  ['a cluster in upper case', 'requests/Prod/cp-1/r1/apiserver.csr'],
  ['a node with a Cyrillic letter', 'requests/prod/\u0441p-1/r1/apiserver.csr'],
  ['a request id with an underscore', 'requests/prod/cp-1/r_1/apiserver.csr'],
  ['an empty cluster', 'requests//cp-1/r1/apiserver.csr'],
  ['an empty node', 'requests/prod//r1/apiserver.csr'],
  ['an empty path', 'requests/prod/cp-1/r1/'],
  ['no path', 'requests/prod/cp-1/r1'],
  ['two slashes in the path', 'requests/prod/cp-1/r1/pki//apiserver.csr'],
  ['a trailing slash', 'requests/prod/cp-1/r1/pki/apiserver.csr/'],
  ['NUL', 'requests/prod/cp-1/r1/apiserver.csr\0.txt'],
  ['a line break', 'requests/prod/cp-1/r1/apiserver.csr\n'],
  ['a space', 'requests/prod/cp-1/r1/api server.csr'],
  ['a hidden file', 'requests/prod/cp-1/r1/.apiserver.csr'],
  ['a cluster name that is too long', `requests/${long}/cp-1/r1/apiserver.csr`],
  ['a path that is too long', `requests/prod/cp-1/r1/${'a'.repeat(201)}`],
  ['a path that is too deep', 'requests/prod/cp-1/r1/a/b/c/d/e/f.csr'],
  ['nothing', ''],
])('is not a request: %s', (_, key) => {
  expect(parseRequestKey(key)).toBeUndefined();
});

it.each([
  'apiserver.crt',
  'apiserver',
  'apiserver.key.csr',
  'pki/admin.conf.csr',
  'pki/etcd-server.csr',
  'etcd/apiserver-etcd-client.csr',
  'pki/etcd/ca.csr',
  'ca.csr',
  'admin.csr',
  'Apiserver.csr',
  'sa.csr',
  'toString',
  '__proto__',
])('%s is not the path of a certificate', (path) => {
  expect(certificateNameOf(path)).toBeUndefined();
});

it('outcomes are stored under the cluster, node and request id of their request', () => {
  expect(outcomesAt('admin.conf.csr')).toEqual({
    certificate: 'certificates/prod/cp-1/r1/admin.conf.crt',
    rejected: 'certificates/prod/cp-1/r1/admin.conf.rejected.json',
    pending: 'certificates/prod/cp-1/r1/admin.conf.pending.json',
  });
});

// generate-csr writes admin.conf, which has the private key, next to admin.conf.csr
it('outcomes of different objects have different keys', () => {
  const paths = [
    'admin.conf',
    'admin.conf.csr',
    'admin.conf.csr.csr',
    'apiserver',
    'apiserver.csr',
  ];
  const keys = paths.flatMap((path) => Object.values(outcomesAt(path)));
  expect(new Set(keys).size).toBe(3 * paths.length);
});

it.each(['admin.conf', 'admin.conf.csr', 'pki/apiserver.key', 'pki/apiserver.csr'])(
  '%s can be derived from the key of its rejection',
  (path) => {
    expect(requestKeyOfOutcome(outcomesAt(path).rejected, 'rejected')).toBe(
      `requests/prod/cp-1/r1/${path}`,
    );
  },
);

it('keys of the longest names are shorter than the 1024 bytes of S3', () => {
  const name = [63, 63, 63, 61].map((length) => 'a'.repeat(length)).join('.');
  const address = parseRequestKey(`requests/${name}/${name}/${name}/${'a'.repeat(200)}`);
  for (const key of Object.values(address ? outcomeKeys(address) : { none: '' })) {
    expect(key).not.toBe('');
    expect(key.length).toBeLessThan(1024);
  }
});

function outcomesAt(path: string) {
  const address = parseRequestKey(`requests/prod/cp-1/r1/${path}`);
  if (!address) throw new Error(`${path} is not the path of a request`);
  return outcomeKeys(address);
}
