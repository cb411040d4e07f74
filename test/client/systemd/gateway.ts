/** The machine's way out: what comes to a port of its loopback goes through a socket file to the service outside. */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { joinSockets } from './join-sockets.ts';

const port = Number(readFileSync('/opt/port', 'utf8'));
createServer((inside) => joinSockets(inside, connect('/opt/gateway.sock'))).listen(
  port,
  '127.0.0.1',
);
