/** The service, on the machine: its unit `gateway` connects the port of its loopback to the service outside. */
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { joinSockets } from './join-sockets.ts';
import { bundleFor, serviceOf, writeUnit } from './machine.ts';

/** Before the machine boots. @param endpoint of the service */
export function openGateway(shared: string, endpoint: string): Server {
  bundleFor(shared, 'test/support/machine/gateway.ts');
  writeUnit(shared, 'gateway.service', serviceOf('gateway.cjs'));
  const { port, hostname } = new URL(endpoint);
  writeFileSync(join(shared, 'opt/port'), port);
  const server = createServer((inside) => joinSockets(inside, connect(Number(port), hostname)));
  return server.listen(join(shared, 'opt/gateway.sock'));
}
