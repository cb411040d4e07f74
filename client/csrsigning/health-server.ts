/** Serves `/healthz`, `/readyz` and `/metrics`, for systemd, kubelets and Prometheus. It reads nothing from a request. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '../errors.ts';

export interface HealthSource {
  /** Why the forwarder does not run as it should; undefined if it does. */
  unhealthy(): string | undefined;
  /** Why it cannot serve CSRs at the moment. */
  unready(): string | undefined;
  metrics(): string;
}

export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** A scraper and a few probes; more connections are closed. */
const MAX_CONNECTIONS = 20;
const REQUEST_MS = 5000;

export interface RunningHealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws CommandError if the address cannot be used */
export async function serveHealth(
  source: HealthSource,
  { host, port }: HealthAddress,
): Promise<RunningHealthServer> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', ({ method, url = '' }, response) => {
    const [path = ''] = url.split('?');
    const { status, body } =
      method === 'GET' || method === 'HEAD' ? respond(source, path) : NOT_ALLOWED;
    const type = path === '/metrics' ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain';
    response.writeHead(status, { 'content-type': type, connection: 'close' });
    response.end(method === 'HEAD' ? undefined : body);
  });
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const NOT_ALLOWED = { status: 405, body: 'only GET\n' };

function respond(source: HealthSource, path: string): { status: number; body: string } {
  if (path === '/metrics') return { status: 200, body: source.metrics() };
  if (path === '/healthz' || path === '/livez') return answer(source.unhealthy());
  if (path === '/readyz') return answer(source.unhealthy() ?? source.unready());
  return { status: 404, body: 'not found\n' };
}

const answer = (problem: string | undefined) =>
  problem === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `${problem}\n` };

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => resolve());
    });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const problem = code === 'EADDRINUSE' ? 'address is in use' : message;
    throw new CommandError(
      'usage',
      `--health-address ${host}:${port}: ${problem}`,
      'choose another address with --health-address, or stop the program that uses it',
    );
  }
}
