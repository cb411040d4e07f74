/** A wrapping key comes over TLS, or from this machine: anyone who could replace it would get the CA key. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { KmsKeyImport } from '../../../lib/aws/kms-key-import.ts';
import { requireTls } from '../../../lib/aws/require-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-tls-'));
const before = { ...process.env };
beforeAll(() => {
  writeFileSync(join(folder, 'config'), '[default]\nendpoint_url = http://kms.example\n');
});
afterEach(() => {
  process.env = { ...before };
});
afterAll(() => rmSync(folder, { recursive: true }));

const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
const REACHED = 'reached the network';

/** Nothing is sent: the handler that would do it says so. */
async function call(environment: Record<string, string>, endpoint?: string): Promise<string> {
  process.env = { ...before, ...environment };
  const client = new KMSClient({
    ...{ region: 'eu-central-1', credentials, maxAttempts: 1 },
    ...(endpoint && { endpoint }),
    requestHandler: {
      handle: async () => {
        throw new Error(REACHED);
      },
    },
  });
  const keyImport = new KmsKeyImport(requireTls(client, environment));
  const said = await outcomeOf(keyImport.parameters('arn:1'));
  const other = await outcomeOf(keyImport.import('arn:1', new Uint8Array(1), new Uint8Array(1)));
  expect(other.includes(REACHED)).toBe(said.includes(REACHED));
  return said;
}

const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (fault) => `${fault.code}: ${fault.message}`,
  );

it.each<[string, Record<string, string>, string | undefined]>([
  ['no endpoint', {}, undefined],
  ['TLS', {}, 'https://kms.example'],
  ['this machine, as cakeless local', {}, 'http://127.0.0.1:4566'],
  ['this machine, by IPv6', {}, 'http://[::1]:4566'],
  [
    'this machine, whatever its certificate',
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    'https://localhost',
  ],
  [
    'TLS for KMS only',
    { AWS_ENDPOINT_URL: 'http://x', AWS_ENDPOINT_URL_KMS: 'https://kms.example' },
    undefined,
  ],
])('calls %s', async (_, environment, endpoint) => {
  expect(await call(environment, endpoint)).toContain(REACHED);
});

it.each<[string, Record<string, string>, RegExp]>([
  ['a variable', { AWS_ENDPOINT_URL: 'http://10.0.0.1:4566' }, /http:\/\/10\.0\.0\.1 has no TLS/],
  [
    'the variable for KMS',
    { AWS_ENDPOINT_URL_KMS: 'http://kms.example', AWS_ENDPOINT_URL: 'https://x' },
    /http:\/\/kms\.example has no TLS/,
  ],
  [
    'a name that looks like this machine',
    { AWS_ENDPOINT_URL: 'http://127.0.0.1.example' },
    /http:\/\/127\.0\.0\.1\.example has no TLS/,
  ],
  [
    'the configuration file of AWS',
    { AWS_CONFIG_FILE: join(folder, 'config'), HOME: folder },
    /http:\/\/kms\.example has no TLS/,
  ],
  [
    'TLS that is not verified',
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    /NODE_TLS_REJECT_UNAUTHORIZED=0 accepts any certificate/,
  ],
])('refuses %s, and sends nothing', async (_, environment, reason) => {
  const said = await call(environment);
  expect(said).toMatch(/^not-configured: /);
  expect(said).toMatch(reason);
});
