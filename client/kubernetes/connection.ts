/** Sends requests to the API server with the credentials of the moment. */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { CredentialStore } from './credential-store.ts';
import type { Credentials } from './credentials.ts';
import { KubeUnreachable } from './kube-client.ts';
import { unreachable } from './response.ts';
import type { Timers } from './timers.ts';

/** From the call until the header of the response: with name resolution, connection and TLS. */
const HEADER_MS = 30_000;
/** An idle connection may have died without a sign; a new one costs a few milliseconds. */
const IDLE_MS = 30_000;
/** One of them is the watch. More than the forwarder's steps (csrsigning/turns.ts): none waits because others hang. */
const MAX_CONNECTIONS = 32;

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** With the query. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
  readonly signal?: AbortSignal | undefined;
}

export class KubeConnection {
  readonly #store: CredentialStore;
  readonly #timers: Timers;
  #open: { readonly credentials: Credentials; readonly agent: Agent } | undefined;

  constructor(store: CredentialStore, timers: Timers) {
    this.#store = store;
    this.#timers = timers;
  }

  /** @returns the response with any status; its body has to be read or destroyed @throws KubeUnreachable */
  async send(asked: KubeRequest): Promise<IncomingMessage> {
    const response = await this.#sendOnce(asked);
    if (response.statusCode !== 401 || !this.#store.reread()) return response;
    response.destroy();
    return this.#sendOnce(asked);
  }

  /** After one connection has failed: those that are idle are probably dead, too. */
  closeIdle(): void {
    if (this.#open) closeIdle(this.#open.agent);
  }

  async #sendOnce(asked: KubeRequest): Promise<IncomingMessage> {
    const { credentials, agent } = this.#current();
    try {
      return await this.#retryReused(() => this.#attempt(asked, credentials, agent));
    } catch (error) {
      closeIdle(agent);
      const { message } = unreachable(error);
      throw new KubeUnreachable(`${credentials.server.origin}: ${message}`, { cause: error });
    }
  }

  /** A server may close an idle connection at the moment in which it is used again. */
  async #retryReused(attempt: () => Promise<IncomingMessage>): Promise<IncomingMessage> {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      return attempt();
    }
  }

  #attempt(
    { method, path, body, signal }: KubeRequest,
    { server, serverName, token }: Credentials,
    agent: Agent,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest({
        agent,
        method,
        host: hostOf(server),
        port: server.port === '' ? 443 : Number(server.port),
        path: server.pathname.replace(/\/$/, '') + path,
        // an address cannot be in SNI
        servername: serverName ?? (isIP(hostOf(server)) ? '' : hostOf(server)),
        headers: {
          accept: 'application/json',
          'user-agent': 'cakeless',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body && {
            'content-type': body.type,
            'content-length': Buffer.byteLength(body.text),
          }),
        },
        ...(signal && { signal }),
      });
      const cancel = this.#timers.start(HEADER_MS, () =>
        request.destroy(new KubeUnreachable(`no response within ${HEADER_MS / 1000}s`)),
      );
      // also after the response has begun
      request.on('error', (error) => {
        cancel();
        const isStale = request.reusedSocket && isReset(error) && method !== 'POST';
        reject(isStale ? new StaleConnection(error.message) : error);
      });
      request.once('response', (response) => {
        cancel();
        resolve(response);
      });
      request.end(body?.text);
    });
  }

  #current() {
    const credentials = this.#store.current();
    if (this.#open?.credentials === credentials) return this.#open;
    if (this.#open) retire(this.#open.agent);
    this.#open = { credentials, agent: agentOf(credentials) };
    return this.#open;
  }
}

class StaleConnection extends Error {}

const isReset = (error: NodeJS.ErrnoException) =>
  ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(error.code ?? '');

const hostOf = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1');

const agentOf = ({ ca, certificate }: Credentials) =>
  new Agent({
    keepAlive: true,
    timeout: IDLE_MS, // has no effect on connections in use
    maxSockets: MAX_CONNECTIONS,
    ca,
    // as Go does: the CA of a cluster may be below another one, and is trusted without it
    allowPartialTrustChain: true,
    ...certificate,
    // set, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing
    rejectUnauthorized: true,
  });

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

/** Its running requests finish; then their connections are closed. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  closeIdle(agent);
}
