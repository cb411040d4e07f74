/** What the stand-in reads of a request, and when. */

import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Body, BodyMemory } from '../../local/http/read-body.ts';
import type { RunningLocal } from '../../local/server.ts';
import { request, signerFor } from './signer.ts';
import { s3As, start, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

/** Sends a head, and then nothing. @returns what arrives until there is a whole head of a response */
function sendHead(local: RunningLocal, head: string): Promise<string> {
  const { hostname, port } = new URL(local.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(head));
    let received = '';
    socket.on('data', (data) => {
      received += String(data);
      if (!received.includes('\r\n\r\n')) return;
      socket.destroy();
      resolve(received);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** The head of an upload of this size, signed with this secret. */
async function upload(local: RunningLocal, secret: string, headers: Record<string, string>) {
  const signer = signerFor(local, { ...local.administrator, secretAccessKey: secret });
  const signed = await signer.sign(
    request(local, 'PUT', '/exchange/key', {
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      ...headers,
    }),
  );
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `PUT ${signed.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const SECRETS = {
  right: (local: RunningLocal) => local.administrator.secretAccessKey,
  wrong: () => 'guess',
};

it.each([
  ['wrong', '1000', '403 Forbidden'],
  ['wrong', '1000000000000', '403 Forbidden'],
  ['right', '1000000000000', '400 Bad Request'],
] as const)(
  'an upload with a %s secret of %s bytes is answered with %s before its first byte arrives',
  async (secret, length, status) => {
    const local = await start();
    const head = await upload(local, SECRETS[secret](local), { 'content-length': length });
    expect(await sendHead(local, head)).toContain(`HTTP/1.1 ${status}\r\n`);
  },
);

it.each([
  ['right', 'HTTP/1.1 100 Continue\r\n'],
  ['wrong', 'HTTP/1.1 403 Forbidden\r\n'],
] as const)(
  'a client with a %s secret that asks whether to continue gets %j',
  async (secret, start_) => {
    const local = await start();
    const head = await upload(local, SECRETS[secret](local), {
      'content-length': '1000',
      expect: '100-continue',
    });
    const response = await sendHead(local, head);
    expect(response.slice(0, start_.length)).toBe(start_);
    expect(/^connection: close\r$/im.test(response)).toBe(secret === 'wrong');
  },
);

it('a document of more than 6 MiB is refused before its first byte arrives', async () => {
  const local = await start();
  const signed = await signerFor(local, local.administrator).sign({
    ...request(local, 'POST', '/exchange', {
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'content-length': String(6 * 1024 * 1024 + 1),
    }),
    query: { delete: '' },
  });
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST /exchange?delete= HTTP/1.1\r\n${lines.join('')}\r\n`;
  expect(await sendHead(local, head)).toContain('HTTP/1.1 400 Bad Request\r\n');
});

it('an object of the largest size is stored', async () => {
  const local = await start({ maxObjectBytes: 3_000_000, notifications: [] });
  const s3 = s3As(local);
  const object = { Bucket: 'exchange', Key: 'k' };
  await s3.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(3_000_000) }));
  expect(await s3.send(new HeadObjectCommand(object))).toMatchObject({ ContentLength: 3_000_000 });
});

describe('the memory for bodies', () => {
  const bodyOf = (memory: BodyMemory, ...chunks: string[]) => {
    const incoming = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    const message = Object.assign(incoming, { headers: {} }) as unknown as IncomingMessage;
    return new Body(message, memory, () => undefined);
  };

  it('is shared: a body that does not fit has to wait, and fits when another was handled', async () => {
    const memory = new BodyMemory(10);
    const first = bodyOf(memory, 'abcd', 'efg');
    expect(String(await first.read(100))).toBe('abcdefg');
    const second = bodyOf(memory, 'ab', 'cd');
    await expect(second.read(100)).rejects.toMatchObject({ code: 'SlowDown', status: 503 });
    second.release();
    first.release();
    expect(String(await bodyOf(memory, 'abcdefghij').read(100))).toBe('abcdefghij');
  });

  it('is not used by bodies that are refused as too large', async () => {
    const memory = new BodyMemory(10);
    const large = bodyOf(memory, 'abc', 'def', 'ghi');
    await expect(large.read(5)).rejects.toMatchObject({ code: 'EntityTooLarge' });
    large.release();
    expect(String(await bodyOf(memory, 'abcdefghij').read(10))).toBe('abcdefghij');
  });

  it('holds a body that is read twice once', async () => {
    const body = bodyOf(new BodyMemory(3), 'abc');
    expect(await body.read(3)).toBe(await body.read(3));
  });
});
