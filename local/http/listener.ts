import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';
import type { LocalRequest, LocalResponse } from './message.ts';
import { readRequest } from './read-request.ts';

/** Handles requests. `failure` turns an error, from `respond` or from reading the request, into a response. */
export interface RequestHandler {
  respond(request: LocalRequest): Promise<LocalResponse>;
  failure(error: unknown, requestId: string): LocalResponse;
}

/** A running HTTP listener. */
export interface Listener {
  readonly url: string;
  /** Resolves when all requests that have arrived have had their responses. */
  close(): Promise<void>;
}

/**
 * Node's default of five seconds is too short on a busy machine: a client that was not scheduled for so long sends its
 * next request on a connection that is being closed, and gets ECONNRESET.
 */
const KEEP_ALIVE_MS = 120_000;

/** Listens on the loopback address only: the keys are plain files, and no other host must be able to use them. */
export async function listen(
  port: number,
  maxBodyBytes: number,
  handler: RequestHandler,
  surroundings: Surroundings,
): Promise<Listener> {
  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // The date comes from the injected clock, because SDK clients use it to correct their own clock.
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const id = randomUuid(surroundings.random);
    let response: LocalResponse;
    try {
      response = await handler.respond(await readRequest(incoming, id, maxBodyBytes));
    } catch (error) {
      response = handler.failure(error, id);
    }
    send(outgoing, incoming.method === 'HEAD', response, {
      'x-amz-request-id': id,
      'x-amzn-requestid': id,
      date: surroundings.now().toUTCString(),
    });
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeIdleConnections();
      }),
  };
}

function send(
  outgoing: ServerResponse,
  withoutBody: boolean,
  response: LocalResponse,
  always: Record<string, string>,
): void {
  const body = Buffer.from(response.body ?? '');
  outgoing.sendDate = false;
  outgoing.writeHead(response.status, {
    ...always,
    'content-length': String(body.length),
    ...response.headers,
  });
  outgoing.end(withoutBody || response.status === 304 ? undefined : body);
}
