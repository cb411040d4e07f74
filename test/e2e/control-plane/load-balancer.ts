/**
 * A load balancer in front of several API servers, on the level of TCP. With a health check it sends new connections to
 * healthy backends only, as HAProxy does in kubeadm's guide to load balancers. Open connections stay open.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Backend {
  readonly host: string;
  readonly port: number;
}

export interface LoadBalancer {
  readonly port: number;
  close(): Promise<void>;
}

/** How often a backend is checked, and how many results in a row change its state. HAProxy's defaults are 2 s, 3 and 2. */
const CHECK_MS = 1000;
const FALL = 2;
const RISE = 2;

/**
 * @param port 0 for any free port
 * @param isHealthy checks a backend; without it, all count as healthy, and one that does not respond is skipped
 */
export async function balance(
  address: string,
  port: number,
  backends: readonly Backend[],
  isHealthy?: (backend: Backend) => Promise<boolean>,
): Promise<LoadBalancer> {
  const open = new Set<Socket>();
  const down = new Set<Backend>();
  const checks = isHealthy ? backends.map((backend) => check(backend, isHealthy, down)) : [];
  let turn = 0;
  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    turn += 1;
    const order = backends.map((_, i) => backends[(turn + i) % backends.length]);
    dial(
      client,
      order.filter((backend) => backend !== undefined && !down.has(backend)),
    );
  });
  await listening(server, address, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        for (const stop of checks) stop();
        for (const socket of open) socket.destroy();
        server.close(() => done());
      }),
  };
}

/** Keeps `down` up to date. @returns a function that stops it */
function check(
  backend: Backend,
  isHealthy: (backend: Backend) => Promise<boolean>,
  down: Set<Backend>,
): () => void {
  let contrary = 0;
  const timer = setInterval(async () => {
    const healthy = await isHealthy(backend);
    contrary = healthy === down.has(backend) ? contrary + 1 : 0;
    if (contrary < (healthy ? RISE : FALL)) return;
    contrary = 0;
    if (healthy) down.delete(backend);
    else down.add(backend);
  }, CHECK_MS);
  return () => clearInterval(timer);
}

/** Tries one backend after the other until one accepts the connection. */
function dial(client: Socket, [first, ...others]: readonly (Backend | undefined)[]): void {
  if (first === undefined) {
    client.destroy();
    return;
  }
  const backend = connect(first);
  const next = () => dial(client, others);
  backend.once('error', next);
  backend.once('connect', () => {
    backend.off('error', next);
    backend.on('error', () => client.destroy());
    backend.once('close', () => client.destroy());
    client.once('close', () => backend.destroy());
    client.pipe(backend).pipe(client);
  });
}

const listening = (server: Server, address: string, port: number) =>
  new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(port, address, () => ready());
  });
