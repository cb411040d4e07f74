/**
 * An HTTP proxy for `cakeless local`: it counts the calls of a forwarder, and can change an answer, delay a call, or
 * look at each before it passes. The signature of a call stays valid, because `Host` is passed on as it came.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  readonly method: string;
  /** Path of the object in its bucket, or of the bucket itself, decoded. */
  readonly path: string;
}

export class ExchangeProxy {
  readonly calls: Call[] = [];
  /** Changes the body of an answer with status 200. */
  lie: ((call: Call, body: Buffer) => Buffer | Promise<Buffer>) | undefined;
  /** Called before a call is passed on, and after its answer was sent. */
  notice: ((call: Call, when: 'before' | 'after') => void) | undefined;
  /** Answers 503 instead of passing calls on. */
  unavailable = false;
  readonly #target: URL;
  readonly #server;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer).catch(() => answer.destroy());
    });
  }

  static async start(target: string): Promise<ExchangeProxy> {
    const proxy = new ExchangeProxy(new URL(target));
    await new Promise<void>((ready) => proxy.#server.listen(0, '127.0.0.1', () => ready()));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => {
      this.#server.close(() => done());
    });
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const call = { method: asked.method ?? '', path: decodeURIComponent(asked.url ?? '') };
    this.calls.push(call);
    this.notice?.(call, 'before');
    const sent = await bytesOf(asked);
    if (this.unavailable) {
      answer.writeHead(503).end();
      return;
    }
    const { hostname, port } = this.#target;
    const options = { hostname, port, method: call.method, path: asked.url };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const forwarded = request({ ...options, headers: asked.headers }, resolve);
      forwarded.once('error', reject);
      forwarded.end(sent);
    });
    const body = await bytesOf(response);
    const told = response.statusCode === 200 && this.lie ? await this.lie(call, body) : body;
    answer.writeHead(response.statusCode ?? 502, headersFor(response, body, told));
    answer.end(told);
    this.notice?.(call, 'after');
  }
}

/** Without the length and checksums of the true body. */
function headersFor(response: IncomingMessage, body: Buffer, told: Buffer) {
  const headers = { ...response.headers };
  delete headers['transfer-encoding'];
  if (told === body) return headers;
  for (const name of Object.keys(headers))
    if (name.startsWith('x-amz-checksum')) delete headers[name];
  return { ...headers, 'content-length': String(told.length) };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
