/**
 * The way from the forwarders to the API server, on the level of TCP. It can be cut, so that connections end, and
 * black-holed: then connections stay open, new ones are accepted, and no byte passes in any direction.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class Link {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  #holed = false;
  #connections = 0;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async open(
    address: string,
    port: number,
    target: { readonly host: string; readonly port: number },
  ): Promise<Link> {
    const link = new Link(target);
    await new Promise<void>((ready, failed) => {
      link.#server.once('error', failed);
      link.#server.listen(port, address, () => ready());
    });
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections were accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Ends all connections. New ones work. */
  cut(): void {
    for (const { client, server } of this.#pairs) for (const end of [client, server]) end.destroy();
  }

  /** From now on no byte passes. Connections of this time stay dead afterwards, as behind a firewall that forgot them. */
  blackHole(): void {
    this.#holed = true;
    for (const { client, server } of this.#pairs) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  /** New connections work again. */
  restore(): void {
    this.#holed = false;
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((done) => {
      this.#server.close(() => done());
    });
  }

  #accept(client: Socket): void {
    this.#connections += 1;
    const server = connect(this.#target);
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      end.on('error', () => end.destroy());
      end.once('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    if (this.#holed) {
      client.pause();
      return;
    }
    client.pipe(server).pipe(client);
  }
}
