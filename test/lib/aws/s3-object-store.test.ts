/** How `S3ObjectStore` handles responses that S3 gives and the stand-ins do not, seen from the other end of the wire. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { CLIENT_SETTINGS } from '../../../lib/aws/clients.ts';
import { S3ObjectStore } from '../../../lib/aws/s3-object-store.ts';

const KEY = 'leases/prod.json';
const WRITTEN = 'Thu, 26 Nov 2026 12:00:00 GMT';

type Respond = (response: ServerResponse) => void;
interface Asked {
  readonly call: string;
  readonly headers: IncomingMessage['headers'];
}

let server: Server;
let s3: S3Client;
let store: S3ObjectStore;
let responses: Respond[];
let asked: Asked[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ call: `${method} ${url.replace(/\?.*/, '')}`, headers });
    request.resume().on('end', () => {
      response.sendDate = false;
      const respond = responses.shift();
      if (respond) respond(response);
      else response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  s3 = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    forcePathStyle: true,
    maxAttempts: 1,
  });
  store = new S3ObjectStore(s3, 'exchange');
});

beforeEach(() => {
  responses = [];
  asked = [];
});

afterAll(async () => {
  s3.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const calls = () => asked.map(({ call }) => call);

const ok: Respond = (response) => response.writeHead(200, { etag: '"new"' }).end();

const refused =
  (status: number, code: string): Respond =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
const DENIED = refused(403, 'AccessDenied');
const CONFLICT = refused(409, 'ConditionalRequestConflict');

/** As for a HEAD request. */
const noBody =
  (status: number): Respond =>
  (response) =>
    response.writeHead(status, { etag: '"abc"', 'last-modified': WRITTEN }).end();

const object =
  (headers: Record<string, string>, body = 'text'): Respond =>
  (response) =>
    response.writeHead(200, { etag: '"abc"', 'last-modified': WRITTEN, ...headers }).end(body);

function listing(...pages: string[][]): Respond[] {
  return pages.map((keys, i) => (response) => {
    const contents = keys.map(
      (key) =>
        `<Contents><Key>${key}</Key><ETag>&quot;${key}&quot;</ETag><LastModified>2026-11-26T12:00:00.000Z</LastModified></Contents>`,
    );
    const next =
      i + 1 < pages.length ? `<NextContinuationToken>page-${i + 1}</NextContinuationToken>` : '';
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end(`<ListBucketResult>${next}${contents.join('')}</ListBucketResult>`);
  });
}

describe('get', () => {
  it.each([
    [
      'the difference of its Date and Last-Modified',
      { date: 'Thu, 26 Nov 2026 12:09:59 GMT' },
      599_000,
    ],
    ['0 if Date is before Last-Modified', { date: 'Thu, 26 Nov 2026 11:59:59 GMT' }, 0],
    ['0 if there is no Date', {}, 0],
    ['0 if Date is not a date', { date: 'yesterday' }, 0],
  ])('the age of an object is %s', async (_, headers, ageMs) => {
    responses = [object(headers as Record<string, string>)];
    expect(await store.get(KEY, 100)).toMatchObject({
      ...{ eTag: 'abc', ageMs, lastModified: new Date(WRITTEN) },
    });
  });

  it('does not read a body that is too large, and closes its connection', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      responses = [
        (response) => {
          response.writeHead(200, {
            ...{ etag: '"abc"', 'last-modified': WRITTEN, 'content-length': 2 ** 40 },
          });
          const chunk = Buffer.alloc(64 * 1024);
          const write = () => {
            while (!response.destroyed && sent < 2 ** 30) {
              sent += chunk.length;
              if (!response.write(chunk)) return;
            }
          };
          response.on('drain', write).on('close', () => resolve());
          write();
        },
      ];
    });
    const found = await store.get(KEY, 4096);
    expect(found).toMatchObject({ tooLarge: true, size: 2 ** 40, body: new Uint8Array() });
    await closed;
    expect(sent).toBeLessThan(2 ** 25);
  });

  it('treats a missing bucket as a fault, not as a missing object', async () => {
    responses = [refused(404, 'NoSuchBucket')];
    await expect(store.get(KEY, 100)).rejects.toMatchObject({
      code: 'not-configured',
      message: `S3 GetObject exchange/${KEY}: NoSuchBucket: no`,
    });
  });

  it('treats a response without ETag as a fault', async () => {
    responses = [(response) => response.writeHead(200, { 'last-modified': WRITTEN }).end('text')];
    await expect(store.get(KEY, 100)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** A node may list only its own prefixes, so S3 responds with 403 instead of 404 if an object is missing. */
describe('get of an object that S3 answers with 403', () => {
  it.each([
    ['no object at all', []],
    ['a longer key only', [`${KEY}.old`]],
  ])('returns undefined if the listing has %s', async (_, keys) => {
    responses = [DENIED, ...listing(keys)];
    expect(await store.get(KEY, 100)).toBeUndefined();
    expect(calls()).toEqual([`GET /exchange/${KEY}`, 'GET /exchange/']);
  });

  it.each([
    ['has the object, and its head is refused as well', [...listing([KEY]), noBody(403)]],
    ['has the object, and its head names no KMS key', [...listing([KEY]), noBody(200)]],
    ['is refused as well', [DENIED]],
  ])(
    'throws if the listing %s: an object that cannot be read never counts as missing',
    async (_, queued) => {
      responses = [DENIED, ...queued];
      await expect(store.get(KEY, 100)).rejects.toMatchObject({
        code: 'not-allowed',
        message: `S3 GetObject exchange/${KEY}: AccessDenied: no`,
      });
    },
  );

  it('throws a transient fault if the listing fails for the moment', async () => {
    responses = [DENIED, refused(503, 'SlowDown')];
    await expect(store.get(KEY, 100)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ListObjectsV2'),
    });
  });
});

describe('get of an object that its writer made unreadable', () => {
  /** The bodies as S3 writes them. */
  const answer =
    (status: number, xml: string): Respond =>
    (response) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
  const ARCHIVED = answer(
    403,
    `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the object's storage class</Message><StorageClass>DEEP_ARCHIVE</StorageClass><RequestId>9FEFFF118E15B86F</RequestId><HostId>WVQ5kzhi</HostId></Error>`,
  );
  const SSE_C = answer(
    400,
    `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.</Message><RequestId>F3A9C1CDC51BCDBA</RequestId><HostId>4w5TxhKt</HostId></Error>`,
  );
  const KMS_DENIED = answer(
    403,
    `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>User: arn:aws:sts::111122223333:assumed-role/cakeless-sign/cakeless-sign is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:999988887777:key/1234 because no resource-based policy allows the kms:Decrypt action</Message></Error>`,
  );
  const KMS_DISABLED = answer(
    400,
    `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>KMS.DisabledException</Code><Message>arn:aws:kms:eu-central-1:111122223333:key/1234 is disabled.</Message></Error>`,
  );
  const ENTRY: Respond = (response) =>
    response
      .writeHead(200, { 'content-type': 'application/xml', date: NOW })
      .end(
        `<ListBucketResult><Contents><Key>${KEY}</Key><ETag>&quot;abc&quot;</ETag><LastModified>2026-11-26T12:00:00.000Z</LastModified><Size>300000000</Size><StorageClass>DEEP_ARCHIVE</StorageClass></Contents></ListBucketResult>`,
      );
  const NOW = 'Thu, 26 Nov 2026 12:20:00 GMT';
  const headOf =
    (headers: Record<string, string>): Respond =>
    (response) =>
      response.writeHead(200, { etag: '"abc"', 'last-modified': WRITTEN, ...headers }).end();
  const KMS_KEY = 'arn:aws:kms:eu-central-1:999988887777:key/1234';
  const kmsHead = (algorithm: string) =>
    headOf({
      'x-amz-server-side-encryption': algorithm,
      'x-amz-server-side-encryption-aws-kms-key-id': KMS_KEY,
    });

  it.each<[string, Respond[], RegExp]>([
    ['an archive', [ARCHIVED, ENTRY], /^it is archived: its storage class is DEEP_ARCHIVE$/],
    ['SSE-C', [SSE_C, ENTRY], /^it is encrypted with a key that only its writer has \(SSE-C\)$/],
    [
      'a KMS key that the reader may not use',
      [KMS_DENIED, ENTRY, kmsHead('aws:kms')],
      /^it is encrypted with the KMS key arn:aws:kms:eu-central-1:999988887777:key\/1234, which may not/,
    ],
    ['two layers of KMS', [KMS_DENIED, ENTRY, kmsHead('aws:kms:dsse')], /the KMS key/],
    ['a disabled KMS key', [KMS_DISABLED, ENTRY], /a KMS key that cannot be used \(KMS\.Disabled/],
  ])('says so, with what the listing knows: %s', async (_, queued, unreadable) => {
    responses = [...queued];
    expect(await store.get(KEY, 100)).toEqual({
      body: new Uint8Array(),
      size: 300_000_000,
      tooLarge: false,
      unreadable: expect.stringMatching(unreadable),
      eTag: 'abc',
      versionId: undefined,
      metadata: {},
      lastModified: new Date(WRITTEN),
      ageMs: 20 * 60_000,
    });
    expect(responses).toEqual([]);
  });

  it('a missing permission is not mistaken for it: the object is encrypted as the bucket encrypts', async () => {
    responses = [DENIED, ENTRY, headOf({ 'x-amz-server-side-encryption': 'AES256' })];
    await expect(store.get(KEY, 100)).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it.each([
    ['the object was removed in the meantime', [SSE_C, ...listing([])]],
    ['an archived object was removed in the meantime', [ARCHIVED, ...listing([])]],
  ])('undefined if %s', async (_, queued) => {
    responses = [...queued];
    expect(await store.get(KEY, 100)).toBeUndefined();
  });

  it.each<[string, Respond[]]>([
    ['the listing', [SSE_C, refused(503, 'SlowDown')]],
    ['the head', [KMS_DENIED, ENTRY, noBody(503)]],
  ])('is a temporary fault if %s fails for the moment', async (_, queued) => {
    responses = [...queued];
    await expect(store.get(KEY, 100)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each(['ExpiredToken', 'InvalidToken', 'BadRequest'])(
    'another 400, %s, is a fault, and nothing else is called',
    async (code) => {
      responses = [refused(400, code)];
      await expect(store.get(KEY, 100)).rejects.toMatchObject({ code: 'not-allowed' });
      expect(calls()).toHaveLength(1);
    },
  );
});

describe('conditional writes', () => {
  const create = () => store.create(KEY, 'text', 'text/plain');
  const replace = () => store.replace(KEY, 'text', 'text/plain', 'abc');
  const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value);

  it('create sends If-None-Match: *, and replace sends If-Match with the quoted ETag', async () => {
    responses = [ok, ok];
    await create();
    await replace();
    expect(asked.map(({ headers }) => [headers['if-none-match'], headers['if-match']])).toEqual([
      ['*', undefined],
      [undefined, '"abc"'],
    ]);
  });

  it.each([
    ['412: it was written since', [refused(412, 'PreconditionFailed')], 'changed', 1],
    ['404: it was removed since', [refused(404, 'NoSuchKey')], 'changed', 1],
    ['409, then 200: the other write failed', [CONFLICT, ok], 'replaced', 2],
    [
      '409, then 412: the other write came first',
      [CONFLICT, refused(412, 'PreconditionFailed')],
      'changed',
      2,
    ],
    ['409 each time', times(9, CONFLICT), 'changed', 5],
  ])('replace of an object: %s', async (_, queued, result, tries) => {
    responses = [...queued];
    expect(await replace()).toBe(result);
    expect(asked).toHaveLength(tries);
  });

  it.each([
    ['412: it exists', [refused(412, 'PreconditionFailed')], 'exists', 1],
    ['409, then 200: the other write failed', [CONFLICT, ok], 'created', 2],
    [
      '409, then 412: the other write came first',
      [CONFLICT, refused(412, 'PreconditionFailed')],
      'exists',
      2,
    ],
  ])('create of an object: %s', async (_, queued, result, tries) => {
    responses = [...queued];
    expect(await create()).toBe(result);
    expect(asked).toHaveLength(tries);
  });

  it('create gives up after five conflicts with a transient fault', async () => {
    responses = times(9, CONFLICT);
    await expect(create()).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked).toHaveLength(5);
  });

  it.each([
    ['a refusal', refused(403, 'AccessDenied'), 'not-allowed'],
    ['a missing bucket', refused(404, 'NoSuchBucket'), 'not-configured'],
    ['an overload', refused(503, 'SlowDown'), 'unavailable'],
  ])('throw a fault on %s', async (_, respond, code) => {
    responses = [respond, respond];
    await expect(create()).rejects.toMatchObject({ code });
    await expect(replace()).rejects.toMatchObject({ code });
  });
});

describe('list', () => {
  it('follows the continuation tokens through all pages', async () => {
    responses = listing(['a', 'b'], ['c'], []);
    const found = [];
    for await (const entry of store.list('')) found.push(entry);
    const lastModified = new Date('2026-11-26T12:00:00Z');
    expect(found).toEqual(['a', 'b', 'c'].map((key) => ({ key, eTag: key, lastModified })));
    expect(asked).toHaveLength(3);
  });

  it('treats a missing bucket as a fault', async () => {
    responses = [refused(404, 'NoSuchBucket')];
    await expect(store.list('').next()).rejects.toMatchObject({ code: 'not-configured' });
  });
});

describe('a connection that breaks in the middle of a response', () => {
  const stall: Respond = (response) => {
    const headers = { 'content-length': '100', etag: '"1"', 'last-modified': WRITTEN };
    response.writeHead(200, headers).write('<');
  };
  const { requestHandler, ...settings } = CLIENT_SETTINGS;
  const SOONER = 20;

  it.each([
    ['an object', () => patient.get(KEY, 4096)],
    ['a listing', () => patient.list('leases/').next()],
  ])('ends the wait for %s', async (_, ask) => {
    responses = [stall];
    await expect(ask()).rejects.toMatchObject({ name: 'Fault', code: 'unavailable' });
    server.closeAllConnections();
  });

  let patient: S3ObjectStore;
  beforeAll(() => {
    const client = new S3Client({
      ...settings,
      maxAttempts: 1,
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      forcePathStyle: true,
      requestHandler: {
        ...requestHandler,
        requestTimeout: requestHandler.requestTimeout / SOONER,
        socketTimeout: requestHandler.socketTimeout / SOONER,
      },
    });
    patient = new S3ObjectStore(client, 'b');
  });
});
