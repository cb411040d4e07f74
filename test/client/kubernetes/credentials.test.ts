/** A kubeconfig is used only if it verifies the server and says who the caller is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCredentials } from '../../../client/kubernetes/credentials.ts';
import { TlsApiServer } from '../../support/tls-api-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'kube-credentials-'));
const server = new TlsApiServer(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const POD = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
const places = { environment: {}, serviceAccountFolder: folder };
const url = { server: 'https://cp-1:6443' };

const read = (cluster: object, user?: object) =>
  readCredentials(
    { kubeconfig: server.writeKubeconfig({ ...url, ...cluster }, user as Record<string, unknown>) },
    places,
  );

it('reads data, and files beside the kubeconfig', () => {
  const embedded = read({ 'tls-server-name': 'api.example.com' });
  expect(embedded).toMatchObject({ serverName: 'api.example.com', token: undefined });
  expect(embedded.server.href).toBe('https://cp-1:6443/');
  expect(embedded.files).toEqual([join(folder, 'kubeconfig')]);
  const named = read(
    { 'certificate-authority-data': undefined, 'certificate-authority': 'pki/ca.crt' },
    { 'client-certificate': 'first.crt', 'client-key': 'first.key' },
  );
  expect(named.certificate).toEqual(embedded.certificate);
  expect(named.ca).toBe(embedded.ca);
  expect(named.files.slice(1)).toEqual(
    ['first.crt', 'first.key', 'pki/ca.crt'].map((file) => join(folder, file)).sort(byUse),
  );
});

/** The CA is read first. */
const byUse = (a: string, b: string) =>
  Number(b.endsWith('ca.crt')) - Number(a.endsWith('ca.crt')) || a.localeCompare(b);

it('prefers a token file to a token', () => {
  writeFileSync(join(folder, 'token'), 'from-file\n');
  expect(read({}, { token: 'abc' }).token).toBe('abc');
  expect(read({}, { token: 'abc', tokenFile: 'token' }).token).toBe('from-file');
});

const [pair, mixed] = [server.credential('first'), server.credential('second')];

it.each<[string, object, object | undefined, string]>([
  ['no verification', { 'insecure-skip-tls-verify': true }, pair, 'insecure-skip-tls-verify'],
  ['no CA', { 'certificate-authority-data': undefined }, pair, 'names no CA'],
  ['a CA file without a certificate', { 'certificate-authority-data': 'AAAA' }, pair, 'no CA cert'],
  ['a proxy', { 'proxy-url': 'http://proxy' }, pair, 'has proxy-url'],
  ['an unencrypted server', { server: 'http://cp-1' }, pair, 'must be an https URL'],
  ['no server', { server: undefined }, pair, 'must be an https URL'],
  ['no credentials', {}, {}, 'no client certificate with its key, and no token'],
  ['a certificate without key', {}, { ...pair, 'client-key-data': '' }, 'no client certificate'],
  [
    'the key of another certificate',
    {},
    { ...pair, 'client-key-data': mixed['client-key-data'] },
    'cannot be used together',
  ],
  ['a token with a newline in it', {}, { token: 'a\nb' }, 'not a bearer token'],
  ['a file that does not exist', {}, { tokenFile: 'missing' }, 'missing: no such file'],
])('refuses a kubeconfig with %s', (_, cluster, user, problem) => {
  expect(() => read(cluster, user)).toThrow(problem);
});

it('reads the service account of a pod', () => {
  writeFileSync(join(folder, 'token'), 'of-the-pod\n');
  writeFileSync(join(folder, 'ca.crt'), server.text('pki/ca.crt'));
  const source = { inCluster: true } as const;
  expect(readCredentials(source, { ...places, environment: POD })).toMatchObject({
    server: new URL('https://[fd00::1]:443'),
    token: 'of-the-pod',
    certificate: undefined,
  });
  expect(() => readCredentials(source, places)).toThrow('this is not a pod');
});
