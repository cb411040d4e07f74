import { createHash, createHmac } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { RunningLocal } from '../../local/server.ts';
import { request, send, signerFor, urlRequest } from './signer.ts';
import { Clock, s3As, start, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

const clock = new Clock();
const minute = 60_000;

describe('a signed request', () => {
  it('of every service is accepted if another implementation signed it', async () => {
    const local = await start({ now: clock.now });
    for (const service of ['s3', 'kms', 'sqs']) {
      const target = { kms: 'TrentService.ListKeys', sqs: 'AmazonSQS.GetQueueUrl' }[service];
      const body = target === undefined ? undefined : '{"QueueName":"requests"}';
      const plain = request(
        local,
        target === undefined ? 'GET' : 'POST',
        '/',
        target === undefined ? {} : { 'x-amz-target': target },
        body,
      );
      const signed = await signerFor(local, local.administrator, service).sign(plain, {
        signingDate: clock.now(),
      });
      expect(await send(local, signed, body)).toMatchObject({ status: 200 });
    }
  });

  const refusals: {
    name: string;
    status: number;
    code: string;
    sign?: (local: RunningLocal) => Partial<RunningLocal['administrator']> & { region?: string };
    skew?: number;
    spoil?: (headers: Record<string, string>) => void;
  }[] = [
    {
      name: 'with a wrong secret',
      status: 403,
      code: 'SignatureDoesNotMatch',
      sign: () => ({ secretAccessKey: 'guess' }),
    },
    {
      name: 'with an unknown key',
      status: 403,
      code: 'InvalidAccessKeyId',
      sign: () => ({ accessKeyId: 'AKIANOBODY' }),
    },
    {
      name: 'for another region',
      status: 400,
      code: 'AuthorizationHeaderMalformed',
      sign: () => ({ region: 'us-east-1' }),
    },
    { name: 'of 16 minutes ago', status: 403, code: 'RequestTimeTooSkewed', skew: -16 * minute },
    { name: 'of 16 minutes ahead', status: 403, code: 'RequestTimeTooSkewed', skew: 16 * minute },
    {
      name: 'with a header added in transit',
      status: 403,
      code: 'AccessDenied',
      spoil: (headers) => {
        headers['x-amz-meta-added'] = 'x';
      },
    },
    {
      name: 'with a header changed in transit',
      status: 403,
      code: 'SignatureDoesNotMatch',
      spoil: (headers) => {
        headers['x-amz-meta-signed'] = 'other';
      },
    },
    {
      name: 'with no signature',
      status: 403,
      code: 'AccessDenied',
      spoil: (headers) => {
        delete headers.authorization;
      },
    },
    {
      name: 'with a signature of another form',
      status: 400,
      code: 'AuthorizationHeaderMalformed',
      spoil: (headers) => {
        headers.authorization = 'AWS abc:def';
      },
    },
    {
      name: 'with a session token, which no principal has',
      status: 400,
      code: 'InvalidToken',
      sign: () => ({ sessionToken: 'x' }) as object,
    },
  ];
  it.each(refusals)('$name is refused', async ({ status, code, sign, skew = 0, spoil }) => {
    const local = await start({ now: clock.now });
    const how = { ...local.administrator, ...sign?.(local) };
    const signer = signerFor({ region: how.region ?? local.region }, how);
    const plain = request(local, 'PUT', '/exchange/k', { 'x-amz-meta-signed': 'x' }, 'body');
    const signed = await signer.sign(plain, {
      signingDate: new Date(clock.now().getTime() + skew),
    });
    spoil?.(signed.headers);
    const response = await send(local, signed, 'body');
    expect(response.status).toBe(status);
    expect(response.text).toContain(`<Code>${code}</Code>`);
    const found = s3As(local).send(new GetObjectCommand({ Bucket: 'exchange', Key: 'k' }));
    await expect(found).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('keeps its connection open for a client that pauses', async () => {
    const local = await start({ now: clock.now });
    const signed = await signerFor(local, local.administrator).sign(request(local, 'GET', '/'), {
      signingDate: clock.now(),
    });
    const { headers } = await send(local, signed);
    expect(headers.get('keep-alive')).toBe('timeout=120');
  });

  it('with a body that was not signed is refused', async () => {
    const local = await start({ now: clock.now });
    const plain = request(local, 'PUT', '/exchange/k', {}, 'body');
    const signed = await signerFor(local, local.administrator).sign(plain, {
      signingDate: clock.now(),
    });
    const response = await send(local, signed, 'ydob');
    expect(response.text).toContain('<Code>XAmzContentSHA256Mismatch</Code>');
  });

  it('of a JSON service is refused in JSON', async () => {
    const local = await start({ now: clock.now });
    const plain = request(local, 'POST', '/', { 'x-amz-target': 'TrentService.ListKeys' }, '{}');
    const credentials = { ...local.administrator, secretAccessKey: 'guess' };
    const signed = await signerFor(local, credentials, 'kms').sign(plain, {
      signingDate: clock.now(),
    });
    const response = await send(local, signed, '{}');
    expect(JSON.parse(response.text)).toMatchObject({ __type: 'InvalidSignatureException' });
  });
});

describe('a presigned URL', () => {
  const cases: [string, number, number, string][] = [
    ['is valid until it expires', 59_000, 200, 'content'],
    ['is refused after that', 61_000, 403, 'Request has expired'],
    ['is refused long before it is valid', -16 * minute, 403, 'Request is not valid yet'],
  ];
  it.each(cases)('%s', async (_name, laterMs, status, text) => {
    const here = new Clock();
    const local = await start({ now: here.now });
    const Key = 'pre signed/ü';
    await s3As(local).send(new PutObjectCommand({ Bucket: 'exchange', Key, Body: 'content' }));
    const plain = urlRequest(local, 'GET', `/exchange/${encodeURI(Key)}`);
    const signed = await signerFor(local, local.administrator).presign(plain, {
      expiresIn: 60,
      signingDate: here.now(),
    });
    here.pass(laterMs);
    const response = await send(local, signed);
    expect(response.status).toBe(status);
    expect(response.text).toContain(text);
  });

  it('for one key is invalid for another key and for another method', async () => {
    const local = await start({ now: clock.now });
    const signed = await signerFor(local, local.administrator).presign(
      urlRequest(local, 'GET', '/exchange/a'),
      { expiresIn: 60, signingDate: clock.now() },
    );
    for (const change of [{ path: '/exchange/b' }, { method: 'PUT' }]) {
      const response = await send(local, { ...signed, ...change });
      expect(response.text).toContain('<Code>SignatureDoesNotMatch</Code>');
    }
  });

  it('can upload, but only with the condition that was signed with it', async () => {
    const local = await start({ now: clock.now });
    const headers = { 'if-none-match': '*' };
    const signed = await signerFor(local, local.administrator).presign(
      urlRequest(local, 'PUT', '/exchange/once', headers),
      { expiresIn: 60, signingDate: clock.now() },
    );
    expect((await send(local, signed, 'x')).status).toBe(200);
    expect((await send(local, signed, 'x')).status).toBe(412);
    expect((await send(local, { ...signed, headers: {} }, 'x')).status).toBe(403);
  });
});

describe('a body in signed chunks', () => {
  const timestamp = clock
    .now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, '');
  const day = timestamp.slice(0, 8);
  const scope = `${day}/eu-central-1/s3/aws4_request`;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  /** How a body is damaged before, or after, it is framed and signed. */
  interface Damage {
    readonly checksumOf?: string;
    readonly decodedLength?: string;
    readonly framed?: (framed: string) => string;
  }

  /**
   * Sends `hello world`, framed and signed by a second implementation.
   * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
   */
  async function sendChunked(local: RunningLocal, damage: Damage) {
    const { checksumOf = 'hello world', decodedLength = '11', framed = (same) => same } = damage;
    const checksum = createHash('sha256').update(checksumOf).digest('base64');
    const plain = request(local, 'PUT', '/exchange/chunked', {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': decodedLength,
      'x-amz-trailer': 'x-amz-checksum-sha256',
    });
    const signed = await signerFor(local, local.administrator).sign(plain, {
      signingDate: clock.now(),
    });
    const seed = /Signature=(\w+)/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
    const hmac = hmacOf(local.administrator.secretAccessKey);
    const trailer = `x-amz-checksum-sha256:${checksum}`;
    return send(local, signed, framed(frame(['hello ', 'world', ''], trailer, seed, hmac)));
  }

  type Hmac = (...lines: string[]) => string;

  function hmacOf(secret: string): Hmac {
    const key = [day, 'eu-central-1', 's3', 'aws4_request'].reduce<Buffer>(
      (previous, part) => createHmac('sha256', previous).update(part).digest(),
      Buffer.from(`AWS4${secret}`),
    );
    return (...lines) => createHmac('sha256', key).update(lines.join('\n')).digest('hex');
  }

  /** @param seed the signature of the request, which that of the first chunk covers */
  function frame(chunks: readonly string[], trailer: string, seed: string, hmac: Hmac): string {
    let previous = seed;
    let framed = '';
    for (const chunk of chunks) {
      const kind = 'AWS4-HMAC-SHA256-PAYLOAD';
      previous = hmac(kind, timestamp, scope, previous, sha256(''), sha256(chunk));
      const end = chunk === '' ? '' : '\r\n';
      framed += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${end}`;
    }
    const kind = 'AWS4-HMAC-SHA256-TRAILER';
    const signature = hmac(kind, timestamp, scope, previous, sha256(`${trailer}\n`));
    return `${framed}${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`;
  }

  it('is stored without its framing', async () => {
    const local = await start({ now: clock.now });
    expect(await sendChunked(local, {})).toMatchObject({ status: 200 });
    const { Body, ContentEncoding } = await s3As(local).send(
      new GetObjectCommand({ Bucket: 'exchange', Key: 'chunked' }),
    );
    expect(await Body?.transformToString()).toBe('hello world');
    expect(ContentEncoding).toBeUndefined();
  });

  const otherSignature = (framed: string) =>
    framed.replace(/(?<=x-amz-trailer-signature:)\w+/, 'a'.repeat(64));

  it.each<[string, Damage, string]>([
    [
      'a changed chunk',
      { framed: (framed) => framed.replace('hello ', 'hallo ') },
      'SignatureDoesNotMatch',
    ],
    ['a wrong signature of the trailer', { framed: otherSignature }, 'SignatureDoesNotMatch'],
    ['a wrong checksum in the trailer', { checksumOf: '' }, 'BadDigest'],
    ['an early end', { framed: (framed) => framed.slice(0, 130) }, 'IncompleteBody'],
    ['a wrong length', { decodedLength: '12' }, 'IncompleteBody'],
  ])('with %s stores nothing', async (_name, damage, code) => {
    const local = await start({ now: clock.now });
    expect((await sendChunked(local, damage)).text).toContain(`<Code>${code}</Code>`);
    const found = s3As(local).send(new GetObjectCommand({ Bucket: 'exchange', Key: 'chunked' }));
    await expect(found).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});
