/** Connects a port of the machine's loopback to the service outside, through a socket file. */
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { joinSockets } from './join-sockets.ts';

const port = Number(readFileSync('/opt/port', 'utf8'));
createServer((inside) => joinSockets(inside, connect('/opt/gateway.sock'))).listen(
  port,
  '127.0.0.1',
);
