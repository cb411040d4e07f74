/** What stands in front of several API servers: plain TCP, the next one where one does not answer. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface LoadBalancer {
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 takes any that is free */
export async function balance(
  address: string,
  port: number,
  backends: readonly { host: string; port: number }[],
): Promise<LoadBalancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    turn += 1;
    const order = backends.map((_, i) => backends[(turn + i) % backends.length]);
    dial(client, order);
  });
  await listening(server, address, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        for (const socket of open) socket.destroy();
        server.close(() => done());
      }),
  };
}

/** Tries one after the other until one is reached. */
function dial(client: Socket, [first, ...others]: readonly (BackendAddress | undefined)[]): void {
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

interface BackendAddress {
  readonly host: string;
  readonly port: number;
}

const listening = (server: Server, address: string, port: number) =>
  new Promise<void>((ready, failed) => {
    server.once('error', failed);
    server.listen(port, address, () => ready());
  });
