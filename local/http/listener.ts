import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomUuid } from '../identifiers.ts';
import type { Surroundings } from '../surroundings.ts';
import type { LocalRequest, LocalResponse } from './message.ts';
import { Body, BodyMemory } from './read-body.ts';
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

/**
 * How long a client may take to send the head of a request, and all of it: far longer than any does on one machine, but
 * not forever. Connections that send nothing would add up.
 */
const HEAD_MS = 30_000;
const REQUEST_MS = 120_000;
const MAX_CONNECTIONS = 1000;

/** The memory that the bodies of all requests may take together. */
const MAX_BODIES_BYTES = 256 * 1024 * 1024;

/** Listens on the loopback address only: the keys are plain files, and no other host must be able to use them. */
export async function listen(
  port: number,
  handler: RequestHandler,
  surroundings: Surroundings,
): Promise<Listener> {
  const server = createServer({ headersTimeout: HEAD_MS, requestTimeout: REQUEST_MS });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const memory = new BodyMemory(MAX_BODIES_BYTES);
  // The date comes from the injected clock, because SDK clients use it to correct their own clock.
  const serve = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    waits: boolean,
  ): Promise<void> => {
    const id = randomUuid(surroundings.random);
    const body = new Body(incoming, memory, () => waits && outgoing.writeContinue());
    let response: LocalResponse;
    try {
      response = await handler.respond(readRequest(incoming, id, body));
    } catch (error) {
      response = handler.failure(error, id);
    } finally {
      body.release();
    }
    // A client that waits in vain sends no body, so what follows on this connection would be taken for one.
    if (waits && !body.isBegun) outgoing.setHeader('connection', 'close');
    send(outgoing, incoming.method === 'HEAD', response, {
      'x-amz-request-id': id,
      'x-amzn-requestid': id,
      date: surroundings.now().toUTCString(),
    });
  };
  server.on('request', (incoming, outgoing) => void serve(incoming, outgoing, false));
  server.on('checkContinue', (incoming, outgoing) => void serve(incoming, outgoing, true));
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
