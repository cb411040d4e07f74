/** What KmsSigningKeys sends, seen from the other end of the wire. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';
import { recordKeyIn } from '../../../lib/audit/record-in-user-agent.ts';
import { KmsSigningKeys } from '../../../lib/aws/kms-signing-keys.ts';
import { signingAlgorithmOf } from '../../../lib/signing/signing-algorithm.ts';

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321';
const ALGORITHM = signingAlgorithmOf('ECC_NIST_P256');
const SIGNED = [200, { Signature: Buffer.from('signature').toString('base64') }] as const;
const failed = (status: number, __type: string) => [status, { __type, message: 'no' }] as const;
const THROTTLED = failed(400, 'ThrottlingException');

let server: Server;
let kms: KMSClient;
let responses: (readonly [number, object])[];
let userAgents: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    userAgents.push(request.headers['user-agent'] ?? '');
    const [status, body] = responses.shift() ?? SIGNED;
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  kms = new KMSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    retryStrategy: AT_ONCE,
  });
});

/** Three attempts without a pause. */
const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
const AT_ONCE = {
  acquireInitialRetryToken: async () => token(0),
  refreshRetryTokenForRetry: async (last: ReturnType<typeof token>, { errorType }: Retry) => {
    if (errorType === 'CLIENT_ERROR' || last.getRetryCount() === 2) throw new Error('enough');
    return token(last.getRetryCount() + 1);
  },
  recordSuccess: () => {},
};
type Retry = { errorType: string };

beforeEach(() => {
  responses = [];
  userAgents = [];
});

afterAll(async () => {
  kms.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const sign = (keys: KmsSigningKeys, record: string) =>
  keys.sign(KEY_ID, ALGORITHM, Buffer.alloc(32), `records/prod/${record}.csr.json`);

it('each call, even if concurrent, prefixes the user agent with its own record', async () => {
  const keys = new KmsSigningKeys(kms);
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => sign(keys, name)));
  const named = userAgents.map(recordKeyIn).sort();
  expect(named).toEqual(names.map((name) => `records/prod/${name}.csr.json`));
  for (const userAgent of userAgents)
    expect(userAgent).toMatch(/^cakeless-record\/\S+ aws-sdk-js\/\S+ .*api\/kms#/);
});

it('a retry names the record once, as the first attempt does', async () => {
  responses = [failed(500, 'KMSInternalException')];
  await sign(new KmsSigningKeys(kms), 'a');
  expect(userAgents).toHaveLength(2);
  expect(userAgents.map(recordKeyIn)).toEqual(Array(2).fill('records/prod/a.csr.json'));
});

it('another call of the same client names no record', async () => {
  await sign(new KmsSigningKeys(kms), 'a');
  const { ListAliasesCommand } = await import('@aws-sdk/client-kms');
  await kms.send(new ListAliasesCommand({}));
  expect(userAgents.map(recordKeyIn)).toEqual(['records/prod/a.csr.json', undefined]);
});

it.each([
  ['no throttle', [], 0, true],
  ['one throttle, then success', [THROTTLED], 1, true],
  ['two throttles, then success', [THROTTLED, THROTTLED], 2, true],
  ['as many throttles as attempts', [THROTTLED, THROTTLED, THROTTLED], 3, false],
  ['one throttle known only by its status 429', [failed(429, 'SomethingElse')], 1, true],
  ['another transient failure', [failed(500, 'KMSInternalException')], 0, true],
  ['a refusal', [failed(400, 'AccessDeniedException')], 0, false],
] as const)('throttles are counted: %s', async (_, queued, count, succeeds) => {
  responses = [...queued];
  let throttles = 0;
  const keys = new KmsSigningKeys(kms, () => {
    throttles += 1;
  });
  const done = sign(keys, 'a').then(
    () => true,
    () => false,
  );
  expect(await done).toBe(succeeds);
  expect(throttles).toBe(count);
});
