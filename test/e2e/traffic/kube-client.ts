/** A minimal client of the API server with a client certificate or a token. It keeps one connection open. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';

/** The contents of a kubeconfig; all except the URL is PEM. */
export interface Endpoint {
  readonly server: string;
  readonly ca: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  /** Whole seconds; undefined if the server does not ask for a retry. */
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** How long a client should wait for the answer to a small request. */
const ANSWER_MS = 15_000;

export class KubeClient {
  readonly #server: string;
  readonly #agent: Agent;
  readonly #authorization: { authorization?: string };

  constructor({ server, ca, certificate, key, token }: Endpoint) {
    this.#server = server;
    const pair = { ...(certificate && { cert: certificate }), ...(key && { key }) };
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca, ...pair });
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** @throws Error of the connection; every status that the server sends is an answer */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.#send(method, path, body);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const after = response.headers['retry-after'];
    return {
      status: response.statusCode ?? 0,
      retryAfter: after === undefined ? undefined : Number(after),
      body: text,
    };
  }

  /** The lines of an endless answer, as they arrive. @throws Error of the connection, or with the text of a refusal */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#send('GET', path, undefined, signal);
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const whole = `${rest}${chunk}`.split('\n');
      rest = whole.pop() ?? '';
      if (response.statusCode === 200) yield* whole;
    }
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${rest}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      ...this.#authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    };
    const options = { method, headers, agent: this.#agent, ...(signal && { signal }) };
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.#server), options, resolve);
      asked.once('error', reject);
      if (!signal) asked.setTimeout(ANSWER_MS, () => asked.destroy(new Error('no answer')));
      asked.end(payload);
    });
  }
}
