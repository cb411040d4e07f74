/**
 * What stands in front of several API servers: plain TCP. Where it is told how to ask a backend, it sends nobody to one
 * that is not well, as kubeadm's guide to load balancers has HAProxy do it; connections that are open stay.
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

/** How often a backend is asked, and how many answers in a row change its state: HAProxy has 2 s, 3 and 2. */
const CHECK_MS = 1000;
const FALL = 2;
const RISE = 2;

/**
 * @param port 0 takes any that is free
 * @param isWell asks a backend; without it all are taken for well, and whoever does not answer is passed over
 */
export async function balance(
  address: string,
  port: number,
  backends: readonly Backend[],
  isWell?: (backend: Backend) => Promise<boolean>,
): Promise<LoadBalancer> {
  const open = new Set<Socket>();
  const down = new Set<Backend>();
  const checks = isWell ? backends.map((backend) => check(backend, isWell, down)) : [];
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

/** Keeps `down` up to date. @returns what ends it */
function check(
  backend: Backend,
  isWell: (backend: Backend) => Promise<boolean>,
  down: Set<Backend>,
): () => void {
  let against = 0;
  const timer = setInterval(async () => {
    const well = await isWell(backend);
    against = well === down.has(backend) ? against + 1 : 0;
    if (against < (well ? RISE : FALL)) return;
    against = 0;
    if (well) down.delete(backend);
    else down.add(backend);
  }, CHECK_MS);
  return () => clearInterval(timer);
}

/** Tries one after the other until one is reached. */
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
