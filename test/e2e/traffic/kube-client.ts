/** A client of the API server with a client certificate, as small as can be: one connection that is kept. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';

/** What a kubeconfig says; all but the URL is PEM. */
export interface Endpoint {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  /** Whole seconds; undefined where the server does not ask to come again. */
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** As long as a client should wait for an answer to something small. */
const ANSWER_MS = 15_000;

export class KubeClient {
  readonly #server: string;
  readonly #agent: Agent;

  constructor({ server, ca, certificate, key }: Endpoint) {
    this.#server = server;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca, cert: certificate, key });
  }

  /** @throws Error of the connection; whatever the server answers is an answer */
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

  /** The lines of an answer that has no end, as they come. @throws Error of the connection, or with a refusal's words */
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
