/** An HTTPS server with the certificates of a cluster, which responds as a test says, and counts what it is asked. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { stringify } from 'yaml';
import { type LeafOptions, OpensslNode } from './openssl-node.ts';

export type Respond = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

const SERVER: LeafOptions = {
  path: 'server',
  ca: 'ca',
  subject: '/CN=kube-apiserver',
  usages: 'serverAuth',
  names: 'DNS:api.example.com,IP:127.0.0.1',
};
const client = (name: string): LeafOptions => ({
  path: name,
  ca: 'ca',
  subject: `/CN=${name}`,
  usages: 'clientAuth',
});

export class TlsApiServer {
  readonly folder: string;
  readonly requests: string[] = [];
  /** Common names of the client certificates, by request. */
  readonly users: string[] = [];
  respond: Respond = (_, response) => void response.writeHead(404).end();
  /** On which connection each request came, by request. */
  readonly sockets: Socket[] = [];
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /** @param folder a new one: certificates and kubeconfigs are written there */
  constructor(folder: string) {
    this.folder = folder;
    const node = new OpensslNode(folder);
    node.makeCa('ca', 'kubernetes');
    node.makeCa('front-proxy-ca', 'other');
    for (const leaf of [SERVER, client('first'), client('second')]) node.makeLeaf(leaf);
  }

  text(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  async start(): Promise<void> {
    const options = {
      key: this.text('server.key'),
      cert: this.text('server.crt'),
      ca: this.text('pki/ca.crt'),
      requestCert: true,
      rejectUnauthorized: false,
    };
    const listen: RequestListener = (request, response) => void this.#take(request, response);
    const server = createServer(options, listen);
    // Node.js would close an idle connection after 5 s, which a test takes on a slow machine
    server.keepAliveTimeout = 0;
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Breaks all connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    this.breakConnections();
    await closed;
    this.#server = undefined;
  }

  breakConnections(): void {
    for (const socket of this.#open) socket.destroy();
  }

  get origin(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Writes a kubeconfig. @param cluster and user replace fields */
  writeKubeconfig(
    cluster: Readonly<Record<string, unknown>> = {},
    user: Readonly<Record<string, unknown>> = this.credential('first'),
  ): string {
    const file = join(this.folder, 'kubeconfig');
    const data = Buffer.from(this.text('pki/ca.crt')).toString('base64');
    const named = { server: this.origin, 'certificate-authority-data': data, ...cluster };
    writeFileSync(
      file,
      stringify({
        clusters: [{ name: 'test', cluster: named }],
        users: [{ name: 'me', user }],
        contexts: [{ name: 'test', context: { cluster: 'test', user: 'me' } }],
        'current-context': 'test',
      }),
    );
    return file;
  }

  credential(name: 'first' | 'second'): Record<string, string> {
    const data = (file: string) => Buffer.from(this.text(file)).toString('base64');
    return {
      'client-certificate-data': data(`${name}.crt`),
      'client-key-data': data(`${name}.key`),
    };
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    this.sockets.push(request.socket);
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    this.users.push(String(subject?.CN ?? ''));
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    await this.respond(request, response, body);
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
